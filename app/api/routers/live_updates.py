"""Live updates as server-sent events."""

from collections.abc import AsyncIterator

from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.api.deps import LiveStreamDep
from app.api.openapi import errors
from app.api.streaming import StreamRouter
from app.core.errors import ErrorCode
from app.schemas.live_schemas import LiveUpdate

RECONNECT_AFTER_MS = 2000
_EXAMPLE = """id: 1773133200-745:745:
retry: 2000

event: checkin
data: {"type":"checkin","checkinId":"0b9ff0a4-6d2b-4f38-9a7e-6a1a5c7a2f10","deleted":false,…}
id: 1773133204-748:748:

: ping

"""

router = StreamRouter(prefix="/notifications", tags=["Notifications"])


@router.get(
    "/stream",
    response_class=EventSourceResponse,
    summary="Receive live updates",
    responses={
        200: {
            "description": "A stream of events that ends with the token, at the latest.",
            "content": {"text/event-stream": {"example": _EXAMPLE}},
        },
        **errors(ErrorCode.LIVE_UPDATES_UNAVAILABLE),
    },
)
async def stream_live_updates(stream: LiveStreamDep) -> AsyncIterator[LiveUpdate]:
    """Server-sent events as soon as something was committed, by whatever process.

    `notification`: a new notification. `message`: a new message of the thread. `checkin`: an own
    check-in or the partner's was made, changed or deleted. `verification`: a check-in waits for
    me, or the partner has decided on mine. `reset`: too much was missed, load everything again.

    Delivery is **at least once**. Every event has an `id`; send the last one as `Last-Event-ID`
    when connecting again, and nothing of the last 23 hours is lost, though something may come
    twice; an older one gets `reset`. Without it the stream begins now. A comment every 15 seconds
    keeps the connection open.

    Ten streams are open for a person and server process at most; one more ends the oldest. The
    stream ends when the token expires, the account is closed, the client reads too slowly or the
    server restarts: refresh the token if need be and connect again, after two seconds (`retry`).

    The token goes into the `Authorization` header, as everywhere; it is never part of an address,
    which logs keep. The browser's own `EventSource` cannot send headers: use a client on top of
    `fetch`, such as `@microsoft/fetch-event-source`.
    """
    yield ServerSentEvent(comment="connected", retry=RECONNECT_AFTER_MS)  # type: ignore[misc]
    async for message in stream.messages():
        # FastAPI documents the annotated type, and sends a ServerSentEvent as it is.
        yield ServerSentEvent(  # type: ignore[misc]
            id=message.id, event=message.event, raw_data=message.data
        )
