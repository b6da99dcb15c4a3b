"""The database is busy, slow, down or back again; the identity provider is away."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI, Request
from sqlalchemy import text

from app.api.routing import ApiRouter
from app.clients.supabase_auth import SupabaseAuthClient
from app.core.jwks import JwksUnavailable
from app.core.security import AccessToken
from app.db import session as database_session
from app.db.migrations import upgrade_to_head
from app.local.postgres import EmbeddedPostgres
from tests.conftest import FAST_AND_FORGETFUL, MakeApp, client_of, running_app, settings_for
from tests.factories import Factory, Person
from tests.support import FrozenClock, assert_error, data_of, in_thread

DATABASE = "faults"


class OwnServer:
    """A PostgreSQL that a test may stop; it keeps its port and its data."""

    def __init__(self, data_dir: Path) -> None:
        self.server = EmbeddedPostgres(data_dir, settings=FAST_AND_FORGETFUL)
        self.server.start()
        self.server.create_database(DATABASE)
        assert self.server.port is not None
        self._data_dir, self._port = data_dir, self.server.port
        self._frozen: list[int] = []

    @property
    def url(self) -> str:
        return self.server.url(DATABASE)

    def stop(self) -> None:
        self.thaw()  # what does not run cannot end: it would outlive the tests
        self.server.stop()

    def freeze(self) -> None:
        """Let it hang: connections stay open, and nobody answers."""
        pid = self.server.pid
        assert pid is not None
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        self._frozen = [pid, *map(int, children)]
        for process in self._frozen:
            os.kill(process, signal.SIGSTOP)

    def thaw(self) -> None:
        for process in self._frozen:
            os.kill(process, signal.SIGCONT)
        self._frozen = []

    def start(self) -> None:
        self.server = EmbeddedPostgres(self._data_dir, port=self._port, settings=FAST_AND_FORGETFUL)
        self.server.start()


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnServer]:
    directory = tmp_path_factory.mktemp("server")
    for parent in (directory, *directory.parents[:2]):
        parent.chmod(0o755)  # the account that runs the server has to get there
    server = OwnServer(directory / "postgres")
    in_thread(upgrade_to_head, server.url)
    yield server
    server.stop()


async def timed(asking: Awaitable[httpx.Response]) -> tuple[httpx.Response, float]:
    started = perf_counter()
    response = await asking
    return response, perf_counter() - started


async def is_up_at_once(client: httpx.AsyncClient, times: int = 9) -> bool:
    """Whether the process says that it is up, and mostly without a delay."""
    answers = [await timed(client.get("/healthz")) for _ in range(times)]
    assert [response.status_code for response, _ in answers] == [200] * times
    return sorted(took for _, took in answers)[times // 2] < 0.5


async def test_an_exhausted_pool_is_503_soon_while_the_process_says_that_it_is_up(
    make_app: MakeApp, clock: FrozenClock
) -> None:
    app = await make_app(database_pool_size=2)
    async with AsyncExitStack() as stack:
        factory = Factory(app, clock, stack)
        alice = await factory.person("Alice")
        data_of(await alice.get("/users/me"))  # the signing keys are known from here on
        client = await stack.enter_async_context(client_of(app))
        engine = app.state.database.engine
        async with engine.connect(), engine.connect():
            asking = [
                asyncio.create_task(timed(alice.get("/users/me"))),
                asyncio.create_task(timed(alice.post("/goals", {"title": "Run"}))),
                asyncio.create_task(timed(client.get("/readyz"))),
            ]
            up = await is_up_at_once(client, 20)
            (me, me_took), (goal, goal_took), (ready, ready_took) = await asyncio.gather(*asking)

        assert up
        for response, took in ((me, me_took), (goal, goal_took)):
            assert_error(response, 503, "service_unavailable")
            assert int(response.headers["retry-after"]) > 0
            assert took < 4
        assert ready.status_code == 503
        assert ready_took < 4

        # The pool is free again: as if nothing had been.
        assert data_of(await alice.get("/goals"))["items"] == []
        assert (await client.get("/readyz")).json()["status"] == "ready"
        assert engine.pool.checkedout() == 0


async def test_a_burst_beyond_the_pool_is_served_and_nothing_is_held_afterwards(
    make_app: MakeApp, clock: FrozenClock
) -> None:
    app = await make_app(database_pool_size=3)
    async with AsyncExitStack() as stack:
        alice = await Factory(app, clock, stack).person("Alice")
        responses = await asyncio.gather(
            *(alice.get("/users/me") for _ in range(60)),
            *(alice.post("/goals", {"title": f"Goal {n}"}) for n in range(60)),
        )
        assert {response.status_code for response in responses} == {200, 201}
        page = data_of(await alice.get("/goals?limit=1"))
    assert page["pagination"]["totalItems"] == 60
    assert app.state.database.engine.pool.checkedout() == 0


async def test_while_the_database_is_down_answers_are_503_and_afterwards_there_is_no_error(
    own_server: OwnServer, clock: FrozenClock
) -> None:
    async with AsyncExitStack() as stack:
        settings = settings_for(own_server.url, database_pool_size=5)
        app = await stack.enter_async_context(running_app(settings, clock))
        alice = await Factory(app, clock, stack).person("Alice")
        client = await stack.enter_async_context(client_of(app))
        await asyncio.gather(*(alice.get("/users/me") for _ in range(20)))  # fills the pool

        own_server.stop()
        down = await asyncio.gather(
            *(alice.get(path) for path in ("/users/me", "/goals", "/notifications")),
            *(alice.post("/goals", {"title": "Lost"}) for _ in range(5)),
        )
        ready, ready_took = await timed(client.get("/readyz"))
        up = await is_up_at_once(client)

        for response in down:
            assert_error(response, 503, "service_unavailable")
            assert int(response.headers["retry-after"]) > 0
        assert (ready.status_code, ready_took < 4) == (503, True)
        assert ready.json() == {
            "status": "not_ready",
            "database": "unreachable",
            "migrations": "unknown",
        }
        assert up

        own_server.start()
        back = await asyncio.gather(*(alice.get("/users/me") for _ in range(50)))
        written = await alice.post("/goals", {"title": "Found"})

        assert {response.status_code for response in back} == {200}
        data_of(written, 201)
        assert (await client.get("/readyz")).status_code == 200
        titles = [goal["title"] for goal in data_of(await alice.get("/goals"))["items"]]
        assert titles == ["Found"]
        assert app.state.database.engine.pool.checkedout() == 0


async def test_connections_that_die_in_the_pool_cause_no_error_at_all(
    make_app: MakeApp, clock: FrozenClock
) -> None:
    app = await make_app(database_pool_size=5)
    async with AsyncExitStack() as stack:
        alice = await Factory(app, clock, stack).person("Alice")
        await asyncio.gather(*(alice.get("/users/me") for _ in range(20)))
        admin = await asyncpg.connect(app.state.settings.database_url.get_secret_value())
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await admin.close()
        await asyncio.sleep(0.05)

        responses = await asyncio.gather(
            *(alice.get("/users/me") for _ in range(20)),
            *(alice.post("/goals", {"title": "Run"}) for _ in range(20)),
        )
        assert {response.status_code for response in responses} == {200, 201}


async def test_a_database_that_hangs_turns_readiness_off_and_is_not_waited_for_for_ever(
    own_server: OwnServer, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_session, "ANSWER_TIMEOUT_SECONDS", 1.0)
    async with AsyncExitStack() as stack:
        settings = settings_for(own_server.url, database_pool_size=3)
        app = await stack.enter_async_context(running_app(settings, clock))
        alice = await Factory(app, clock, stack).person("Alice")
        client = await stack.enter_async_context(client_of(app))
        await asyncio.gather(*(alice.get("/users/me") for _ in range(9)))  # fills the pool
        own_server.freeze()
        asking = asyncio.create_task(timed(alice.get("/users/me")))
        by_session = asyncio.create_task(_ask_by_session(app))
        ready, ready_took = await timed(client.get("/readyz"))
        up = await is_up_at_once(client)
        me, me_took = await asking
        await by_session
        own_server.thaw()

        assert (ready.status_code, ready_took < 4) == (503, True)
        assert up
        assert_error(me, 503, "service_unavailable")
        assert me_took < 4
        responses = await asyncio.gather(*(alice.get("/users/me") for _ in range(10)))
        assert {response.status_code for response in responses} == {200}
        assert app.state.database.engine.pool.checkedout() == 0


async def _ask_by_session(app: FastAPI) -> None:
    async with asyncio.timeout(5), app.state.database.session() as session:
        with pytest.raises(ConnectionError):
            await session.execute(text("SELECT 1"))


@pytest.fixture
async def slow(app: FastAPI) -> AsyncIterator[Callable[[str], Awaitable[httpx.Response]]]:
    """Run a statement inside a request, with short timeouts."""
    router = ApiRouter()

    @router.post("/slow")
    async def run_slowly(request: Request) -> None:
        session = request.state.session
        await session.execute(text("SET LOCAL statement_timeout = '100ms'"))
        await session.execute(text("SET LOCAL lock_timeout = '50ms'"))
        await session.execute(text((await request.body()).decode()))

    before = list(app.router.routes)
    app.include_router(router)

    async with client_of(app) as client:

        async def run(statement: str) -> httpx.Response:
            return await client.post("/slow", content=statement)

        yield run
    app.router.routes[:] = before


async def test_a_statement_that_takes_too_long_is_503(
    slow: Callable[[str], Awaitable[httpx.Response]], app: FastAPI
) -> None:
    response = await slow("SELECT pg_sleep(5)")
    assert_error(response, 503, "service_unavailable")
    assert int(response.headers["retry-after"]) > 0
    assert app.state.database.engine.pool.checkedout() == 0


async def test_a_lock_that_is_held_for_too_long_is_503_and_nothing_is_changed(
    slow: Callable[[str], Awaitable[httpx.Response]], app: FastAPI, factory: Factory
) -> None:
    alice = await factory.person("Alice")
    async with app.state.database.engine.begin() as connection:
        await connection.execute(text("SELECT FROM users FOR UPDATE"))
        response = await slow("UPDATE users SET bio = 'changed'")
    assert_error(response, 503, "service_unavailable")
    assert data_of(await alice.get("/users/me"))["bio"] is None


@pytest.mark.parametrize(
    "database_url",
    [
        "postgresql://u:s3cret@127.0.0.1:1/none",  # refused
        "postgresql://u:s3cret@localhost:1/none",  # refused at each of its addresses
        "postgresql://u:s3cret@no-such-host.invalid/none?sslmode=disable",
    ],
)
async def test_a_database_that_cannot_be_reached_is_503_whatever_the_reason(
    database_url: str, clock: FrozenClock
) -> None:
    settings = settings_for(database_url, supabase_url="http://supabase.invalid")
    async with running_app(settings, clock) as app, client_of(app) as client:
        app.state.tokens.verify = _anybody
        response = await client.get(
            "/api/v1/users/me", headers={"Authorization": "Bearer something"}
        )
        ready = await client.get("/readyz")

    body = assert_error(response, 503, "service_unavailable")
    assert "s3cret" not in str(body)
    assert ready.status_code == 503


async def _anybody(token: str) -> Any:
    return AccessToken(
        user_id=uuid4(),
        email="a@example.com",
        session_id=None,
        expires_at=datetime(2100, 1, 1, tzinfo=UTC),
        issued_at=datetime(2026, 1, 1, tzinfo=UTC),
        user_metadata={},
        raw=token,
    )


async def test_while_the_signing_keys_cannot_be_had_known_ones_work_and_unknown_ones_are_503(
    make_app: MakeApp, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reachable = False
    fetch = SupabaseAuthClient.fetch_jwks

    async def fetch_jwks(self: SupabaseAuthClient) -> Any:
        if not reachable:
            raise JwksUnavailable
        return await fetch(self)

    monkeypatch.setattr(SupabaseAuthClient, "fetch_jwks", fetch_jwks)
    app = await make_app()
    async with AsyncExitStack() as stack:
        alice: Person = await Factory(app, clock, stack).person("Alice")

        without_keys = await alice.post("/goals", {"title": "Lost"})
        assert_error(without_keys, 503, "auth_unavailable")
        assert int(without_keys.headers["retry-after"]) > 0

        reachable = True
        clock.advance(seconds=31)  # one attempt in 30 seconds
        data_of(await alice.get("/users/me"))

        reachable = False
        clock.advance(minutes=30)
        data_of(await alice.get("/users/me"))  # known keys work while the endpoint is away
        assert data_of(await alice.get("/goals"))["items"] == []
