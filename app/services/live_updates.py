"""Live updates: tells the open streams of this process what was committed by any process.

Triggers write a row in `live_events` for each person whom a change concerns, and say `NOTIFY` with
that person's id. One connection listens; one task reads what is new for the people who have a
stream open, with as few statements for a thousand of them as for one, and hands it to the streams.
No stream holds a connection. What a stream has been told is known by a database snapshot, so that
nothing is lost: not what commits late, not while the listener is away, not between two connections
of a client. After an interruption some events may come twice: at least once is the promise.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

import structlog

from app.core.clock import Clock
from app.core.config import DatabaseTarget
from app.core.errors import LiveUpdatesUnavailable
from app.core.live_position import Position
from app.core.logging import describe_exception
from app.crud.crud_live_event import LiveEventCrud, NewsRow
from app.db.errors import DATABASE_ERRORS, is_unavailable
from app.db.listener import NothingHeard, listen
from app.db.session import Database
from app.services.live_reading import RESET, Notifications, describe, read_notifications
from app.services.live_stream import LiveMessage, LiveStream

log = structlog.get_logger()

MAX_STREAMS_OF_ONE_PERSON = 10
MAX_EVENTS_AT_ONCE = 500  # more than that missed: better load everything again
STREAMS_AT_ONCE = 100
GATHER_SECONDS = 0.01  # after a reading: what happens meanwhile is read together
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 5.0
TICK_SECONDS = 0.5
TELL_POSITION_AFTER = timedelta(hours=1)  # well within what can be resumed
CLOSED = "closed:"

_FAULTS: tuple[type[Exception], ...] = (*DATABASE_ERRORS, OSError, TimeoutError)
_POOLER = (
    "DATABASE_URL is a transaction pooler, which delivers no notifications: set "
    "DATABASE_DIRECT_URL to a direct or session-mode connection for live updates."
)


class LiveUpdates:
    """The streams of this process. `target` is where to listen: not a transaction pooler."""

    def __init__(self, *, database: Database, target: DatabaseTarget, clock: Clock) -> None:
        self._database = database
        self._target = target
        self._clock = clock
        self._streams: dict[str, list[LiveStream]] = {}
        self._to_read: dict[LiveStream, None] = {}  # a set that keeps the order
        self._wake = asyncio.Event()
        self._is_listening = False
        self._is_ending = False
        self._told_that_down = False
        self._pause = FIRST_PAUSE_SECONDS

    def open(self, user_id: UUID, *, expires_at: datetime, last_event_id: str | None) -> LiveStream:
        """A stream from now on, or from what its client had seen. Give it back with `leave`.

        One too many of a person closes the oldest. Raises LiveUpdatesUnavailable.
        """
        if not self._is_listening or self._is_ending:
            raise LiveUpdatesUnavailable
        position = Position.parse(last_event_id) if last_event_id else None
        if position is not None and not position.is_resumable(self._clock.now()):
            position = None
        stream = LiveStream(
            user_id,
            expires_at=expires_at,
            position=position,
            reset=bool(last_event_id) and position is None,
        )
        own = self._streams.setdefault(str(user_id), [])
        own.append(stream)
        if len(own) > MAX_STREAMS_OF_ONE_PERSON:
            self.leave(own[0])
        self._read_soon([stream])
        return stream

    def leave(self, stream: LiveStream) -> None:
        """Close and forget a stream; it is no error if that was done before."""
        stream.close()
        self._to_read.pop(stream, None)
        own = self._streams.get(str(stream.user_id), [])
        if stream in own:
            own.remove(stream)
            if not own:
                del self._streams[str(stream.user_id)]

    def end(self) -> None:
        """Close all streams and take no more, so that a server that stops need not wait."""
        self._is_ending = True
        self._close(self._all())

    def _all(self) -> list[LiveStream]:
        return [stream for own in self._streams.values() for stream in own]

    def _close(self, streams: Iterable[LiveStream]) -> None:
        for stream in list(streams):
            self.leave(stream)

    def _read_soon(self, streams: Iterable[LiveStream]) -> None:
        self._to_read.update(dict.fromkeys(streams))
        self._wake.set()

    async def run(self) -> None:
        """Listen, read and look after the streams, for ever."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_listening())
                group.create_task(self._keep_reading())
                group.create_task(self._keep_order())
        finally:
            self._is_listening = False

    # Listening -----------------------------------------------------------------------------------

    async def _keep_listening(self) -> None:
        if self._target.transaction_pooling:
            log.warning("live_updates_off", reason=_POOLER)
            return
        while True:
            try:
                await listen(self._target, heard=self._on_heard, ready=self._on_listening)
            except _FAULTS as error:
                self._is_listening = False
                self._report_down(error)
            await asyncio.sleep(self._pause)
            self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)

    def _on_listening(self) -> None:
        self._is_listening = True
        self._told_that_down = False
        self._pause = FIRST_PAUSE_SECONDS
        log.info("live_updates_ready")
        self._read_soon(self._all())  # what was said while nobody listened

    def _on_heard(self, payload: str) -> None:
        if payload.startswith(CLOSED):
            self._close(self._streams.get(payload.removeprefix(CLOSED), []))
        elif payload in self._streams:
            self._read_soon(self._streams[payload])

    def _report_down(self, error: Exception) -> None:
        if self._told_that_down:
            return
        self._told_that_down = True
        reason = _POOLER if isinstance(error, NothingHeard) else "trying again until it works"
        log.warning("live_updates_interrupted", reason=reason, **describe_exception(error))

    # Reading -------------------------------------------------------------------------------------

    async def _keep_reading(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            streams = list(self._to_read)[:STREAMS_AT_ONCE]
            for stream in streams:
                del self._to_read[stream]
            if self._to_read:
                self._wake.set()
            try:
                await self._read(streams)
            except Exception as error:  # a defect must not end the updates of everybody else
                if is_unavailable(error):
                    log.warning("live_updates_not_read", **describe_exception(error))
                    self._read_soon(stream for stream in streams if not stream.is_closed)
                    await asyncio.sleep(FIRST_PAUSE_SECONDS)
                else:
                    log.error("live_updates_broke", **describe_exception(error))
                    self._close(streams)
            await asyncio.sleep(GATHER_SECONDS)

    async def _read(self, streams: Sequence[LiveStream]) -> None:
        if not streams:
            return
        user_ids = [stream.user_id for stream in streams]
        snapshots = [stream.position.snapshot if stream.position else None for stream in streams]
        async with self._database.session() as session:
            news = await LiveEventCrud(session).news(
                user_ids, snapshots, at_most=MAX_EVENTS_AT_ONCE + 1
            )
            notifications = await read_notifications(session, news, user_ids)
        now = self._clock.now()
        for place, rows in groupby(news, key=lambda row: row["place"]):
            stream, of_stream = streams[place], list(rows)
            if stream.is_closed:
                continue
            if not of_stream[0]["is_active"]:
                self._close([stream])
                continue
            position = Position.at(now, of_stream[0]["snapshot"])
            messages = list(_messages(stream, of_stream, position, notifications))
            stream.position, stream.needs_reset, stream.tell_position = position, False, False
            if not stream.push(messages):
                log.info("live_stream_too_slow", user_id=str(stream.user_id))
                self._close([stream])

    # Order ---------------------------------------------------------------------------------------

    async def _keep_order(self) -> None:
        """End streams with their tokens; let quiet clients know how far they are."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = self._clock.now()
            for stream in self._all():
                if now >= stream.expires_at:
                    self._close([stream])
                elif stream.position and now - stream.position.noted_at >= TELL_POSITION_AFTER:
                    stream.tell_position = True
                    self._read_soon([stream])


def _messages(
    stream: LiveStream, rows: Sequence[NewsRow], position: Position, notifications: Notifications
) -> Iterator[LiveMessage]:
    """Only the last one has the new position: whoever got only some of them gets all again."""
    if stream.needs_reset or rows[0]["is_ahead"] or len(rows) > MAX_EVENTS_AT_ONCE:
        yield LiveMessage(str(position), "reset", RESET)
        return
    described = [
        (row["event"], data)
        for row in rows
        if row["event_id"] is not None and (data := describe(row, notifications)) is not None
    ]
    for number, (event, data) in enumerate(described, start=1):
        reached = position if number == len(described) else stream.position
        yield LiveMessage(str(reached), event, data)
    if not described and stream.tell_position:
        yield LiveMessage(str(position))
