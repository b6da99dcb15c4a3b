"""Every dependency, named once. Endpoints only use these aliases."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import structlog
from fastapi import Depends, Query, Request
from fastapi.security import OAuth2PasswordBearer

from app.api import idempotency
from app.core.clock import Clock
from app.core.errors import NotAuthenticated
from app.core.paging import PageRequest
from app.core.security import AccessToken
from app.crud.crud_user import Account
from app.db.session import Session
from app.services.account_service import AccountService
from app.services.auth_service import AuthService
from app.services.checkin_service import CheckinService
from app.services.goal_service import GoalService
from app.services.notification_service import NotificationService
from app.services.partnership_service import PartnershipService
from app.services.system_service import SystemService
from app.services.user_service import UserService
from app.services.verification_service import VerificationService

Service = TypeVar("Service")

_bearer = OAuth2PasswordBearer(tokenUrl="/api/v1/auth/token", auto_error=False)


async def get_access_token(
    request: Request, token: Annotated[str | None, Depends(_bearer)]
) -> AccessToken:
    """The verified token of the request. Raises NotAuthenticated."""
    if not token:
        raise NotAuthenticated
    verified: AccessToken = await request.app.state.tokens.verify(token)
    return verified


async def get_current_user(
    request: Request, token: Annotated[AccessToken, Depends(get_access_token)]
) -> Account:
    """The caller's account, made on first sight (Specification §2.6).

    From here on the request is logged with its user, and a repeated POST is recognised.
    """
    structlog.contextvars.bind_contextvars(user_id=str(token.user_id))
    account = await _accounts(request).identify(token)
    await _recognise(request, account)
    return account


async def get_confirmed_user(
    request: Request, token: Annotated[AccessToken, Depends(get_access_token)]
) -> Account:
    """The same, asking Supabase again about an address that was not confirmed so far.

    Before any transaction: no vendor is called while one is open.
    """
    structlog.contextvars.bind_contextvars(user_id=str(token.user_id))
    accounts = _accounts(request)
    account = await accounts.confirmed(await accounts.identify(token), token)
    await _recognise(request, account)
    return account


async def _recognise(request: Request, account: Account) -> None:
    if request.method == "POST":
        session: Session = request.state.session
        await idempotency.begin(request, session, request.app.state.clock, account.id)


async def get_page(
    page: Annotated[int, Query(ge=1, le=1_000_000, description="Counts from 1.")] = 1,
    limit: Annotated[int, Query(ge=1, le=100, description="Items on a page.")] = 20,
) -> PageRequest:
    return PageRequest(page, limit)


def _service(kind: Callable[[Session, Clock], Service]) -> Any:
    """A dependency that makes a service for this request."""

    async def provide(request: Request) -> Service:
        return kind(request.state.session, request.app.state.clock)

    return Depends(provide)


def _accounts(request: Request) -> AccountService:
    state = request.app.state
    return AccountService(session=request.state.session, clock=state.clock, auth=state.auth)


async def get_auth_service(request: Request) -> AuthService:
    return AuthService(
        session=request.state.session,
        auth=request.app.state.auth,
        accounts=_accounts(request),
    )


async def get_partnership_service(request: Request) -> PartnershipService:
    state = request.app.state
    return PartnershipService(
        session=request.state.session,
        clock=state.clock,
        settings=state.settings,
    )


CurrentToken = Annotated[AccessToken, Depends(get_access_token)]
CurrentUser = Annotated[Account, Depends(get_current_user)]
ConfirmedUser = Annotated[Account, Depends(get_confirmed_user)]
PageDep = Annotated[PageRequest, Depends(get_page)]

Auth = Annotated[AuthService, Depends(get_auth_service)]
Users = Annotated[UserService, _service(UserService)]
Partnerships = Annotated[PartnershipService, Depends(get_partnership_service)]
Goals = Annotated[GoalService, _service(GoalService)]
Systems = Annotated[SystemService, _service(SystemService)]
Checkins = Annotated[CheckinService, _service(CheckinService)]
Verifications = Annotated[VerificationService, _service(VerificationService)]
Notifications = Annotated[NotificationService, _service(NotificationService)]
