"""A lean HTTP/1.1 load generator: it shares a core with the database, so it does little.

Each connection sends its next request when the answer to the last one is complete.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

CONNECTIONS = 16
GRACE_SECONDS = 15.0


class BenchmarkError(Exception):
    """The run is worthless; the message says why."""


@dataclass(frozen=True)
class Request:
    """`head_and_body` goes out as it is; the answer must have `status` and this much of a body."""

    head_and_body: bytes
    status: bytes = b"200"
    shortest_body: int = 2


@dataclass(frozen=True)
class LoadResult:
    seconds: float
    latencies: list[float]

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds


def request(
    method: str, path: str, token: str, body: bytes = b"", *, shortest_body: int = 2
) -> Request:
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {token}",
        "Accept: application/json",
    ]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"
    return Request(head + body, b"201" if method == "POST" else b"200", shortest_body)


async def run_load(port: int, requests: Iterator[Request], *, seconds: float) -> LoadResult:
    """Keep all connections busy for so many seconds, or until there are no more requests.

    Raises BenchmarkError on the first answer that is not as expected, and on lost connections.
    """
    loop = asyncio.get_running_loop()
    run = _Run(requests)
    try:
        for _ in range(CONNECTIONS):
            await loop.create_connection(lambda: _Connection(run), "127.0.0.1", port)
    except OSError as error:
        run.close()
        raise BenchmarkError(f"the server takes no connection: {error}") from None
    started = time.perf_counter()
    run.deadline = started + seconds
    for connection in run.connections:
        connection.send_next()
    try:
        async with asyncio.timeout(seconds + GRACE_SECONDS):
            await run.finished.wait()
    except TimeoutError:
        raise BenchmarkError("an answer did not arrive in time") from None
    finally:
        run.close()
    if run.failure is not None:
        raise BenchmarkError(run.failure)
    return LoadResult(run.ended - started, run.latencies)


class _Run:
    def __init__(self, requests: Iterator[Request]) -> None:
        self.requests = requests
        self.deadline = 0.0
        self.ended = 0.0
        self.latencies: list[float] = []
        self.connections: list[_Connection] = []
        self.active = 0
        self.failure: str | None = None
        self.finished = asyncio.Event()

    def fail(self, reason: str) -> None:
        self.failure = self.failure or reason
        self.finished.set()

    def retire(self) -> None:
        self.active -= 1
        if self.active == 0:
            self.ended = time.perf_counter()
            self.finished.set()

    def close(self) -> None:
        for connection in self.connections:
            connection.close()


class _Connection(asyncio.Protocol):
    def __init__(self, run: _Run) -> None:
        self._run = run
        self._transport: asyncio.Transport | None = None
        self._request: Request | None = None
        self._received = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self._run.connections.append(self)
        self._run.active += 1

    def send_next(self) -> None:
        now = time.perf_counter()
        self._request = next(self._run.requests, None) if now < self._run.deadline else None
        if self._request is None:
            self._run.retire()
            return
        assert self._transport is not None
        self._sent_at = now
        self._transport.write(self._request.head_and_body)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head_end = self._received.find(b"\r\n\r\n")
        if head_end < 0:
            return
        length = _content_length(self._received[:head_end])
        if length is None:
            self._run.fail("an answer has no Content-Length")
            return
        if len(self._received) < head_end + 4 + length:
            return
        self._answered(self._received[9:12], length)

    def _answered(self, status: bytes, length: int) -> None:
        request = self._request
        if request is None or status != request.status or length < request.shortest_body:
            self._run.fail(f"unexpected answer: {self._received[:600].decode(errors='replace')}")
            return
        self._run.latencies.append(time.perf_counter() - self._sent_at)
        self._received = b""
        self.send_next()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._request is not None:
            self._run.fail(f"the server closed a connection: {exc or 'no reason given'}")

    def close(self) -> None:
        self._request = None
        if self._transport is not None:
            self._transport.close()


def _content_length(head: bytes) -> int | None:
    at = head.lower().find(b"\r\ncontent-length:")
    if at < 0:
        return None
    return int(head[at + 17 :].partition(b"\r\n")[0])
