"""People who keep writing over HTTP, each write under a key of its own, until it is answered."""

import asyncio
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx

from tests.support import assert_error

# Only a guard against waiting for ever: whoever is cut off learns it at once.
HANGING_SECONDS = 60.0
# Between two attempts of a client that gets no answer.
PAUSE_SECONDS = 0.1


@dataclass(frozen=True)
class Person:
    id: UUID
    partner_id: UUID
    token: str


@dataclass(frozen=True)
class Write:
    author: Person
    path: str
    body: dict[str, Any]
    key: str

    async def send(self, http: httpx.AsyncClient) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.author.token}", "Idempotency-Key": self.key}
        return await http.post(f"/api/v1{self.path}", json=self.body, headers=headers)


@dataclass(frozen=True)
class Acknowledged:
    """A write and the first answer to it that arrived."""

    write: Write
    answer: bytes
    id: str


@dataclass
class Tally:
    """What the clients met."""

    cut_off: int = 0  # connections refused or broken
    unavailable: int = 0  # 503
    in_progress: int = 0  # 409 to a repeated request: the first one may still run
    done_unanswered: int = 0  # committed before, but the answer to it never arrived


class Load:
    """One client for each person, on a thread of their own.

    They accept only what the contract allows: broken connections and 503 until the first write
    that is answered after a disturbance, and no failure of anything begun after that.
    """

    def __init__(self, url: str, people: Sequence[Person]) -> None:
        self.acknowledged: list[Acknowledged] = []
        self.recoveries: list[float] = []  # when the first answer after each disturbance arrived
        self.tally = Tally()
        self._url = url
        self._people = people
        self._changed = threading.Condition()
        self._cut_off: set[UUID] = set()
        self._disturbed_until = self._steady_since = time.monotonic()
        self._is_steady = True
        self._is_ending = self._is_given_up = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Everybody finishes the write at hand in the end. Raises what a client did not accept."""
        with ThreadPoolExecutor(1) as thread:
            self._done: Future[None] = thread.submit(asyncio.run, self._run())
            self._done.add_done_callback(lambda _: self._tell())
            try:
                yield
                self._is_ending = True
                self._done.result(HANGING_SECONDS)
            except BaseException:
                self._is_ending = self._is_given_up = True  # or nobody would get out of here
                raise

    @contextmanager
    def disturbed(self) -> Iterator[None]:
        """What is begun before the end of this may fail, and so may what follows for a while."""
        with self._changed:
            self._is_steady, self._disturbed_until = False, math.inf
        yield
        with self._changed:
            self._cut_off.clear()
            self._disturbed_until = time.monotonic()

    def wait_for_answers(self, number: int) -> None:
        """Return when so many more writes have been acknowledged than until now."""
        wanted = len(self.acknowledged) + number
        self._wait(lambda: len(self.acknowledged) >= wanted)

    def wait_until_everybody_is_cut_off(self) -> None:
        self._wait(lambda: len(self._cut_off) == len(self._people))

    def _wait(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            happened = self._changed.wait_for(
                lambda: condition() or self._done.done(), HANGING_SECONDS
            )
        if self._done.done():
            self._done.result()
        assert happened, "nothing happens any more"

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()

    # On the thread of the clients ------------------------------------------------------------

    async def _run(self) -> None:
        async with _client(self._url) as http, asyncio.TaskGroup() as clients:
            for person in self._people:
                clients.create_task(self._keep_writing(http, person))

    async def _keep_writing(self, http: httpx.AsyncClient, person: Person) -> None:
        while not self._is_ending:
            words = str(uuid4())
            system = {"title": words, "frequency": "daily", "metricType": "binary"}
            system_id = await self._write(http, person, "/systems", system)
            checkin = {"systemId": system_id, "notes": words}
            await self._write(http, person, "/checkins", checkin)
            await self._write(http, person, "/messages", {"textContent": words})

    async def _write(
        self, http: httpx.AsyncClient, author: Person, path: str, body: dict[str, Any]
    ) -> str:
        write = Write(author, path, body, key=str(uuid4()))
        begun, is_first = time.monotonic(), True
        while (response := await self._attempt(http, write, is_first=is_first)) is None:
            with self._changed:
                assert not self._is_steady or begun < self._steady_since, "failed after recovery"
                self._cut_off.add(author.id)
                self._changed.notify_all()
            assert not self._is_given_up, "not answered any more"
            await asyncio.sleep(PAUSE_SECONDS)
            begun, is_first = time.monotonic(), False
        assert response.status_code == 201, (response.status_code, response.text)
        done = Acknowledged(write, response.content, response.json()["data"]["id"])
        with self._changed:
            self.tally.done_unanswered += "idempotency-replayed" in response.headers
            self.acknowledged.append(done)
            if not self._is_steady and begun > self._disturbed_until:
                self._is_steady, self._steady_since = True, time.monotonic()
                self.recoveries.append(self._steady_since)
            self._changed.notify_all()
        return done.id

    async def _attempt(
        self, http: httpx.AsyncClient, write: Write, *, is_first: bool
    ) -> httpx.Response | None:
        """The answer; None while there is none, and the same request has to be repeated."""
        try:
            response = await write.send(http)
        except (httpx.NetworkError, httpx.RemoteProtocolError):
            self.tally.cut_off += 1
            return None
        if response.status_code == 503:
            assert_error(response, 503, "service_unavailable")
            assert int(response.headers["retry-after"]) > 0
            self.tally.unavailable += 1
            return None
        if response.status_code == 409 and not is_first:
            assert_error(response, 409, "request_in_progress")
            self.tally.in_progress += 1
            return None
        return response


async def repeat(url: str, writes: Sequence[Write]) -> list[httpx.Response]:
    """Send all of them once more, each under its key."""
    async with _client(url) as http:
        return await asyncio.gather(*(write.send(http) for write in writes))


def _client(url: str) -> httpx.AsyncClient:
    # The server closes what nobody used for 5 seconds: never use it at that very moment.
    limits = httpx.Limits(max_connections=8, keepalive_expiry=2)
    return httpx.AsyncClient(base_url=url, timeout=HANGING_SECONDS, limits=limits, trust_env=False)
