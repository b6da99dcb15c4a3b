"""Who asks is known before the body is read: strangers cannot make the service read megabytes."""

from contextlib import AsyncExitStack
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.types import Message

from app.core.rate_limits import UPLOADS
from tests.conftest import MakeApp, client_of
from tests.factories import API, Factory
from tests.support import FrozenClock, assert_error, change_rows, count_rows

BODIES = [
    ("POST", "/uploads", "multipart/form-data; boundary=b"),
    ("POST", "/users/me/avatar", "multipart/form-data; boundary=b"),
    ("POST", "/checkins", "application/json"),
    ("PUT", "/users/me", "application/json"),
]


async def answer_before_the_body(
    app: FastAPI, method: str, path: str, content_type: str, token: str | None
) -> int:
    """The status of the answer to a request whose body never comes."""
    statuses: list[int] = []

    async def receive() -> Message:
        raise AssertionError("the body was read")

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    headers = [(b"content-type", content_type.encode()), (b"content-length", b"900000")]
    if token is not None:
        headers.append((b"authorization", b"Bearer " + token.encode()))
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": API + path,
        "raw_path": (API + path).encode(),
        "root_path": "",
        "query_string": b"",
        "headers": headers,
        "client": ("192.0.2.1", 1),
        "server": ("api.test", 80),
    }
    await app(scope, receive, send)
    (status,) = statuses
    return status


@pytest.mark.parametrize("token", [None, "no.good.token"])
@pytest.mark.parametrize(("method", "path", "content_type"), BODIES)
async def test_a_stranger_is_refused_before_the_body_is_read(
    app: FastAPI, method: str, path: str, content_type: str, token: str | None
) -> None:
    assert await answer_before_the_body(app, method, path, content_type, token) == 401


async def test_one_upload_too_many_is_refused_before_the_body_is_read(
    make_app: MakeApp, clock: FrozenClock
) -> None:
    app = await make_app(rate_limits=True)
    async with AsyncExitStack() as stack:
        alice = await Factory(app, clock, stack).person("Alice")
    await change_rows(
        app,
        "INSERT INTO rate_limits VALUES ('uploads', :user, :start, :used, :start)",
        user=str(alice.id),
        start=clock.now(),
        used=UPLOADS.quota,
    )

    assert await answer_before_the_body(app, *BODIES[0], alice.token) == 429


async def test_a_stranger_with_a_malformed_body_is_a_stranger(app: FastAPI) -> None:
    async with client_of(app) as client:
        answer = await client.post(
            API + "/goals", content=b"{", headers={"Content-Type": "application/json"}
        )

    assert_error(answer, 401, "not_authenticated")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert await count_rows(app, "users") == (0,)
