"""Limits of signed-in users: counted before the body is read, told on every answer."""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from fastapi import Request
from starlette.types import Scope

from app.core import rate_limits
from app.core.errors import RateLimited
from app.core.rate_limits import Limit, Standing
from app.services.user_limiter import UserLimiter

Endpoint = TypeVar("Endpoint", bound=Callable[..., object])

WRITING_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_LIMIT = "__rate_limit__"
_STANDINGS = "rate_limit_standings"


def limited(limit: Limit) -> Callable[[Endpoint], Endpoint]:
    """Give an endpoint of signed-in users a limit of its own, besides that of all writes."""

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _LIMIT, limit)
        return endpoint

    return mark


def limit_of(endpoint: Callable[..., object]) -> Limit | None:
    return getattr(endpoint, _LIMIT, None)


async def count_request(request: Request, user_id: UUID, own_limit: Limit | None) -> None:
    """Count a request that has just been authenticated. Raises RateLimited."""
    limiter: UserLimiter | None = request.app.state.user_limiter
    if limiter is None:
        return
    if request.method in WRITING_METHODS:
        _heed(request, await limiter.count_write(user_id))
    if own_limit is not None:
        _heed(request, await limiter.count(user_id, own_limit))


def _heed(request: Request, standing: Standing) -> None:
    tell(request, standing)
    if standing.is_exceeded:
        raise RateLimited(retry_after_seconds=standing.resets_in)


def tell(request: Request, standing: Standing) -> None:
    """Whatever becomes of the request, its answer says so."""
    standings: list[Standing] = request.scope["state"].setdefault(_STANDINGS, [])
    standings.append(standing)


def headers_of(scope: Scope) -> list[tuple[bytes, bytes]]:
    """`RateLimit` and `RateLimit-Policy` of an answer; none where nothing was counted."""
    standings = scope["state"].get(_STANDINGS)
    if standings is None:
        return []
    return [
        (name.lower().encode(), value.encode())
        for name, value in rate_limits.headers(standings).items()
    ]
