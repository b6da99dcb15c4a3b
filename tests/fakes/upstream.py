"""A server in Supabase Auth's place that is broken in a way of the test's choice."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Fault:
    """What is answered to every request. `hangs` never answers, `half` breaks off in the body."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    hangs: bool = False
    half: bool = False


def vendor_error(
    status: int, code: str, headers: Mapping[str, str] | None = None, **more: object
) -> Fault:
    """An error as Supabase Auth words it."""
    body = json.dumps({"code": code, "message": f"vendor says {code}"} | more).encode()
    return Fault(status, body, {"x-supabase-api-version": "2024-01-01"} | dict(headers or {}))


# Everything that must end in "unavailable".
FAULTS = {
    "hangs": Fault(hangs=True),
    "500": vendor_error(500, "unexpected_failure"),
    "500 without JSON": Fault(500, b"<html>oops</html>"),
    "502 of a gateway": Fault(502, b"<html>bad gateway</html>"),
    "504 with JSON": vendor_error(504, "request_timeout"),
    "an unknown code": vendor_error(418, "teapot"),
    "a wrong API key": Fault(401, b'{"message": "Invalid API key"}'),
    "an error that is a list": Fault(400, b"[]"),
    "garbage": Fault(200, b"\x00\xff<html>"),
    "nothing": Fault(200, b""),
    "JSON of another kind": Fault(200, b'{"access_token": 1, "user": []}'),
    "half a body": Fault(200, b'{"access_token": "abc", "user": {}}', half=True),
}


# Those that only a caller who reads the body can notice.
NONSENSE = ("garbage", "nothing", "JSON of another kind")


class Upstream:
    """Counts what arrives. `fault` may be changed at any time."""

    def __init__(self) -> None:
        self.url = ""
        self.fault = Fault()
        self.requests: list[str] = []
        self._connections: set[asyncio.Task[None]] = set()
        self._arrived = asyncio.Condition()

    async def arrived(self, count: int) -> None:
        """Wait until that many requests have come."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) >= count)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._answer(reader, writer)
        finally:
            self._connections.discard(task)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            (
                int(line[15:])
                for line in head.lower().splitlines()
                if line[:15] == "content-length:"
            ),
            0,
        )
        await reader.readexactly(length)
        async with self._arrived:
            self.requests.append(head.splitlines()[0])
            self._arrived.notify_all()
        fault = self.fault
        if fault.hangs:
            await asyncio.Event().wait()
        lines = [f"HTTP/1.1 {fault.status} Answer", f"content-length: {len(fault.body)}"]
        lines += [f"{name}: {value}" for name, value in fault.headers.items()]
        lines += ["connection: close", "", ""]
        writer.write("\r\n".join(lines).encode())
        writer.write(fault.body[: len(fault.body) // 2] if fault.half else fault.body)
        await writer.drain()

    async def stop(self) -> None:
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)


@asynccontextmanager
async def broken_upstream() -> AsyncIterator[Upstream]:
    """Runs an `Upstream` on a free port of this machine."""
    upstream = Upstream()
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    upstream.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield upstream
    finally:
        server.close()
        await upstream.stop()
