"""The database restarts, or sits behind a transaction pooler."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from app.db import listener
from app.db.listener import APPLICATION_NAME
from tests.conftest import MakeApp, client_of
from tests.factories import Factory
from tests.fakes.pgbouncer import pgbouncer, require_pgbouncer
from tests.live.receiving import STREAM, LiveServer, eventually
from tests.support import FrozenClock, assert_error, change_rows, data_of

ADD = "INSERT INTO notifications (recipient_id, type) SELECT id, 'goal_achieved' FROM users"
LISTENING = f"SELECT pid FROM pg_stat_activity WHERE application_name = '{APPLICATION_NAME}'"
Logged = Callable[[str], Awaitable[list[dict[str, Any]]]]
HERE = " AND datname = current_database()"


@asynccontextmanager
async def admin_of(app: FastAPI) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(app.state.settings.database_url.get_secret_value())
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Logged:
    """Waits for log lines of an event, and gives them."""
    lines: list[dict[str, Any]] = []

    async def wait_for(event: str) -> list[dict[str, Any]]:
        def found() -> list[dict[str, Any]]:
            new = capsys.readouterr().out.splitlines()
            lines.extend(json.loads(line) for line in new if line.startswith("{"))
            return [line for line in lines if line["event"] == event]

        await eventually(lambda: bool(found()))
        return found()

    return wait_for


@pytest.fixture
async def lab(make_app: MakeApp, clock: FrozenClock) -> AsyncIterator[tuple[LiveServer, Factory]]:
    """An application of its own: others must not lose their listeners."""
    app = await make_app(database_pool_size=3)
    await eventually(lambda: app.state.live._is_listening)
    async with LiveServer(app).serving() as server, AsyncExitStack() as stack:
        yield server, Factory(app, clock, stack)


async def test_one_connection_listens_for_all_streams(lab: tuple[LiveServer, Factory]) -> None:
    server, factory = lab
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    async with (
        admin_of(server.app) as admin,
        server.receiving(alice),
        server.receiving(alice),
        server.receiving(bob),
    ):
        assert len(await admin.fetch(LISTENING + HERE)) == 1


async def test_while_nobody_listens_streams_are_refused_and_open_ones_catch_up_afterwards(
    lab: tuple[LiveServer, Factory], monkeypatch: pytest.MonkeyPatch, logged: Logged
) -> None:
    server, factory = lab
    app = server.app
    alice = await factory.person("Alice")
    async with admin_of(app) as admin, server.receiving(alice) as to_alice:
        reachable = listener._connect

        async def refuse(*_: Any) -> None:
            raise ConnectionRefusedError("the database restarts")

        monkeypatch.setattr(listener, "_connect", refuse)
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM (" + LISTENING + HERE + ") AS listening"
        )
        await eventually(lambda: not app.state.live._is_listening)
        answer = await alice.get("/notifications/stream")
        await change_rows(app, ADD)

        assert_error(answer, 503, "live_updates_unavailable")
        assert int(answer.headers["retry-after"]) > 0
        assert len(await logged("live_updates_interrupted")) == 1
        async with client_of(app) as client:
            assert (await client.get("/healthz")).json() == {"status": "ok"}
            assert (await client.get("/readyz")).status_code == 200
        data_of(await alice.get("/users/me"))
        assert to_alice.told == []
        assert not to_alice.ended

        monkeypatch.setattr(listener, "_connect", reachable)
        await to_alice.has("notification")  # said while nobody listened
        async with server.receiving(alice) as again:
            await change_rows(app, ADD)
            await again.has("notification")
        await to_alice.until(lambda it: len(it.events) == 2)


async def test_when_the_events_cannot_be_read_they_come_later(
    lab: tuple[LiveServer, Factory], logged: Logged
) -> None:
    server, factory = lab
    alice = await factory.person("Alice")
    async with admin_of(server.app) as admin, server.receiving(alice) as to_alice:
        engine = server.app.state.database.engine
        async with engine.connect(), engine.connect(), engine.connect():  # the whole pool
            await admin.execute(ADD)
            await logged("live_updates_not_read")
            assert to_alice.told == []
        await to_alice.has("notification")


async def test_a_known_transaction_pooler_is_not_listened_to_and_the_log_names_the_setting(
    make_app: MakeApp, logged: Logged
) -> None:
    app = await make_app(database_transaction_pooling=True)
    (line,) = await logged("live_updates_off")

    assert "DATABASE_DIRECT_URL" in line["reason"]
    assert line["level"] == "warning"
    async with admin_of(app) as admin:
        assert await admin.fetch(LISTENING + HERE) == []


async def test_a_pooler_behind_another_port_is_found_out(
    make_app: MakeApp,
    make_database: Callable[[], str],
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
    logged: Logged,
) -> None:
    require_pgbouncer()
    monkeypatch.setattr(listener, "PROOF_SECONDS", 0.3)
    with pgbouncer(make_database()) as pooled:
        app = await make_app(
            database_url=pooled, database_direct_url=pooled, database_transaction_pooling=True
        )
        (line,) = await logged("live_updates_interrupted")
        async with AsyncExitStack() as stack:
            alice = await Factory(app, clock, stack).person("Alice")
            answer = await alice.get("/notifications/stream")

    assert_error(answer, 503, "live_updates_unavailable")
    assert "DATABASE_DIRECT_URL" in line["reason"]


async def test_behind_a_pooler_the_direct_connection_listens(
    make_app: MakeApp, make_database: Callable[[], str], clock: FrozenClock
) -> None:
    require_pgbouncer()
    direct = make_database()
    with pgbouncer(direct) as pooled:
        async with AsyncExitStack() as stack:
            app = await make_app(
                database_url=pooled, database_direct_url=direct, database_transaction_pooling=True
            )
            await eventually(lambda: app.state.live._is_listening)
            factory = Factory(app, clock, stack)
            alice, bob = await factory.partners()
            system = await factory.system(alice)
            async with LiveServer(app).serving() as server, server.receiving(bob) as to_bob:
                await factory.checkin(alice, system["id"])
                await to_bob.has("checkin", "notification")


async def test_before_the_first_connection_streams_are_refused(
    make_app: MakeApp, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: Any) -> None:
        raise TimeoutError

    monkeypatch.setattr(listener, "_connect", never)
    app = await make_app()
    async with AsyncExitStack() as stack:
        alice = await Factory(app, clock, stack).person("Alice")
        assert_error(await alice.get("/notifications/stream"), 503, "live_updates_unavailable")
        client: httpx.AsyncClient = await stack.enter_async_context(client_of(app))
        assert (await client.get(STREAM)).status_code == 401  # who asks comes first
