"""One open stream of live updates: what waits to be sent to one client."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.core.live_position import Position

MAX_WAITING = 256
# A client that does not take the end of the stream within this time is cut off.
CUT_OFF_AFTER_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class LiveMessage:
    """`id` is where to resume after it. Without `event` it only says how far the client is."""

    id: str
    event: str | None = None
    data: str | None = None


class LiveStream:
    """Filled by `LiveUpdates`, emptied by the answer to its client; it never waits for either."""

    def __init__(
        self, user_id: UUID, *, expires_at: datetime, position: Position | None, reset: bool
    ) -> None:
        self.user_id = user_id
        self.expires_at = expires_at
        self.position = position
        self.needs_reset = reset
        self.tell_position = True
        self._waiting: deque[LiveMessage] = deque()
        self._changed = asyncio.Event()
        self._closed = False
        self._cut_off: Callable[[], None] | None = None

    @property
    def is_closed(self) -> bool:
        return self._closed

    def push(self, messages: Sequence[LiveMessage]) -> bool:
        """Hand messages over. False when the client is too slow to be given more."""
        if self._waiting and len(self._waiting) + len(messages) > MAX_WAITING:
            return False
        self._waiting.extend(messages)
        self._changed.set()
        return True

    def on_cut_off(self, cut_off: Callable[[], None] | None) -> None:
        """What ends the answer when its client does not read any more; None once it has ended."""
        self._cut_off = cut_off

    def close(self) -> None:
        """End the stream. What waits is not sent: the client resumes from what it has."""
        if self._closed:
            return
        self._closed = True
        self._waiting.clear()
        self._changed.set()
        if self._cut_off is not None:
            asyncio.get_running_loop().call_later(CUT_OFF_AFTER_SECONDS, self._cut_off)

    async def messages(self) -> AsyncIterator[LiveMessage]:
        """What there is to send, until the stream is closed."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            while self._waiting:
                yield self._waiting.popleft()
            if self._closed:
                return
