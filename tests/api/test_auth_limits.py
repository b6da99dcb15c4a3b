"""Limits of signing up and in: per address, per client, and the same whether or not it exists."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.core import rate_limits
from app.core.rate_limits import AttemptLimits, Limit
from tests.conftest import BASE_URL, empty, running_app, settings_for
from tests.factories import PASSWORD, Factory
from tests.support import FrozenClock, assert_error, data_of

AUTH = "/api/v1/auth"
NOBODY = "nobody@example.com"


@pytest.fixture(scope="module")
async def _limiting_app(
    make_database: Callable[[], str], _session_clock: FrozenClock
) -> AsyncIterator[FastAPI]:
    settings = settings_for(make_database(), rate_limits=True)
    async with running_app(settings, _session_clock) as app:
        yield app


@pytest.fixture
async def app(_limiting_app: FastAPI, clock: FrozenClock) -> FastAPI:
    await empty(_limiting_app.state.database.engine)
    return _limiting_app


async def post(app: FastAPI, path: str, host: str = "192.0.2.1", **body: Any) -> httpx.Response:
    """A request from the client at `host`; `form=` sends a form instead of JSON."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=(host, 1))
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
        form = body.pop("form", None)
        return await client.post(AUTH + path, data=form, json=None if form else body)


async def counters(app: FastAPI) -> list[tuple[str, str, int]]:
    async with app.state.database.engine.connect() as connection:
        found = await connection.execute(
            text("SELECT name, subject, count FROM rate_limits ORDER BY name")
        )
        return [(name, subject, count) for name, subject, count in found]


async def use_up(app: FastAPI, limit: Limit) -> None:
    """As if its only subject so far had used up its quota."""
    async with app.state.database.engine.begin() as connection:
        used = await connection.scalars(
            text("UPDATE rate_limits SET count = :quota WHERE name = :name RETURNING subject"),
            {"quota": limit.quota, "name": limit.name},
        )
        assert len(used.all()) == 1


async def test_the_eleventh_login_in_a_quarter_of_an_hour_is_refused(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    clock.advance(minutes=5)
    for _ in range(10):
        wrong = await post(app, "/login", email=alice.email, password="wrong")
        assert_error(wrong, 401, "invalid_credentials")

    refused = await post(app, "/login", email=alice.email, password=PASSWORD)

    assert_error(refused, 429, "rate_limited")
    assert refused.headers["retry-after"] == "600"
    assert refused.headers["ratelimit-policy"] == ('"login-client";q=60;w=900, "login";q=10;w=900')
    assert refused.headers["ratelimit"] == '"login-client";r=49;t=600, "login";r=0;t=600'


async def test_the_next_window_starts_anew(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    for _ in range(11):
        await post(app, "/login", email=alice.email, password="wrong")
    clock.advance(minutes=16)

    data_of(await post(app, "/login", email=alice.email, password=PASSWORD))

    assert {count for _, _, count in await counters(app)} == {1}  # what lapsed is removed


async def test_a_success_tells_what_is_left(app: FastAPI, factory: Factory) -> None:
    alice = await factory.person("Alice")

    entered = await post(app, "/login", email=alice.email, password=PASSWORD)

    data_of(entered)
    assert entered.headers["ratelimit"] == '"login-client";r=59;t=900, "login";r=9;t=900'
    assert "ratelimit-policy" in entered.headers


async def test_the_form_and_the_json_login_share_one_limit(app: FastAPI, factory: Factory) -> None:
    alice = await factory.person("Alice")
    form = {"username": f" {alice.email.upper()} ", "password": "wrong"}
    for _ in range(5):
        assert_error(await post(app, "/token", form=form), 401, "invalid_credentials")
        await post(app, "/login", email=alice.email, password="wrong")

    assert_error(await post(app, "/token", form=form), 429, "rate_limited")
    assert_error(
        await post(app, "/login", email=alice.email, password=PASSWORD), 429, "rate_limited"
    )


async def test_others_are_not_locked_out(app: FastAPI, factory: Factory) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    for _ in range(11):
        await post(app, "/login", email=alice.email, password="wrong")

    data_of(await post(app, "/login", email=bob.email, password=PASSWORD))


async def test_a_client_over_its_limit_does_not_use_up_an_address(
    app: FastAPI, factory: Factory
) -> None:
    alice = await factory.person("Alice")
    await post(app, "/login", email=NOBODY, password="guess")
    await use_up(app, rate_limits.LOG_IN.per_client)
    for _ in range(20):
        guessed = await post(app, "/login", email=alice.email, password="guess")
        assert_error(guessed, 429, "rate_limited")

    data_of(await post(app, "/login", "192.0.2.2", email=alice.email, password=PASSWORD))


async def test_neighbours_in_one_ipv6_network_are_one_client(app: FastAPI) -> None:
    await post(app, "/login", "2001:db8::1", email=NOBODY, password="x")
    await use_up(app, rate_limits.LOG_IN.per_client)

    inside = await post(app, "/login", "2001:db8::ffff", email=NOBODY, password="x")
    outside = await post(app, "/login", "2001:db8:0:1::1", email=NOBODY, password="x")

    assert_error(inside, 429, "rate_limited")
    assert_error(outside, 401, "invalid_credentials")


LIMITED: list[tuple[str, AttemptLimits, dict[str, Any], int]] = [
    ("/signup", rate_limits.SIGN_UP, {"email": NOBODY, "password": PASSWORD}, 201),
    ("/login", rate_limits.LOG_IN, {"email": NOBODY, "password": PASSWORD}, 401),
    ("/refresh", rate_limits.REFRESH, {"refreshToken": "unknown"}, 401),
    ("/verify-email", rate_limits.VERIFY_EMAIL, {"token": "unknown"}, 400),
    ("/resend-verification", rate_limits.RESEND, {"email": NOBODY}, 202),
    ("/forgot-password", rate_limits.FORGOT, {"email": NOBODY}, 202),
    ("/reset-password", rate_limits.RESET, {"token": "unknown", "newPassword": PASSWORD}, 400),
]


@pytest.mark.parametrize(("path", "limits", "body", "status"), LIMITED, ids=lambda value: value)
async def test_every_operation_counts_even_when_it_fails_and_then_refuses(
    app: FastAPI, path: str, limits: AttemptLimits, body: dict[str, Any], status: int
) -> None:
    first = await post(app, path, **body)
    assert first.status_code == status, first.text
    assert "ratelimit" in first.headers
    limit = limits.per_address or limits.per_client
    await use_up(app, limit)

    refused = await post(app, path, **body)

    assert_error(refused, 429, "rate_limited")
    assert int(refused.headers["retry-after"]) > 0
    assert f'"{limit.name}";r=0' in refused.headers["ratelimit"]
    await app.state.errands.finish()


@pytest.mark.parametrize("path", ["/signup", "/forgot-password", "/resend-verification"])
async def test_known_and_unknown_addresses_are_limited_alike(
    app: FastAPI, factory: Factory, path: str
) -> None:
    known = (await factory.person("Alice")).email
    waiting = (await factory.person("Bob", confirmed=False)).email
    body = {"password": PASSWORD} if path == "/signup" else {}

    answers = []
    for number, email in enumerate((known, waiting, NOBODY)):
        told = []
        for _ in range(7):
            answer = await post(app, path, f"192.0.2.{number}", email=email, **body)
            content = answer.json()
            content.pop("requestId", None)
            told.append(
                (
                    answer.status_code,
                    str(content).replace(email, "ADDRESS"),
                    answer.headers["ratelimit"],
                    answer.headers["ratelimit-policy"],
                    answer.headers.get("retry-after"),
                )
            )
        answers.append(told)
    await app.state.errands.finish()

    assert answers[0] == answers[1] == answers[2]
    assert [status for status, *_ in answers[0][5:]] == [429, 429]


async def test_counters_hold_no_address(app: FastAPI) -> None:
    await post(app, "/login", email=NOBODY, password="x")

    found = await counters(app)

    assert [name for name, _, _ in found] == ["login", "login-client"]
    assert "nobody" not in str(found)
    assert "192.0.2.1" not in str(found)


async def test_a_body_that_is_refused_is_not_counted(app: FastAPI) -> None:
    refused = await post(app, "/login", email="no address", password="x")

    assert_error(refused, 422, "validation_failed")
    assert await counters(app) == []
