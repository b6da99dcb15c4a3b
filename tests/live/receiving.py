"""A client of the stream of live updates, on a real server: what tests of it share."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
import uvicorn
from fastapi import FastAPI

from tests.factories import API, Person

STREAM = f"{API}/notifications/stream"
PATIENCE_SECONDS = 10.0


class Timeout(AssertionError):
    """What a test waited for did not happen."""


@dataclass(frozen=True)
class Event:
    """What arrived between two blank lines."""

    name: str | None
    id: str | None
    data: Any
    retry: str | None
    comment: str | None


@dataclass
class Receiver:
    """An open stream. `events` are those with a name, in the order of their arrival."""

    response: httpx.Response
    events: list[Event] = field(default_factory=list)
    last_id: str | None = None
    comments: list[str] = field(default_factory=list)
    ended: bool = False
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def read(self) -> None:
        try:
            lines: list[str] = []
            async for line in self.response.aiter_lines():
                if line:
                    lines.append(line)
                    continue
                await self._take(_parse(lines))
                lines = []
        except httpx.TransportError:  # cut off, as a client experiences it
            pass
        finally:
            async with self._changed:
                self.ended = True
                self._changed.notify_all()

    async def _take(self, event: Event) -> None:
        async with self._changed:
            self.last_id = event.id or self.last_id
            if event.comment:
                self.comments.append(event.comment)
            if event.name:
                self.events.append(event)
            self._changed.notify_all()

    async def until(self, condition: Callable[[Self], bool]) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._changed:
                await self._changed.wait_for(lambda: condition(self))
        except TimeoutError:
            raise Timeout(f"received {self.told}, ended: {self.ended}") from None

    async def is_ready(self) -> None:
        """The server has told where the stream begins."""
        await self.until(lambda it: it.last_id is not None)

    async def has(self, *names: str) -> None:
        """Exactly these events, in any order."""
        await self.until(lambda it: len(it.events) >= len(names))
        assert sorted(self.told) == sorted(names)

    async def has_ended(self) -> None:
        await self.until(lambda it: it.ended)

    @property
    def told(self) -> list[str]:
        return [event.name or "" for event in self.events]

    def data(self, name: str) -> list[Any]:
        return [event.data for event in self.events if event.name == name]


def _parse(lines: list[str]) -> Event:
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        fields[name or "comment"] = value.removeprefix(" ")
    return Event(
        name=fields.get("event"),
        id=fields.get("id"),
        data=json.loads(fields["data"]) if "data" in fields else None,
        retry=fields.get("retry"),
        comment=fields.get("comment"),
    )


class LiveServer:
    """A uvicorn server in the test's own event loop, for an application that is running."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.url = ""
        self._server: uvicorn.Server | None = None

    @property
    def open_answers(self) -> int:
        assert self._server is not None
        return len(self._server.server_state.tasks)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Self]:
        config = uvicorn.Config(
            self.app,
            port=0,
            lifespan="off",
            log_config=None,
            ws="none",
            timeout_graceful_shutdown=1,
        )
        server = self._server = uvicorn.Server(config)
        running = asyncio.create_task(server._serve())  # without signal handlers
        await eventually(lambda: server.started)
        host, port = server.servers[0].sockets[0].getsockname()[:2]
        self.url = f"http://{host}:{port}"
        try:
            yield self
        finally:
            server.should_exit = True
            await running

    @asynccontextmanager
    async def receiving(
        self, person: Person, *, after: str | None = None, token: str | None = None
    ) -> AsyncIterator[Receiver]:
        """A stream from its beginning on, or from what was received before."""
        headers = {"Authorization": f"Bearer {token or person.token}"}
        if after is not None:
            headers["Last-Event-ID"] = after
        async with (
            httpx.AsyncClient(base_url=self.url, timeout=None) as client,
            client.stream("GET", STREAM, headers=headers) as response,
        ):
            assert response.status_code == 200, await response.aread()
            receiver = Receiver(response)
            reading = asyncio.create_task(receiver.read())
            try:
                await receiver.is_ready()
                yield receiver
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)

    async def asks(self, token: str) -> httpx.Response:
        """The answer to a request that is expected to be refused."""
        async with httpx.AsyncClient(base_url=self.url) as client:
            return await client.get(STREAM, headers={"Authorization": f"Bearer {token}"})


async def eventually(condition: Callable[[], Awaitable[bool]] | Callable[[], bool]) -> None:
    """Wait for what other tasks or processes bring about."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                met = condition()
                if met if isinstance(met, bool) else await met:
                    return
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise Timeout("it did not happen") from None
