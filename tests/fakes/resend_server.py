"""A server that speaks the part of Resend's API that the product uses: POST /emails.

Like Resend, it sends once for each `Idempotency-Key`, answers a repetition with the first id, and
refuses another content with the same key.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from uuid import uuid4


class Behaviour(Enum):
    ACCEPT = "accept"
    REFUSE = "refuse"  # 422, as for an address that cannot be one
    NOT_ALLOWED = "not allowed"  # 403, as for a sender whose domain is not verified
    WRONG_KEY = "wrong key"  # 400 by status, but about the key of the API
    BUSY_WITH_IT = "busy with it"  # 409, while the first request goes on
    LIMIT = "limit"  # 429
    FAIL = "fail"  # 500
    HANG = "hang"  # accepts, but never says so
    GARBAGE = "garbage"  # 200 with something that is not JSON
    HALF = "half"  # announces more than it sends


ERRORS: dict[Behaviour, tuple[int, str, str]] = {
    Behaviour.REFUSE: (422, "validation_error", "Invalid `to` field."),
    Behaviour.NOT_ALLOWED: (403, "validation_error", "The domain is not verified."),
    Behaviour.WRONG_KEY: (400, "invalid_api_key", "API key is invalid."),
    Behaviour.BUSY_WITH_IT: (409, "concurrent_idempotent_requests", "In progress."),
    Behaviour.LIMIT: (429, "rate_limit_exceeded", "Too many requests."),
    Behaviour.FAIL: (500, "application_error", "Internal server error."),
}


@dataclass(frozen=True, slots=True)
class ResendRequest:
    method: str
    path: str
    headers: dict[str, str]
    body: Any

    @property
    def idempotency_key(self) -> str | None:
        return self.headers.get("idempotency-key")


@dataclass
class ResendServer:
    """`requests` is all that came in; `delivered` what Resend would have sent, by its key."""

    url: str = ""
    requests: list[ResendRequest] = field(default_factory=list)
    delivered: dict[str, dict[str, Any]] = field(default_factory=dict)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    retry_after: str | None = None
    take_seconds: float = 0.0
    _script: deque[Behaviour] = field(default_factory=deque)
    _ids: dict[str, str] = field(default_factory=dict)

    def behave(self, *behaviours: Behaviour) -> None:
        """How to answer the next requests; accepting is what follows."""
        self._script.extend(behaviours)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _read(reader)
            self.requests.append(request)
            self.arrived.set()
            behaviour = self._script.popleft() if self._script else Behaviour.ACCEPT
            if behaviour is Behaviour.HANG:
                self._accept(request)
                await reader.read()  # until the client gives up
                return
            await asyncio.sleep(self.take_seconds)
            status, kind, content = self._answer(request, behaviour)
            length = len(content) * (2 if behaviour is Behaviour.HALF else 1)
            head = f"HTTP/1.1 {status} Answer\r\nContent-Type: {kind}\r\n"
            if status == 429 and self.retry_after is not None:
                head += f"Retry-After: {self.retry_after}\r\n"
            head += f"Content-Length: {length}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + content)
            await writer.drain()
        finally:
            writer.close()

    def _answer(self, request: ResendRequest, behaviour: Behaviour) -> tuple[int, str, bytes]:
        if behaviour is Behaviour.GARBAGE:
            return 200, "text/html", b"<html>Welcome to the hotel</html>"
        if (request.method, request.path) != ("POST", "/emails"):
            behaviour = Behaviour.FAIL
        if not request.headers.get("authorization", "").startswith("Bearer re_"):
            return _error(401, "missing_api_key", "Missing API key.")
        if behaviour in ERRORS:
            return _error(*ERRORS[behaviour])
        if self.delivered.get(request.idempotency_key or "", request.body) != request.body:
            return _error(409, "invalid_idempotent_request", "Another payload.")
        return 200, "application/json", json.dumps({"id": self._accept(request)}).encode()

    def _accept(self, request: ResendRequest) -> str:
        key = request.idempotency_key or str(uuid4())
        self.delivered.setdefault(key, request.body)
        return self._ids.setdefault(key, str(uuid4()))


def _error(status: int, name: str, message: str) -> tuple[int, str, bytes]:
    body = {"statusCode": status, "name": name, "message": message}
    return status, "application/json", json.dumps(body).encode()


async def _read(reader: asyncio.StreamReader) -> ResendRequest:
    method, path, _ = (await reader.readline()).decode().split()
    headers = {}
    while line := (await reader.readline()).decode().strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = json.loads(await reader.readexactly(int(headers.get("content-length", "0"))))
    return ResendRequest(method, path, headers, body)


@asynccontextmanager
async def resend_server() -> AsyncIterator[ResendServer]:
    fake = ResendServer()
    server = await asyncio.start_server(fake.handle, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    fake.url = f"http://{host}:{port}"
    async with server:
        yield fake
        server.close()
