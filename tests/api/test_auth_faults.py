"""Supabase Auth refuses, hangs or talks nonsense: what callers are told, and what goes on."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI
from sqlalchemy import text

from app.crud.crud_user import KnownAddress, UserCrud
from tests.conftest import MakeApp, client_of, running_app, settings_for
from tests.core.token_maker import USER_ID, TokenMaker, compact, hs
from tests.fakes.upstream import (
    FAULTS,
    NONSENSE,
    Fault,
    Upstream,
    broken_upstream,
    vendor_error,
)
from tests.support import FrozenClock, assert_error, data_of

API = "/api/v1"
SECRET = "a shared secret of more than 32 characters"
PASSWORD = "correct horse battery"
TIMEOUT_SECONDS = 0.5
# Only a guard against waiting for ever: an upstream that hangs never answers at all.
PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class Broken:
    """The service, its upstream, a stranger's client and that of Alice, who has a profile."""

    app: FastAPI
    upstream: Upstream
    client: httpx.AsyncClient
    alice: httpx.AsyncClient


@pytest.fixture(scope="module")
async def _upstream() -> AsyncIterator[Upstream]:
    async with broken_upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
async def _app_over_upstream(
    make_database: Callable[[], str], _session_clock: FrozenClock, _upstream: Upstream
) -> AsyncIterator[FastAPI]:
    settings = settings_for(
        make_database(),
        supabase_url=_upstream.url,
        supabase_jwt_secret=SECRET,
        supabase_timeout_seconds=TIMEOUT_SECONDS,
    )
    async with running_app(settings, _session_clock) as app:
        yield app


@pytest.fixture
async def broken(
    _app_over_upstream: FastAPI, _upstream: Upstream, clock: FrozenClock
) -> AsyncIterator[Broken]:
    app = _app_over_upstream
    async with app.state.database.engine.begin() as connection:
        await connection.execute(text("DELETE FROM users"))
    async with app.state.database.session() as session:
        await UserCrud(session).provision(
            KnownAddress(UUID(USER_ID), "alice@example.com", clock.now()),
            username=None,
            name="Alice",
            timezone="UTC",
            now=clock.now(),
        )
    _upstream.requests.clear()
    _upstream.fault = Fault()
    headers = {"Authorization": f"Bearer {token_of(app, clock)}"}
    async with client_of(app) as client, client_of(app, headers=headers) as alice:
        yield Broken(app, _upstream, client, alice)
    await app.state.errands.finish()


def token_of(app: FastAPI, clock: FrozenClock, **claims: object) -> str:
    issuer = f"{str(app.state.settings.supabase_url).rstrip('/')}/auth/v1"
    maker = TokenMaker(ec.generate_private_key(ec.SECP256R1()), "-", issuer, clock.now())
    header = {"alg": "HS256", "typ": "JWT"}
    return compact(header, maker.claims(**claims), hs(SECRET.encode()))


LOGIN = ("/auth/login", {"email": "alice@example.com", "password": PASSWORD})
SIGNUP = ("/auth/signup", {"email": "new@example.com", "password": PASSWORD})
REFRESH = ("/auth/refresh", {"refreshToken": "something"})
VERIFY = ("/auth/verify-email", {"token": "something"})
RESET = ("/auth/reset-password", {"token": "something", "newPassword": PASSWORD})
LOGOUT = ("/auth/logout", None)
FORGOT = ("/auth/forgot-password", {"email": "alice@example.com"})
RESEND = ("/auth/resend-verification", {"email": "alice@example.com"})
WAITING = [LOGIN, SIGNUP, REFRESH, VERIFY, RESET, LOGOUT]


async def call(broken: Broken, operation: tuple[str, Any]) -> httpx.Response:
    path, body = operation
    client = broken.alice if operation is LOGOUT else broken.client
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await client.post(API + path, json=body)


@pytest.mark.parametrize(
    ("operation", "fault"),
    [
        pytest.param(operation, fault, id=f"{operation[0]} {fault}")
        for operation in WAITING
        for fault in FAULTS
        # The answer to a logout has no body that could be wrong.
        if operation is not LOGOUT or fault not in NONSENSE
    ],
)
async def test_a_fault_of_supabase_is_said_to_be_one(
    broken: Broken, operation: tuple[str, Any], fault: str
) -> None:
    broken.upstream.fault = FAULTS[fault]

    answer = await call(broken, operation)

    assert_error(answer, 503, "auth_unavailable")
    assert answer.headers["retry-after"] == "30"
    assert len(broken.upstream.requests) == 1


@pytest.mark.parametrize("operation", [LOGIN, SIGNUP], ids=lambda operation: operation[0])
async def test_a_supabase_that_refuses_connections_is_a_fault_too(
    make_app: MakeApp, operation: tuple[str, Any]
) -> None:
    app = await make_app(supabase_url="http://127.0.0.1:1", supabase_jwt_secret=SECRET)
    async with client_of(app) as client:
        assert_error(
            await client.post(API + operation[0], json=operation[1]), 503, "auth_unavailable"
        )


@pytest.mark.parametrize(
    ("fault", "retry_after"),
    [
        (vendor_error(429, "over_request_rate_limit", {"retry-after": "17"}), "17"),
        (vendor_error(429, "over_something_new"), "60"),
        (vendor_error(429, "over_request_rate_limit", {"retry-after": "99999999"}), "3600"),
        (vendor_error(429, "over_request_rate_limit", {"retry-after": "soon"}), "60"),
        (Fault(429, b"slow down", {"retry-after": "5"}), "5"),
    ],
)
async def test_a_limit_of_supabase_is_passed_on(
    broken: Broken, fault: Fault, retry_after: str
) -> None:
    broken.upstream.fault = fault
    for operation in WAITING:
        answer = await call(broken, operation)
        assert_error(answer, 429, "rate_limited")
        assert answer.headers["retry-after"] == retry_after


WEAK = vendor_error(
    422, "weak_password", weak_password={"reasons": ["length", "pwned", "something new"]}
)


@pytest.mark.parametrize(
    ("operation", "vendor", "status", "code"),
    [
        (LOGIN, vendor_error(400, "invalid_credentials"), 401, "invalid_credentials"),
        (LOGIN, vendor_error(400, "email_not_confirmed"), 403, "email_not_confirmed"),
        (LOGIN, vendor_error(400, "user_banned"), 403, "account_disabled"),
        (SIGNUP, vendor_error(422, "signup_disabled"), 403, "signup_disabled"),
        (SIGNUP, vendor_error(422, "email_provider_disabled"), 403, "signup_disabled"),
        (SIGNUP, vendor_error(400, "email_address_invalid"), 422, "validation_failed"),
        (SIGNUP, vendor_error(400, "email_address_not_authorized"), 422, "validation_failed"),
        (SIGNUP, WEAK, 422, "weak_password"),
        (REFRESH, vendor_error(400, "refresh_token_not_found"), 401, "not_authenticated"),
        (REFRESH, vendor_error(400, "refresh_token_already_used"), 401, "not_authenticated"),
        (REFRESH, vendor_error(400, "session_expired"), 401, "not_authenticated"),
        (REFRESH, vendor_error(400, "user_banned"), 403, "account_disabled"),
        (VERIFY, vendor_error(403, "otp_expired"), 400, "invalid_token"),
        (VERIFY, vendor_error(403, "user_banned"), 403, "account_disabled"),
        (RESET, vendor_error(403, "otp_expired"), 400, "invalid_token"),
        (RESET, WEAK, 422, "weak_password"),
        (RESET, vendor_error(422, "same_password"), 422, "same_password"),
    ],
)
async def test_supabases_codes_become_ours(
    broken: Broken, operation: tuple[str, Any], vendor: Fault, status: int, code: str
) -> None:
    broken.upstream.fault = vendor

    body = assert_error(await call(broken, operation), status, code)

    assert "vendor says" not in str(body)
    if code == "weak_password":
        field = "newPassword" if operation is RESET else "password"
        assert {error["field"] for error in body["errors"]} == {field}
        assert [error["message"] for error in body["errors"]] == [
            "The password is too short.",
            "This password is known from a data leak.",
            "something new",
        ]
    if code == "same_password":
        assert body["errors"][0]["field"] == "newPassword"


@pytest.mark.parametrize(
    "vendor",
    [
        vendor_error(422, "user_already_exists"),
        vendor_error(422, "email_exists"),
        vendor_error(429, "over_email_send_rate_limit"),
    ],
)
async def test_a_sign_up_does_not_tell_that_the_address_is_known(
    broken: Broken, vendor: Fault
) -> None:
    broken.upstream.fault = vendor

    signed_up = data_of(await call(broken, SIGNUP), 201)

    assert signed_up["emailConfirmationRequired"] is True
    assert signed_up["session"] is None


async def test_where_addresses_are_not_confirmed_nobody_is_asked_to(broken: Broken) -> None:
    user = {
        "id": "5f0c1e0a-7a3b-4f7e-9a51-0d3f2b6c8e11",
        "aud": "authenticated",
        "email": "new@example.com",
        "email_confirmed_at": "2026-03-10T09:00:00Z",
        "created_at": "2026-03-10T09:00:00Z",
        "app_metadata": {},
        "user_metadata": {},
    }
    session = {"access_token": "a", "refresh_token": "r", "token_type": "bearer", "user": user}
    body = json.dumps(session | {"expires_in": 3600, "expires_at": 1_773_150_000}).encode()
    broken.upstream.fault = Fault(200, body)

    answer = await call(broken, SIGNUP)

    assert data_of(answer, 201)["emailConfirmationRequired"] is False
    assert data_of(answer, 201)["session"]["token"] == "a"
    assert answer.json()["message"] == "Welcome to DuoTrak."


@pytest.mark.parametrize("operation", [FORGOT, RESEND], ids=lambda operation: operation[0])
@pytest.mark.parametrize("fault", ["hangs", "500", "garbage", "half a body"])
async def test_who_asks_for_an_email_is_answered_before_supabase(
    broken: Broken, operation: tuple[str, Any], fault: str
) -> None:
    """So neither the status nor the time taken can tell whether the address has an account."""
    broken.upstream.fault = Fault(hangs=True)

    answer = await call(broken, operation)

    assert data_of(answer, 202) is None
    await broken.upstream.arrived(1)  # it was asked, and has not answered yet
    broken.upstream.fault = FAULTS[fault]
    assert data_of(await call(broken, operation), 202) is None


async def test_while_supabase_hangs_the_rest_works_and_no_transaction_is_open(
    broken: Broken, make_app: MakeApp
) -> None:
    broken.upstream.fault = Fault(hangs=True)
    patient = await make_app(
        database_url=broken.app.state.settings.database_url.get_secret_value(),
        supabase_url=broken.upstream.url,
        supabase_jwt_secret=SECRET,
        supabase_timeout_seconds=PATIENCE_SECONDS,
    )
    async with client_of(patient, headers=broken.alice.headers) as alice:
        await look_around(replace(broken, app=patient, client=alice, alice=alice))


async def look_around(broken: Broken) -> None:
    waiting = [asyncio.create_task(call(broken, operation)) for operation in WAITING * 10]
    try:
        await broken.upstream.arrived(len(waiting))

        assert data_of(await broken.alice.get(f"{API}/users/me"))["name"] == "Alice"
        goal = {"title": "Run a half marathon"}
        data_of(await broken.alice.post(f"{API}/goals", json=goal), 201)
        assert (await broken.client.get("/readyz")).status_code == 200

        database = broken.app.state.database
        assert database.engine.pool.checkedout() == 0
        async with database.engine.connect() as connection:
            open_transactions = await connection.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
                )
            )
        assert open_transactions == 0
        assert not any(task.done() for task in waiting)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_first_sight_needs_supabase_and_makes_no_profile_without_it(
    broken: Broken, clock: FrozenClock
) -> None:
    stranger = token_of(broken.app, clock, sub="00000000-0000-4000-8000-000000000001")
    headers = {"Authorization": f"Bearer {stranger}"}
    for fault in FAULTS.values():
        broken.upstream.fault = fault
        answer = await broken.client.get(f"{API}/users/me", headers=headers)
        assert_error(answer, 503, "auth_unavailable")

    async with broken.app.state.database.engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM users")) == 1
