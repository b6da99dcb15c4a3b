"""Who sends a request: known before anything of its body is read (Specification §2.6)."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.openapi.models import OAuth2, OAuthFlowPassword, OAuthFlows
from fastapi.security.base import SecurityBase
from structlog.contextvars import bind_contextvars

from app.core.errors import NotAuthenticated
from app.core.security import AccessToken

Result = TypeVar("Result")


class Authenticated(SecurityBase, Generic[Result]):
    """A dependency that hands the request and its verified token to the decorated function.

    The route verifies the token, once: FastAPI reads the body before it asks dependencies.
    """

    model = OAuth2(flows=OAuthFlows(password=OAuthFlowPassword(tokenUrl="/api/v1/auth/token")))
    scheme_name = "OAuth2PasswordBearer"

    def __init__(self, function: Callable[[Request, AccessToken], Awaitable[Result]]) -> None:
        self._function = function

    async def __call__(self, request: Request) -> Result:
        return await self._function(request, request.state.access_token)


def needs_token(dependant: Dependant) -> bool:
    """Whether an endpoint, or anything that it depends on, asks who is there."""
    return isinstance(dependant.call, Authenticated) or any(
        needs_token(dependency) for dependency in dependant.dependencies
    )


async def authenticate(request: Request) -> AccessToken:
    """Verify the request's token for its dependencies. Raises NotAuthenticated, AuthUnavailable."""
    given = request.headers.getlist("authorization")
    # Of two headers, a proxy may have looked at the other one.
    scheme, _, credentials = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not credentials:
        raise NotAuthenticated
    token: AccessToken = await request.app.state.tokens.verify(credentials)
    request.state.access_token = token
    # From here on the request is logged with its user.
    bind_contextvars(user_id=str(token.user_id))
    return token
