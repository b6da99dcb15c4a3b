"""Routes whose answers stay open: what such an answer needs besides its content.

The dependencies run as those of any operation, in a unit of work that is settled before the first
byte: while the answer is open there is no transaction, and no connection is held.
"""

from collections.abc import Callable, Coroutine
from typing import Any

import anyio
from fastapi import APIRouter, Request, Response
from starlette.types import Receive, Scope, Send

from app.api.routing import UnitOfWorkRoute
from app.services.live_stream import LiveStream


class StreamRouter(APIRouter):
    """A router whose operations answer from `request.state.live_stream`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(route_class=StreamRoute, redirect_slashes=False, **options)


class StreamRoute(UnitOfWorkRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def run(request: Request) -> Response:
            response = await handle(request)
            response.headers["Cache-Control"] = "no-store, no-transform"
            return _UntilCutOff(response, request.state.live_stream)

        return run


class _UntilCutOff(Response):
    """An answer that can be ended although its client does not read: closing would wait for it."""

    def __init__(self, response: Response, stream: LiveStream) -> None:
        self._response = response
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with anyio.CancelScope() as sending:
            self._stream.on_cut_off(sending.cancel)
            try:
                await self._response(scope, receive, send)
            finally:
                self._stream.on_cut_off(None)
