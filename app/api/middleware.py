"""What surrounds every request: its id, its log line, security headers, and the last safety net.

Pure ASGI, since each `BaseHTTPMiddleware` costs more than all of this together.
"""

import re
import secrets
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any

import structlog
from fastapi import Request, Response
from pydantic.alias_generators import to_camel
from starlette.datastructures import Headers
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.error_handlers import (
    body_too_large_response,
    error_response,
    unexpected_error_response,
)
from app.api.limits import headers_of
from app.core.errors import ErrorCode

log = structlog.get_logger()

_PLAUSIBLE_ID = re.compile(r"[A-Za-z0-9._\-]{8,128}")
_SNAKE_CASE_NAME = re.compile(rb"(?:^|(?<=&))[a-z0-9]+(?:_[a-z0-9]+)+(?==|&|$)")
_SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"strict-transport-security", b"max-age=31536000"),
]
_NO_STORE = (b"cache-control", b"no-store")


class RequestContextMiddleware:
    """Accepts or makes `X-Request-ID`, logs one line a request, answers what nobody caught.

    `measure` gets each request's method, route template, status and seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        api_prefix: str,
        measure: Callable[[str, str | None, int, float], None] | None = None,
    ) -> None:
        self._app = app
        self._api_prefix = api_prefix
        self._measure = measure

    @cached_property
    def _log(self) -> Any:
        """Bound once, when logging is configured: binding on each request takes longer."""
        return log.bind()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _PLAUSIBLE_ID.fullmatch(given) else secrets.token_hex(16)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        is_api = scope["path"].startswith(self._api_prefix)
        if is_api:
            scope["query_string"] = _camel_case_names(scope["query_string"])
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"]
                headers.append((b"x-request-id", request_id.encode()))
                headers.extend(_SECURITY_HEADERS)
                headers.extend(headers_of(scope))
                if is_api and not any(name == b"cache-control" for name, _ in headers):
                    headers.append(_NO_STORE)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:  # the last safety net: everything else became an answer
            if status:
                raise  # the answer is under way; the server has to break it off
            response = unexpected_error_response(Request(scope), error)
            await response(scope, receive, send_with_headers)
        finally:
            route = getattr(scope.get("route"), "path", None)
            if route is not None and is_api:
                route = self._api_prefix + route
            seconds = time.perf_counter() - started
            if self._measure is not None:
                self._measure(scope["method"], route, status, seconds)
            self._log.info(
                "request",
                method=scope["method"],
                route=route,  # the template: paths carry tokens and ids
                status=status,
                duration_ms=round(seconds * 1000, 2),
            )


class BodyLimitMiddleware:
    """The framework's limit on bodies, with its refusal in the shape of all errors.

    FastAPI's own `max_body_size` answers in plain text, and outside of every other middleware. A
    route that takes more says so with `max_body_size`.
    """

    def __init__(self, app: ASGIApp, *, max_body_size: int) -> None:
        self._limited = RequestBodyLimitMiddleware(app, max_body_size=max_body_size)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = False

        async def send_in_our_shape(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] == 413:
                kind = Headers(raw=message["headers"]).get("content-type", "")
                refused = kind.startswith("text/plain")
                if refused:
                    await body_too_large_response(Request(scope))(scope, receive, send)
            if not refused:
                await send(message)

        await self._limited(scope, receive, send_in_our_shape)


class CorsMiddleware(CORSMiddleware):
    """The framework's, with its refusal of a preflight in the shape of all errors.

    It surrounds everything else, so that pages can read whatever is answered; hence the id.
    """

    def preflight_response(self, request_headers: Headers) -> Response:
        answer = super().preflight_response(request_headers)
        if answer.status_code != 400:
            return answer
        request_id = secrets.token_hex(16)
        kept = {name: value for name, value in answer.headers.items() if "content-" not in name}
        return error_response(
            Request({"type": "http", "state": {"request_id": request_id}}),
            status=400,
            code=ErrorCode.BAD_REQUEST,
            message="Pages of this origin, or with this method, may not call this address.",
            headers=kept | {"X-Request-ID": request_id},
        )


def _camel_case_names(query: bytes) -> bytes:
    """Query parameters may be written in snake_case too, like fields of a body."""
    if b"_" not in query:
        return query
    return _SNAKE_CASE_NAME.sub(lambda match: to_camel(match[0].decode()).encode(), query)
