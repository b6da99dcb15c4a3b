"""Supabase is down, slow, or answers what it should not: 503 in time, and nothing half done."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import supabase  # its first import takes longer than the time-outs here
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI

from tests.conftest import MakeApp, client_of
from tests.core.token_maker import TokenMaker, ec_jwk
from tests.factories import API
from tests.support import FrozenClock, assert_error, count_rows, data_of

assert supabase.__version__

TIMEOUT = 0.3
IN_TIME = TIMEOUT + 2  # of a machine that runs other tests besides; what hangs takes for ever
EMAIL, PASSWORD = "alice@example.com", "a long password"
KEY = ec.generate_private_key(ec.SECP256R1())
KID = "the-key"
JWKS = json.dumps({"keys": [ec_jwk(KEY.public_key(), KID)]}).encode()


def answer_of(status: int, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def failure_of(status: int, code: str, more: str = "", *headers: str) -> bytes:
    body = f'{{"code": "{code}", "message": "vendor detail"{more}}}'.encode()
    return answer_of(status, body, "X-Supabase-Api-Version: 2024-01-01", *headers)


HANGS = b""
MISBEHAVIOUR = {
    "hangs": HANGS,
    "closes at once": b"\0",
    "not HTTP": b"hello\r\n\r\n",
    "500": failure_of(500, "unexpected_failure"),
    "500 in HTML": answer_of(500, b"<h1>Oops</h1>"),
    "502 without a body": answer_of(502, b""),
    "404": answer_of(404, b'{"message": "no such route"}'),
    "401 of the gateway": answer_of(401, b'{"message": "Invalid API key", "hint": "?"}'),
    "redirect": answer_of(302, b"", "Location: http://127.0.0.1:9/"),
    "200 with nothing": answer_of(200, b""),
    "200 in HTML": answer_of(200, b"<h1>Welcome</h1>"),
    "200 with null": answer_of(200, b"null"),
    "200 with a list": answer_of(200, b"[]"),
    "200 with another object": answer_of(200, b'{"hello": "world"}'),
    "200 with half a body": answer_of(200, b'{"access_token": "x"')[:-7],
    "200 not in UTF-8": answer_of(200, b'{"id": "\xff"}'),
    "200 with half a user": answer_of(200, b'{"id": "5f0c1e0a-7a3b-4f7e-9a51-0d3f2b6c8e11"}'),
    "a code of another operation": failure_of(422, "sms_send_failed"),
}


@dataclass
class Upstream:
    """Something at Supabase's address. It publishes its keys, and answers `answer` to the rest."""

    url: str = ""
    answer: bytes = HANGS
    jwks: bool = True
    asked: list[str] = field(default_factory=list)
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            path = (await reader.readuntil(b"\r\n")).split()[1].decode()
            self.asked.append(path)
            await reader.readuntil(b"\r\n\r\n")
            answer = self.answer
            if path.endswith("jwks.json") and self.jwks:
                answer = answer_of(200, JWKS, "Content-Type: application/json")
            if answer is HANGS:
                return
            writer.write(answer.strip(b"\0"))
            await writer.drain()
        writer.close()

    async def close(self) -> None:
        for writer in self._writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    upstream = Upstream()
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    upstream.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield upstream
    server.close()
    await upstream.close()
    await server.wait_closed()


Call = Callable[[httpx.AsyncClient, str], Awaitable[httpx.Response]]


def posting(path: str, **fields: Any) -> Call:
    async def call(client: httpx.AsyncClient, _: str) -> httpx.Response:
        return await client.post(f"{API}/auth/{path}", json=fields)

    return call


async def first_request(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.get(f"{API}/users/me", headers={"Authorization": f"Bearer {token}"})


async def authorize(client: httpx.AsyncClient, _: str) -> httpx.Response:
    form = {"username": EMAIL, "password": PASSWORD}
    return await client.post(f"{API}/auth/token", data=form)


CALLS: dict[str, Call] = {
    "signup": posting("signup", email=EMAIL, password=PASSWORD),
    "login": posting("login", email=EMAIL, password=PASSWORD),
    "token": authorize,
    "refresh": posting("refresh", refreshToken="x"),
    "verify-email": posting("verify-email", token="x"),
    "reset-password": posting("reset-password", token="x", newPassword=PASSWORD),
    "first request": first_request,
}


@pytest.fixture(scope="module")
def database_url(make_database: Callable[[], str]) -> str:
    return make_database()


@pytest.fixture
async def app(make_app: MakeApp, upstream: Upstream, database_url: str) -> FastAPI:
    return await make_app(
        database_url=database_url,
        supabase_url=upstream.url,
        supabase_timeout_seconds=TIMEOUT,
    )


@pytest.fixture
def token(upstream: Upstream, clock: FrozenClock) -> str:
    issuer = f"{upstream.url}/auth/v1"
    return TokenMaker(key=KEY, kid=KID, issuer=issuer, now=clock.now()).token()


async def timed(call: Awaitable[httpx.Response]) -> tuple[httpx.Response, float]:
    started = time.perf_counter()
    return await call, time.perf_counter() - started


@pytest.mark.parametrize("misbehaviour", MISBEHAVIOUR)
async def test_whatever_supabase_does_the_answer_is_503_in_time(
    app: FastAPI, upstream: Upstream, token: str, misbehaviour: str
) -> None:
    upstream.answer = MISBEHAVIOUR[misbehaviour]
    async with client_of(app) as client:
        outcomes = await asyncio.gather(*(timed(call(client, token)) for call in CALLS.values()))

    for name, (answer, seconds) in zip(CALLS, outcomes, strict=True):
        body = assert_error(answer, 503, "auth_unavailable")
        assert int(answer.headers["retry-after"]) > 0, name
        assert "vendor" not in str(body), name
        assert seconds < IN_TIME, name
    assert await count_rows(app, "users") == (0,)


@pytest.mark.parametrize(
    ("user_id", "status", "code"),
    [
        ("0e2d0f43-0c5a-4c0e-8f5a-5d0f4f6f1c9b", 401, "not_authenticated"),
        ("7", 503, "auth_unavailable"),
    ],
)
async def test_a_user_other_than_that_of_the_token_gets_no_profile(
    app: FastAPI, upstream: Upstream, token: str, user_id: str, status: int, code: str
) -> None:
    user = {
        "id": user_id,
        "aud": "authenticated",
        "email": EMAIL,
        "app_metadata": {},
        "user_metadata": {},
        "created_at": "2026-03-10T09:00:00Z",
    }
    upstream.answer = answer_of(200, json.dumps(user).encode())
    async with client_of(app) as client:
        answer = await first_request(client, token)

    assert_error(answer, status, code)
    assert upstream.asked[-1] == "/auth/v1/user"
    assert await count_rows(app, "users") == (0,)


async def test_asking_for_an_email_does_not_wait_for_supabase(
    app: FastAPI, upstream: Upstream
) -> None:
    for path in ("resend-verification", "forgot-password"):
        async with client_of(app) as client:
            answer, seconds = await timed(posting(path, email=EMAIL)(client, ""))
        assert data_of(answer, 202) is None
        assert seconds < IN_TIME
    await app.state.errands.finish()
    assert [path.split("?")[0] for path in upstream.asked] == [
        "/auth/v1/resend",
        "/auth/v1/recover",
    ]


async def test_nobody_listens_at_supabases_address(make_app: MakeApp, database_url: str) -> None:
    app = await make_app(database_url=database_url, supabase_url="http://127.0.0.1:9")
    key = TokenMaker(
        key=KEY, kid=KID, issuer="http://127.0.0.1:9/auth/v1", now=app.state.clock.now()
    )
    async with client_of(app) as client:
        for call in CALLS.values():
            answer = await call(client, key.token())
            assert_error(answer, 503, "auth_unavailable")
            assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("misbehaviour", ["hangs", "500", "200 with a list", "200 in HTML"])
async def test_without_keys_no_token_is_judged(
    app: FastAPI, upstream: Upstream, token: str, misbehaviour: str
) -> None:
    upstream.answer, upstream.jwks = MISBEHAVIOUR[misbehaviour], False

    async with client_of(app) as client:
        answer, seconds = await timed(first_request(client, token))
        garbage = await first_request(client, "not.a.token")

    assert_error(answer, 503, "auth_unavailable")
    assert seconds < IN_TIME
    assert_error(garbage, 401, "not_authenticated")


async def test_keys_are_asked_for_once_however_many_requests_come(
    app: FastAPI, upstream: Upstream, token: str
) -> None:
    upstream.answer = MISBEHAVIOUR["500"]
    async with client_of(app) as client:
        await asyncio.gather(*(first_request(client, token) for _ in range(20)))

    assert [path for path in upstream.asked if "jwks" in path] == ["/auth/v1/.well-known/jwks.json"]


async def test_a_limit_of_supabase_is_passed_on_with_its_time(
    app: FastAPI, upstream: Upstream
) -> None:
    upstream.answer = failure_of(429, "over_request_rate_limit", "", "Retry-After: 17")
    async with client_of(app) as client:
        answer = await CALLS["login"](client, "")

    assert_error(answer, 429, "rate_limited")
    assert answer.headers["retry-after"] == "17"


async def test_a_limit_that_only_known_addresses_meet_is_not_shown(
    app: FastAPI, upstream: Upstream
) -> None:
    upstream.answer = failure_of(429, "over_email_send_rate_limit")
    async with client_of(app) as client:
        answer = await CALLS["signup"](client, "")

    assert data_of(answer, 201)["session"] is None


async def test_a_weak_password_is_refused_with_the_reasons(
    app: FastAPI, upstream: Upstream
) -> None:
    upstream.answer = failure_of(
        422, "weak_password", ', "weak_password": {"reasons": ["length", "pwned", "new_reason"]}'
    )
    async with client_of(app) as client:
        answer = await CALLS["signup"](client, "")

    body = assert_error(answer, 422, "weak_password")
    assert [error["field"] for error in body["errors"]] == ["password"] * 3
    assert [error["message"] for error in body["errors"]] == [
        "The password is too short.",
        "This password is known from a data leak.",
        "new_reason",
    ]
    assert await count_rows(app, "users") == (0,)
