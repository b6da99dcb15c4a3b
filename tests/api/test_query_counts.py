"""How many statements a request sends to the database: twice the rows, the same number.

Counted at the driver: what SQLAlchemy executes, and what the application runs on asyncpg itself.
The exact numbers stand here, so that one statement more does not pass unseen.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import event

from tests.factories import Factory, Person
from tests.support import FrozenClock, change_rows, data_of, items_of

TRANSACTION = ("BEGIN", "COMMIT", "ROLLBACK")
INTROSPECTION = ("typeinfo_tree", "set_config('jit'")  # how a new connection learns of types, once


class Statements:
    """What was sent while `recording()`, by either way to the driver."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self._on = False

    @asynccontextmanager
    async def recording(self) -> AsyncIterator[list[str]]:
        await reports_have_arrived()
        self.sent.clear()
        self._on = True
        try:
            yield self.sent
            await reports_have_arrived()
        finally:
            self._on = False

    def by_sqlalchemy(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self._add(statement)

    def by_driver(self, query: Any) -> None:
        # Prepared statements, which is what SQLAlchemy executes, do not come here.
        self._add(query.query)

    def _add(self, statement: str) -> None:
        of_the_driver = any(part in statement for part in INTROSPECTION)
        if self._on and not of_the_driver and not statement.lstrip().startswith(TRANSACTION):
            self.sent.append(statement)


async def reports_have_arrived() -> None:
    """The driver reports a statement in a callback of the event loop."""
    for _ in range(3):
        await asyncio.sleep(0)


@pytest.fixture
async def statements(app: FastAPI) -> AsyncIterator[Statements]:
    recorder = Statements()
    engine = app.state.database.engine.sync_engine
    listened: list[Any] = []

    def on_checkout(dbapi_connection: Any, *_: Any) -> None:
        driver = dbapi_connection.driver_connection
        if driver not in listened:
            driver.add_query_logger(recorder.by_driver)
            listened.append(driver)

    event.listen(engine, "checkout", on_checkout)
    event.listen(engine, "before_cursor_execute", recorder.by_sqlalchemy)
    yield recorder
    event.remove(engine, "checkout", on_checkout)
    event.remove(engine, "before_cursor_execute", recorder.by_sqlalchemy)
    for driver in listened:
        if not driver.is_closed():
            driver.remove_query_logger(recorder.by_driver)


async def add_rows(factory: Factory, clock: FrozenClock, alice: Person, bob: Person) -> None:
    """Some of everything that the lists show, on other dates and in other systems each time."""
    goal = await factory.goal(alice)
    await factory.goal(bob)
    for required in (True, False):
        system = await factory.system(alice, goalId=goal["id"], verificationRequired=required)
        await factory.checkin(alice, system["id"])
        await factory.checkin(alice, system["id"], localDate="2026-03-09")
    clock.advance(minutes=1)


async def the_goal(alice: Person) -> str:
    return str(items_of(await alice.get("/goals?sortBy=createdAt_asc"))[0]["id"])


async def the_system(alice: Person) -> str:
    return str(items_of(await alice.get("/systems?limit=1"))[0]["id"])


@pytest.mark.parametrize(
    ("path", "by", "count"),
    [
        ("/users/me", "alice", 1),
        ("/partnerships/current", "alice", 2),
        ("/goals", "alice", 3),
        ("/goals?search=half&sortBy=priority_desc&status=not_started", "alice", 3),
        ("/goals?search=nothing-like-it", "alice", 2),
        ("/goals?page=99", "alice", 3),
        ("/goals", "bob", 2),
        ("/goals/{goal}", "alice", 4),
        ("/goals/{goal}", "bob", 4),
        ("/goals/{goal}/systems", "alice", 3),
        ("/systems", "alice", 2),
        ("/systems?goalId={goal}&status=active", "alice", 2),
        ("/systems/{system}", "alice", 2),
        ("/systems/{system}", "bob", 2),
        ("/checkins", "alice", 2),
        ("/checkins?systemId={system}&from=2026-03-01", "alice", 2),
        ("/checkins?page=99", "alice", 3),
        ("/checkins/partner", "bob", 2),
        ("/checkins/partner?status=completed&to=2026-03-31", "bob", 2),
        ("/systems/current-schedule", "alice", 3),
        ("/systems/current-schedule?date=2026-03-09&page=9", "alice", 3),
        ("/partnerships/partner/systems/today", "bob", 3),
        ("/dashboard", "alice", 4),
        ("/dashboard?date=2026-03-09", "bob", 4),
        ("/tasks/my", "alice", 5),
        ("/tasks/my?dueDateFrom=2026-03-01&status=pending", "bob", 5),
        ("/tasks/my/{system}", "alice", 4),
        ("/verifications/queue", "bob", 2),
        ("/notifications", "bob", 2),
        ("/notifications/unread-count", "bob", 2),
        ("/notifications?filter=unread&eventType=verification_requested", "bob", 2),
        ("/progress", "alice", 4),
        ("/progress?dateRangePreset=allTime&comparePartner=true", "alice", 6),
        ("/progress?goalId={goal}&comparePartner=true", "bob", 7),
        ("/progress?systemId={system}&dateRangePreset=last90d", "alice", 4),
        ("/progress/heatmap", "alice", 2),
    ],
)
async def test_twice_the_rows_need_the_same_number_of_statements(
    factory: Factory,
    clock: FrozenClock,
    statements: Statements,
    path: str,
    by: str,
    count: int,
) -> None:
    alice, bob = await factory.partners()
    person = {"alice": alice, "bob": bob}[by]
    await add_rows(factory, clock, alice, bob)
    path = path.format(goal=await the_goal(alice), system=await the_system(alice))

    async with statements.recording() as once:
        data_of(await person.get(path))
    first = list(once)
    for _ in range(2):
        await add_rows(factory, clock, alice, bob)
    goal = path.removeprefix("/goals/") if path.startswith("/goals/") else None
    if goal is not None:
        for _ in range(3):
            await factory.system(alice, goalId=goal.removesuffix("/systems"))
    async with statements.recording() as twice:
        data_of(await person.get(path))

    assert len(first) == count, "\n\n".join(first)
    assert sorted(twice) == sorted(first)


async def test_an_account_without_anything_needs_no_more(
    factory: Factory, statements: Statements
) -> None:
    alice = await factory.person("Alice")
    counts = {}
    for path in ("/users/me", "/goals", "/systems", "/checkins", "/verifications/queue"):
        async with statements.recording() as sent:
            data_of(await alice.get(path))
        counts[path] = len(sent)

    assert counts == {
        "/users/me": 1,
        "/goals": 2,
        "/systems": 2,
        "/checkins": 2,
        "/verifications/queue": 1,
    }


LONG_HISTORY = (
    "WITH made AS (INSERT INTO systems (id, user_id, title, frequency, metric_type)"
    " SELECT gen_random_uuid(), user_id, 'More', frequency, metric_type"
    " FROM systems, generate_series(1, 18) WHERE title = 'Morning run' LIMIT 18"
    " RETURNING id, user_id),"
    " planned AS (INSERT INTO system_schedules (system_id, effective_from, frequency)"
    " SELECT id, date '2024-03-10', 'daily' FROM made)"
    " INSERT INTO checkins (id, system_id, user_id, checkin_date_local, checkin_timezone,"
    " checkin_timestamp_utc, status)"
    " SELECT gen_random_uuid(), made.id, user_id, day, 'UTC', day, 'completed'"
    " FROM made, generate_series(timestamptz '2024-03-10', '2026-03-09', '1 day') day"
)


@pytest.mark.parametrize("path", ["/dashboard", "/systems/current-schedule", "/tasks/my"])
async def test_a_day_costs_the_same_with_twenty_systems_and_years_of_checkins(
    factory: Factory, app: FastAPI, statements: Statements, path: str
) -> None:
    alice, _ = await factory.partners()
    for _ in range(2):
        await factory.system(alice)
    async with statements.recording() as few:
        data_of(await alice.get(path))
    before = list(few)
    await change_rows(app, LONG_HISTORY)
    data_of(await alice.get("/dashboard"))  # writes down what the older dates come to

    async with statements.recording() as many:
        data_of(await alice.get(path))

    assert len(items_of(await alice.get("/systems/current-schedule?limit=100"))) == 20
    assert sorted(many) == sorted(before)


async def test_what_each_write_costs(factory: Factory, statements: Statements) -> None:
    alice, bob = await factory.partners()
    goal = await factory.goal(alice)
    system = await factory.system(alice, verificationRequired=True)
    other = await factory.system(alice)
    waiting = await factory.checkin(alice, system["id"], localDate="2026-03-09")
    daily = {"title": "Run", "frequency": "daily"}
    counts = {}

    for name, person, path, body, status in (
        ("goal", alice, "/goals", {"title": "a"}, 201),
        ("system", alice, "/systems", daily, 201),
        ("paused system", alice, "/systems", daily | {"status": "paused"}, 201),
        ("system in goal", alice, f"/goals/{goal['id']}/systems", daily, 201),
        ("checkin", alice, "/checkins", {"systemId": system["id"]}, 201),
        ("checkin again", alice, "/checkins", {"systemId": system["id"]}, 409),
        ("another system", alice, "/checkins", {"systemId": other["id"]}, 201),
        (
            "decision",
            bob,
            f"/verifications/{waiting['id']}/verify",
            {"decision": "verified_completed"},
            200,
        ),
    ):
        async with statements.recording() as sent:
            answer = await person.post(path, body)
        assert answer.status_code == status, answer.text
        counts[name] = len(sent)

    assert counts == {
        "goal": 3,
        "system": 4,
        "paused system": 5,
        "system in goal": 5,
        # The first one of a date looks whether a milestone is near.
        "checkin": 4,
        "another system": 3,
        # As above; then the account, the system and the insert once more, and why it is refused.
        "checkin again": 4,
        "decision": 3,
    }


async def test_what_changing_a_checkin_costs(factory: Factory, statements: Statements) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, verificationRequired=True)
    checkin = await factory.checkin(alice, system["id"])
    path, decided = f"/checkins/{checkin['id']}", f"/verifications/{checkin['id']}/verify"
    ask = {"decision": "queried_by_partner", "query": "Which route was it?"}
    counts = {}

    for name, person, method, path_of, body in (
        ("read", bob, "GET", path, None),
        ("edit", alice, "PATCH", path, {"notes": "Far"}),
        ("ask", bob, "POST", decided, ask),
        ("resubmit", alice, "POST", f"{path}/resubmit", {}),
        ("delete", alice, "DELETE", path, None),
    ):
        async with statements.recording() as sent:
            answer = await person.client.request(method, f"/api/v1{path_of}", json=body)
        assert answer.status_code in (200, 204), answer.text
        counts[name] = len(sent)

    # A change: the account, its lock, the check-in, the write.
    assert counts == {"read": 2, "edit": 4, "ask": 3, "resubmit": 4, "delete": 4}


async def test_a_refused_request_stops_early(
    factory: Factory, statements: Statements, app: FastAPI
) -> None:
    alice = await factory.person("Alice")
    async with statements.recording() as sent:
        await alice.client.get("/api/v1/goals", headers={"Authorization": "Bearer nonsense"})
    assert sent == []
    async with statements.recording() as sent:
        await alice.post("/goals", {"title": ""})
    assert len(sent) == 1


async def test_a_key_costs_a_lock_a_look_and_a_row(
    factory: Factory, statements: Statements
) -> None:
    alice = await factory.person("Alice")
    key = {"Idempotency-Key": "counted"}

    async with statements.recording() as sent:
        data_of(await alice.post("/goals", {"title": "a"}, headers=key), 201)
    assert len(sent) == 3 + 3
    async with statements.recording() as sent:
        data_of(await alice.post("/goals", {"title": "a"}, headers=key), 201)
    assert len(sent) == 3


async def test_archiving_a_goal_costs_the_same_however_many_systems_it_has(
    factory: Factory, statements: Statements
) -> None:
    alice = await factory.person("Alice")
    counts = []
    for number in (1, 5):
        goal = await factory.goal(alice)
        for _ in range(number):
            system = await factory.system(alice, goalId=goal["id"])
            await factory.checkin(alice, system["id"])
        for archived in (True, False):
            async with statements.recording() as sent:
                data_of(await alice.put(f"/goals/{goal['id']}", {"isArchived": archived}))
            counts.append(len(sent))

    assert counts == [9, 10, 9, 10]


async def test_what_changes_and_deletions_cost(factory: Factory, statements: Statements) -> None:
    alice, _ = await factory.partners()
    goal = await factory.goal(alice)
    system = await factory.system(alice, goalId=goal["id"])
    weekly = {"frequency": "weekly", "frequencyDetails": {"timesPerWeek": 2}}
    counts = {}

    for name, method, path, body in (
        ("goal", "PATCH", f"/goals/{goal['id']}", {"title": "a"}),
        ("goal achieved", "PATCH", f"/goals/{goal['id']}", {"status": "achieved"}),
        ("system", "PATCH", f"/systems/{system['id']}", {"title": "a"}),
        ("schedule", "PATCH", f"/systems/{system['id']}", weekly),
        ("pause", "PATCH", f"/systems/{system['id']}", {"status": "paused"}),
        ("end of pause", "PATCH", f"/systems/{system['id']}", {"status": "active"}),
        ("system deleted", "DELETE", f"/systems/{system['id']}", None),
        ("goal deleted", "DELETE", f"/goals/{goal['id']}", None),
    ):
        async with statements.recording() as sent:
            answer = await alice.client.request(method, f"/api/v1{path}", json=body)
        assert answer.status_code in (200, 204), answer.text
        counts[name] = len(sent)

    assert counts == {
        "goal": 6,
        "goal achieved": 7,
        "system": 5,
        "schedule": 8,
        "pause": 8,
        "end of pause": 9,
        "system deleted": 2,
        "goal deleted": 2,
    }
