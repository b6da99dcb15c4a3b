"""One transaction per request, committed before the answer leaves.

A route runs its endpoint, builds the answer, commits, and only then lets the answer go: a commit
that fails is an error, never a success. Nothing else in the application commits a request's work.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response, params
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from app.api.authentication import authenticate, needs_token
from app.api.error_handlers import app_error_response
from app.api.idempotency import ReplayedAnswer, remember_answer
from app.api.limits import count_request, limit_of
from app.core.errors import AppError, UnsupportedMediaType
from app.db.errors import is_retryable

MAX_ATTEMPTS = 3


class UnitOfWorkRoute(APIRoute):
    """Gives `request.state.session` to the endpoint's dependencies and settles it afterwards."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        takes_json = self.body_field is not None and not isinstance(
            self.body_field.field_info, params.Form
        )
        is_for_users, own_limit = needs_token(self.dependant), limit_of(self.endpoint)

        async def run(request: Request) -> Response:
            if is_for_users:  # before the body: strangers shall not send megabytes
                token = await authenticate(request)
                await count_request(request, token.user_id, own_limit)
            if takes_json:
                _require_json(request)
            for attempt in range(1, MAX_ATTEMPTS + 1):
                try:
                    return await _run_once(request, handle)
                except Exception as error:
                    # A deadlock's or serialization failure's loser was rolled back whole.
                    if attempt == MAX_ATTEMPTS or not is_retryable(error):
                        raise
            raise AssertionError("unreachable")

        return run


async def _run_once(
    request: Request, handle: Callable[[Request], Coroutine[Any, Any, Response]]
) -> Response:
    session = request.app.state.database.session()
    request.state.session = session
    request.state.idempotent = None
    try:
        try:
            response = await handle(request)
        except ReplayedAnswer as replayed:
            return replayed.response
        except AppError as error:
            if request.state.idempotent is None or error.status >= 500 or error.status == 429:
                raise  # what passes is not remembered: the client may try again
            await session.rollback()
            response = app_error_response(request, error)
        if request.state.idempotent is not None:
            await remember_answer(session, request.state.idempotent, response)
        if session.in_transaction():
            await session.commit()
        return response
    finally:
        if session.in_transaction():
            await session.rollback()


def _require_json(request: Request) -> None:
    if request.headers.get("content-length", "") == "0":
        return
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not kind and "content-length" not in request.headers:
        return
    if kind != "application/json" and not (
        kind.startswith("application/") and kind.endswith("+json")
    ):
        raise UnsupportedMediaType


class ApiRouter(APIRouter):
    """A router whose operations are units of work."""

    def __init__(self, **options: Any) -> None:
        super().__init__(route_class=UnitOfWorkRoute, redirect_slashes=False, **options)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        # Every request asks every router: say no without trying one's routes.
        if self.prefix not in scope["path"]:
            return Match.NONE, {}
        return super().matches(scope)
