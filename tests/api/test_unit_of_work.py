"""One transaction per request, committed before the answer leaves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import anyio
import httpx
import pytest
from fastapi import FastAPI, Request
from sqlalchemy import select, text

from app.api.routing import MAX_ATTEMPTS, ApiRouter
from app.core.errors import AlreadyPartnered
from app.db.models import User
from app.db.session import Session
from tests.conftest import MakeApp, client_of
from tests.factories import Factory
from tests.support import FrozenClock, assert_error, data_of

Step = Callable[[Session], Awaitable[None]]

# Fires when the transaction commits, after every statement of the request has succeeded.
AT_COMMIT = """
CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; RETURN NULL; END $$
"""
TRIGGER = """
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT OR UPDATE ON {table}
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_commit()
"""
REFUSE = "RAISE EXCEPTION 'refused' USING ERRCODE = '23514'"
DISCONNECT = "PERFORM pg_terminate_backend(pg_backend_pid())"
SERIALIZATION_FAILURE = "RAISE EXCEPTION 'try again' USING ERRCODE = '40001'"


@dataclass
class Lab:
    """An application of its own, with one more operation that does what a test says."""

    app: FastAPI
    client: httpx.AsyncClient
    factory: Factory
    steps: list[Step] = field(default_factory=list)
    attempts: int = 0

    async def run(self, *steps: Step) -> httpx.Response:
        """Ask for the operation; it takes the next of `steps` at each attempt."""
        self.steps = list(steps)
        self.attempts = 0
        return await self.client.post("/lab")

    async def sql(self, statement: str) -> list[Any]:
        async with self.app.state.database.engine.begin() as connection:
            result = await connection.execute(text(statement))
            return list(result.all()) if result.returns_rows else []

    async def at_commit(self, body: str, *tables: str) -> None:
        await self.sql(AT_COMMIT.format(body=body))
        for table in tables:
            await self.sql(TRIGGER.format(table=table))

    async def names(self) -> list[str]:
        return [row[0] for row in await self.sql("SELECT name FROM users ORDER BY name")]

    @property
    def held(self) -> int:
        return int(self.app.state.database.engine.pool.checkedout())


@pytest.fixture
async def lab(make_app: MakeApp, clock: FrozenClock) -> AsyncIterator[Lab]:
    app = await make_app(database_pool_size=3)
    router = ApiRouter()
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(client_of(app))
        made = Lab(app, client, Factory(app, clock, stack))

        @router.post("/lab")
        async def lab_operation(request: Request) -> dict[str, bool]:
            step = made.steps[min(made.attempts, len(made.steps) - 1)]
            made.attempts += 1
            await step(request.state.session)
            return {"done": True}

        app.include_router(router)
        yield made
    assert made.held == 0


def add(name: str) -> Step:
    async def step(session: Session) -> None:
        session.add(User(email=f"{uuid4()}@example.com", name=name))
        await session.flush()

    return step


def add_then(name: str, statement: str) -> Step:
    """Write a row, then run a statement in the same transaction."""

    async def step(session: Session) -> None:
        await add(name)(session)
        await session.execute(text(statement))

    return step


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what other tasks bring about; the assertion after it says what was missing."""
    for _ in range(200):
        if condition():
            return
        await asyncio.sleep(0.01)


def fail_with(code: str) -> str:
    return f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{code}'; END $$"


async def test_what_a_request_wrote_is_committed_when_the_answer_arrives(lab: Lab) -> None:
    response = await lab.run(add("Alice"))

    assert response.status_code == 200
    assert await lab.names() == ["Alice"]
    assert lab.attempts == 1
    assert lab.held == 0


WRITES: list[tuple[str, str, dict[str, Any], str]] = [
    ("POST", "/goals", {"title": "Run"}, "goals"),
    (
        "POST",
        "/systems",
        {"title": "Run", "frequency": "daily", "metricType": "binary"},
        "systems",
    ),
    ("POST", "/partnerships/invite", {"email": "bob@example.com"}, "partnerships"),
]


@pytest.mark.parametrize("keyed", [False, True])
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [(REFUSE, 500, "internal_error"), (DISCONNECT, 503, "service_unavailable")],
    ids=["constraint", "disconnect"],
)
async def test_a_failing_commit_is_never_answered_with_success(
    body: str, status: int, code: str, keyed: bool, lab: Lab
) -> None:
    alice = await lab.factory.person("Alice")
    await lab.at_commit(body, *(table for *_, table in WRITES))
    headers = {"Idempotency-Key": "once"} if keyed else {}

    for method, path, fields, table in WRITES:
        response = await alice.client.request(
            method, f"/api/v1{path}", json=fields, headers=headers
        )
        assert_error(response, status, code)
        assert "refused" not in response.text
        assert (response.headers.get("retry-after") is not None) == (status == 503)
        assert await lab.sql(f"SELECT * FROM {table}") == []
        assert lab.held == 0
    for table in ("notifications", "email_outbox", "idempotency_keys", "system_schedules"):
        assert await lab.sql(f"SELECT * FROM {table}") == []

    # Nothing is broken for good, and the same key may be used again: a fault is not an answer.
    for method, path, fields, table in WRITES:
        await lab.sql(f"DROP TRIGGER at_commit ON {table}")
        response = await alice.client.request(
            method, f"/api/v1{path}", json=fields, headers=headers
        )
        data_of(response, 201)
        assert "idempotency-replayed" not in response.headers
        assert len(await lab.sql(f"SELECT * FROM {table}")) == 1


async def test_a_failing_commit_sends_no_other_status_line_first(lab: Lab) -> None:
    alice = await lab.factory.person("Alice")
    await lab.at_commit(REFUSE, "goals")
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b'{"title": "Run"}'}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = {"authorization": f"Bearer {alice.token}", "content-type": "application/json"}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/api/v1/goals",
        "raw_path": b"/api/v1/goals",
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("api.test", 80),
        "state": {},
    }
    await lab.app(scope, receive, send)

    starts = [message for message in sent if message["type"] == "http.response.start"]
    assert [start["status"] for start in starts] == [500]


async def test_a_single_statement_that_fails_at_its_own_commit_is_no_success_either(
    lab: Lab,
) -> None:
    alice = await lab.factory.person("Alice")
    system = await lab.factory.system(alice)
    await lab.at_commit(REFUSE, "checkins")

    response = await alice.post("/checkins", {"systemId": system["id"]})

    assert_error(response, 500, "internal_error")
    assert await lab.sql("SELECT * FROM checkins") == []
    assert await lab.sql("SELECT * FROM notifications") == []


@pytest.mark.parametrize(
    ("error", "status"),
    [(AlreadyPartnered(), 409), (ValueError("a secret"), 500), (KeyError("x"), 500)],
)
async def test_an_error_after_a_write_undoes_it(error: Exception, status: int, lab: Lab) -> None:
    async def step(session: Session) -> None:
        await add("Alice")(session)
        raise error

    response = await lab.run(step)

    assert response.status_code == status
    assert "a secret" not in response.text
    assert await lab.names() == []
    assert lab.attempts == 1
    assert lab.held == 0


@pytest.mark.parametrize("code", ["40001", "40P01"])
async def test_a_transaction_that_lost_is_run_again_as_a_whole(code: str, lab: Lab) -> None:
    losing = add_then("Alice", fail_with(code))

    response = await lab.run(losing, losing, add("Alice"))

    assert response.json() == {"done": True}
    assert lab.attempts == 3
    assert await lab.names() == ["Alice"]  # once, not three times


@pytest.mark.parametrize("code", ["40001", "40P01"])
async def test_after_three_losses_the_answer_is_503_and_nothing_is_stored(
    code: str, lab: Lab
) -> None:
    response = await lab.run(add_then("Alice", fail_with(code)))

    assert_error(response, 503, "service_unavailable")
    assert int(response.headers["retry-after"]) > 0
    assert lab.attempts == MAX_ATTEMPTS == 3
    assert await lab.names() == []


async def test_a_commit_that_loses_is_run_again_too(lab: Lab) -> None:
    await lab.sql("CREATE SEQUENCE commits")  # survives rollbacks
    await lab.at_commit(f"IF nextval('commits') < 3 THEN {SERIALIZATION_FAILURE}; END IF", "users")

    response = await lab.run(add("Alice"))

    assert response.status_code == 200
    assert lab.attempts == 3
    assert await lab.names() == ["Alice"]


async def test_what_is_not_a_lost_race_is_not_run_again(lab: Lab) -> None:
    response = await lab.run(add_then("Alice", fail_with("23505")))

    assert_error(response, 500, "internal_error")
    assert lab.attempts == 1
    assert await lab.names() == []


async def test_of_two_requests_that_deadlock_both_succeed(lab: Lab) -> None:
    await lab.sql(
        "INSERT INTO users (email, name) VALUES ('1@example.com', 'first'),"
        " ('2@example.com', 'second')"
    )
    both_hold_one = asyncio.Barrier(2)

    def rename(first: str, second: str, suffix: str) -> Step:
        tried = False

        async def step(session: Session) -> None:
            nonlocal tried
            change = text("UPDATE users SET bio = concat(bio, CAST(:x AS text)) WHERE name = :n")
            await session.execute(change, {"x": suffix, "n": first})
            if not tried:
                tried = True
                await both_hold_one.wait()
            await session.execute(change, {"x": suffix, "n": second})

        return step

    steps = {"1": rename("first", "second", "a"), "2": rename("second", "first", "b")}
    router = ApiRouter()

    @router.post("/deadlock/{which}")
    async def deadlock(which: str, request: Request) -> None:
        await steps[which](request.state.session)

    lab.app.include_router(router)
    responses = await asyncio.gather(*(lab.client.post(f"/deadlock/{which}") for which in steps))

    assert [response.status_code for response in responses] == [200, 200]
    bios = {row[0] for row in await lab.sql("SELECT bio FROM users")}
    assert len(bios) == 1
    assert sorted(bios.pop()) == ["a", "b"]


async def test_the_work_of_a_request_is_invisible_to_others_until_its_answer(lab: Lab) -> None:
    written, go_on = asyncio.Event(), asyncio.Event()

    async def write_and_wait(session: Session) -> None:
        await add("Alice")(session)
        written.set()
        await go_on.wait()

    writing = asyncio.create_task(lab.run(write_and_wait))
    await written.wait()
    seen_meanwhile = await lab.names()
    reader = lab.app.state.database.session()
    by_session = (await reader.scalars(select(User.name))).all()
    await reader.close()
    go_on.set()

    assert (await writing).status_code == 200
    assert seen_meanwhile == []
    assert by_session == []
    assert await lab.names() == ["Alice"]


@pytest.mark.parametrize("way", ["task", "scope"])
@pytest.mark.parametrize("open_transaction", [True, False])
async def test_a_request_that_is_cancelled_gives_its_connection_back_and_leaves_nothing(
    open_transaction: bool, way: str, lab: Lab
) -> None:
    begun = asyncio.Event()

    async def sleep(session: Session) -> None:
        if open_transaction:
            await add("Lost")(session)
        begun.set()
        await session.execute(text("SELECT pg_sleep(30)"))

    async def cancel_one() -> None:
        begun.clear()
        if way == "task":
            asking = asyncio.create_task(lab.run(sleep))
            await begun.wait()
            await asyncio.sleep(0.02)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            return
        # A cancel scope cancels again whatever the clean-up awaits.
        async with anyio.create_task_group() as group:
            group.start_soon(lab.run, sleep)
            await begun.wait()
            await asyncio.sleep(0.02)
            group.cancel_scope.cancel()

    for _ in range(5):  # more than the pool has
        await cancel_one()
    await until(lambda: not lab.held)
    assert await lab.names() == []
    busy = await lab.sql(
        "SELECT query FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND state <> 'idle'"
    )
    # Cancelled once, the statement is cancelled too. Cancelled again while that is done, the
    # connection is cut instead, and the statement timeout ends what the server still does.
    assert busy == [] or way == "scope"
    assert (await lab.run(add("Alice"))).status_code == 200
