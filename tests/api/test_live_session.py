"""What must not be possible with a token from before a logout."""

from collections.abc import AsyncIterator, Callable

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.api.deps import LiveUser
from app.api.routing import ApiRouter
from tests.conftest import empty, running_app, settings_for
from tests.factories import PASSWORD, Factory, Person
from tests.support import FrozenClock, assert_error, data_of

# An operation that does nothing but need a live session.
router = ApiRouter(prefix="/api/v1/probe")


@router.post("", status_code=204)
async def probe(user: LiveUser) -> None: ...


@pytest.fixture(scope="module")
async def _app_with_probe(
    make_database: Callable[[], str], _session_clock: FrozenClock
) -> AsyncIterator[FastAPI]:
    async with running_app(settings_for(make_database()), _session_clock) as app:
        app.include_router(router)
        yield app


@pytest.fixture
async def app(_app_with_probe: FastAPI, clock: FrozenClock) -> FastAPI:
    await empty(_app_with_probe.state.database.engine)
    return _app_with_probe


async def log_out(person: Person) -> None:
    assert (await person.post("/auth/logout")).status_code == 204


async def test_a_live_session_may(factory: Factory) -> None:
    alice = await factory.person("Alice")
    assert (await alice.post("/probe")).status_code == 204


async def test_a_token_used_after_the_logout_may_not(factory: Factory) -> None:
    alice = await factory.person("Alice")
    await log_out(alice)

    refused = await alice.post("/probe")

    assert_error(refused, 401, "not_authenticated")
    assert refused.headers["www-authenticate"] == "Bearer"
    # It still verifies, until it expires: elsewhere that is good enough.
    assert (await alice.get("/users/me")).status_code == 200


async def test_another_session_of_the_same_person_still_may(factory: Factory) -> None:
    alice = await factory.person("Alice")
    credentials = {"email": alice.email, "password": PASSWORD}
    other = data_of(await alice.post("/auth/login", credentials))["token"]
    await log_out(alice)

    allowed = await alice.post("/probe", headers={"Authorization": f"Bearer {other}"})

    assert allowed.status_code == 204


async def test_a_token_of_a_deleted_user_may_not(app: FastAPI, factory: Factory) -> None:
    alice = await factory.person("Alice")
    async with app.state.database.engine.begin() as connection:
        await connection.execute(text("DELETE FROM auth.users"))

    assert_error(await alice.post("/probe"), 401, "not_authenticated")


async def test_a_disabled_account_may_not(app: FastAPI, factory: Factory) -> None:
    alice = await factory.person("Alice")
    async with app.state.database.engine.begin() as connection:
        await connection.execute(text("UPDATE users SET is_active = false"))

    assert_error(await alice.post("/probe"), 403, "account_disabled")


async def test_nobody_may_without_a_token(factory: Factory) -> None:
    alice = await factory.person("Alice")
    del alice.client.headers["Authorization"]

    assert_error(await alice.post("/probe"), 401, "not_authenticated")


async def test_a_logged_out_person_cannot_delete_the_account(
    app: FastAPI, factory: Factory
) -> None:
    alice = await factory.person("Alice")
    await log_out(alice)

    refused = await alice.client.request(
        "DELETE", "/api/v1/users/me", json={"confirmation": "DELETE"}
    )

    assert_error(refused, 401, "not_authenticated")
    async with app.state.database.engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM account_deletions")) == 0
        assert await connection.scalar(text("SELECT bool_and(is_active) FROM users")) is True
