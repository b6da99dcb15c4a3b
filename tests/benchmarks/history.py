"""The second benchmark: what a long history costs one pair of people.

Run `uv run python -m tests.benchmarks.history` (about a minute). Three databases hold the same two
partners with twenty systems each: some daily, some on weekdays, some a number of times a week. They
have checked in and reflected for 37 days, for a year and for ten years. They have sent each other
50, 500 and 5,000 messages, got as many notifications each, and commented on as many check-ins. Each
endpoint is called through the whole application in this process, the sizes in turn, after a first
call that may write what later ones profit from.

How to read the table: *queries* are the statements of one request, *rows* what the database took
from tables and indexes for them (sequential scans and index scans, as its statistics count), *ms*
is the median. *Growth* is the median at ten years as a share of that at 37 days: what a dashboard
or list costs must not depend on how long somebody has been here. An endpoint that is asked for a
longer range reads that range.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median
from time import perf_counter
from typing import Any

import asyncpg
import httpx
from fastapi import FastAPI
from sqlalchemy import event, text

from app.db.migrations import upgrade_to_head
from app.local.postgres import EmbeddedPostgres
from tests.conftest import FAST_AND_FORGETFUL, TUESDAY_MORNING, running_app, settings_for
from tests.factories import Factory, Person
from tests.support import FrozenClock

SIZES = {"37 days": (37, 50), "1 year": (365, 500), "10 years": (3653, 5000)}
SYSTEMS = 20
ROUNDS = 40

_SCHEDULES: tuple[dict[str, Any], ...] = (
    {"frequency": "daily"},
    {"frequency": "daily"},
    {"frequency": "weekly", "frequencyDetails": {"daysOfWeek": [0, 2, 4]}},
    {"frequency": "weekly", "frequencyDetails": {"timesPerWeek": 3}},
)
# About one date in twelve is missed and one in seventeen skipped; today is free.
_HISTORY = """
INSERT INTO checkins (user_id, system_id, partnership_id, checkin_timestamp_utc,
                      checkin_date_local, checkin_timezone, status)
SELECT s.user_id, s.id, u.current_partnership_id, d, d::date, 'UTC',
       CASE WHEN hashtext(s.id::text || d) % 17 = 0 THEN 'skipped'
            WHEN s.verification_required THEN 'verified_completed' ELSE 'completed' END
FROM systems s JOIN users u ON u.id = s.user_id,
     generate_series(s.created_at, s.created_at + ($1 - 1) * interval '1 day', '1 day') d
WHERE hashtext(d || s.id::text) % 12 <> 0
"""
_REFLECTIONS = """
INSERT INTO reflections (user_id, partnership_id, reflection_date_local, content, created_at)
SELECT u.id, u.current_partnership_id, d::date, 'Slept badly, ran anyway.', d
FROM users u, generate_series(timestamptz '2026-03-09 20:00Z' - ($1 - 1) * interval '1 day',
                              '2026-03-09 20:00Z', '1 day') d
"""
_MESSAGES = """
INSERT INTO direct_messages (partnership_id, sender_id, text_content, sent_at_utc, read_at_utc)
SELECT u.current_partnership_id, u.id, 'How did it go?', sent_at, sent_at
FROM users u, generate_series(1, $1::int / 2) n,
     LATERAL (SELECT timestamptz '2026-03-09 20:00Z' - n * interval '1 hour' AS sent_at) _
"""
_NOTIFICATIONS = """
INSERT INTO notifications (recipient_id, actor_user_id, type, title, message, link_to, target_type,
                           is_read, created_at)
SELECT u.id, other.id, 'partner_checkin_completed', 'Partner checked in', 'Bob completed a run.',
       '/partnership?tab=activity', 'checkin', n > 10,
       timestamptz '2026-03-09 20:00Z' - n * interval '1 minute'
FROM users u JOIN users other ON other.id <> u.id, generate_series(1, $1::int) n
"""
# Twenty on one goal; the others are each about something else.
_COMMENTS = """
INSERT INTO comments (user_id, text_content, target_type, target_id, created_at)
SELECT user_id, 'Well done.', 'goal', id, timestamptz '2026-03-09 20:00Z' - n * interval '1 hour'
FROM goals, generate_series(1, 20) n WHERE id = $2::uuid
UNION ALL
(SELECT user_id, 'Well done.', 'checkin', id, checkin_timestamp_utc FROM checkins LIMIT $1)
"""
_ROWS = """
SELECT (SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_user_tables)
     + (SELECT coalesce(sum(greatest(idx_tup_read, idx_tup_fetch)), 0) FROM pg_stat_user_indexes)
"""
_NEW_CHECKINS = "DELETE FROM checkins WHERE checkin_date_local = :today"

Call = Callable[["Pair", int], Awaitable[httpx.Response]]


@dataclass
class Pair:
    """Two partners in a database of their own; `system_ids` are the first one's."""

    app: FastAPI
    alice: Person
    bob: Person
    system_ids: list[str]
    goal_id: str
    statements: int = 0
    milliseconds: list[float] = field(default_factory=list)

    async def forget_today(self) -> None:
        async with self.app.state.database.engine.begin() as connection:
            await connection.execute(text(_NEW_CHECKINS), {"today": TUESDAY_MORNING.date()})

    async def rows_read(self) -> int:
        """As of now: statistics of a session wait until it is told to hand them over."""
        async with self.app.state.database.engine.connect() as connection:
            await connection.execute(text("SELECT pg_stat_force_next_flush()"))
            await connection.commit()
            found = await connection.scalar(text(_ROWS))
            return int(found)


def _get(path: str) -> Call:
    async def call(pair: Pair, _: int) -> httpx.Response:
        return await pair.alice.get(path.format(system=pair.system_ids[0], goal=pair.goal_id))

    return call


async def _check_in(pair: Pair, number: int) -> httpx.Response:
    return await pair.alice.post("/checkins", {"systemId": pair.system_ids[number % SYSTEMS]})


_PATHS = (
    "/goals",
    "/systems",
    "/systems/{system}",
    "/systems/current-schedule",
    "/checkins",
    "/checkins?systemId={system}",
    "/checkins?status=verified_completed",
    "/checkins?from=2026-02-01",
    "/checkins/partner",
    "/messages",
    "/notifications",
    "/notifications?isRead=false",
    "/reflections",
    "/reflections/partner",
    "/comments?targetType=goal&targetId={goal}",
    "/dashboard",
    "/partnerships/partner/systems/today",
    "/partnerships/partner/activity",
    "/tasks/my",
    "/tasks/my/{system}",
    "/progress?dateRangePreset=last30d",
    "/progress?dateRangePreset=last30d&comparePartner=true",
    "/progress/heatmap?year=2026",
)
CALLS: dict[str, Call] = {
    **{f"GET {path}": _get(path) for path in _PATHS},
    "POST /checkins": _check_in,
}


def main() -> None:
    with EmbeddedPostgres(settings=FAST_AND_FORGETFUL | {"autovacuum": "off"}) as server:
        server.create_database("template")
        migration = threading.Thread(target=upgrade_to_head, args=(server.url("template"),))
        migration.start()
        migration.join()
        asyncio.run(_measure_all(server))


async def _measure_all(server: EmbeddedPostgres) -> None:
    clock = FrozenClock(TUESDAY_MORNING)
    async with AsyncExitStack() as stack:
        pairs = []
        for number, (size, (days, sayings)) in enumerate(SIZES.items()):
            name = f"history_{number}"
            server.create_database(name, template="template")
            app = await stack.enter_async_context(
                running_app(settings_for(server.url(name), log_level="ERROR"), clock)
            )
            print(f"{size}: ", end="", flush=True)
            pair = await _pair(app, server.url(name), Factory(app, clock, stack), days, sayings)
            began = perf_counter()
            for person in (pair.alice, pair.bob):
                await person.get("/dashboard")
            first = (perf_counter() - began) * 1000
            print(f"{await _checkins(pair)} check-ins; the first dashboards take {first:.0f} ms")
            pairs.append(pair)
        header = "".join(f" | {size:>8}: queries   rows     ms" for size in SIZES)
        print(f"\n{'endpoint':<58}{header} | growth")
        for name, call in CALLS.items():
            await _measure(name, call, pairs)


async def _pair(app: FastAPI, database_url: str, factory: Factory, days: int, sayings: int) -> Pair:
    alice, bob = await factory.partners()
    today = TUESDAY_MORNING.date()
    age = timedelta(days=days)
    system_ids: list[str] = []
    for person in (bob, alice):
        system_ids.clear()
        goals = [
            await factory.goal(person, targetDate=(today + timedelta(days=60)).isoformat())
            if number % 2
            else await factory.goal(person)
            for number in range(SYSTEMS // 2)
        ]
        for number in range(SYSTEMS):
            system = await factory.system(
                person,
                title=f"Practice {number}",
                goalId=goals[number // 2]["id"],
                verificationRequired=number % 3 == 0,
                **_SCHEDULES[number % len(_SCHEDULES)],
            )
            system_ids.append(system["id"])
    connection = await asyncpg.connect(database_url)
    try:
        for table, column in (
            ("users", "created_at"),
            ("goals", "created_at"),
            ("systems", "created_at"),
            ("partnerships", "activated_at"),
            ("system_schedules", "effective_from"),
        ):
            await connection.execute(f"UPDATE {table} SET {column} = {column} - $1::interval", age)
        await connection.execute("SET session_replication_role = replica")  # without triggers
        await connection.execute(_HISTORY, days)
        await connection.execute(_REFLECTIONS, days)
        await connection.execute(_MESSAGES, sayings)
        await connection.execute(_NOTIFICATIONS, sayings)
        await connection.execute(_COMMENTS, sayings, goals[0]["id"])
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    pair = Pair(app, alice, bob, system_ids, goals[0]["id"])
    _count_statements(pair)
    return pair


def _count_statements(pair: Pair) -> None:
    """What SQLAlchemy executes, and what the application runs on the driver itself."""
    engine = pair.app.state.database.engine.sync_engine
    listened: list[Any] = []

    def count(*_: Any) -> None:
        pair.statements += 1

    def on_checkout(dbapi_connection: Any, *_: Any) -> None:
        driver = dbapi_connection.driver_connection
        if driver not in listened:
            driver.add_query_logger(count)
            listened.append(driver)

    event.listen(engine, "checkout", on_checkout)
    event.listen(engine, "before_cursor_execute", count)


async def _checkins(pair: Pair) -> int:
    async with pair.app.state.database.engine.connect() as connection:
        return int(await connection.scalar(text("SELECT count(*) FROM checkins")))


async def _measure(name: str, call: Call, pairs: list[Pair]) -> None:
    figures = []
    for pair in pairs:
        answer = await call(pair, 0)
        if answer.status_code == 404:
            print(f"{name:<58} | not built yet")
            return
        assert answer.is_success, (name, answer.text)
        for number in range(1, 6):
            await call(pair, number)
        figures.append(await _what_one_costs(pair, call))
        pair.milliseconds.clear()
    for number in range(7, 7 + ROUNDS):
        for pair in pairs:
            if call is _check_in and number % SYSTEMS == 0:
                await pair.forget_today()
            began = perf_counter()
            answer = await call(pair, number)
            pair.milliseconds.append((perf_counter() - began) * 1000)
            assert answer.is_success, (name, answer.text)
    for pair in pairs:
        await pair.forget_today()
    times = [median(pair.milliseconds) for pair in pairs]
    columns = "".join(
        f" | {'':>8}  {queries:>7} {rows:>6} {spent:>6.1f}"
        for (queries, rows), spent in zip(figures, times, strict=True)
    )
    print(f"{name:<58}{columns} | {times[-1] / times[0]:>6.2f}", flush=True)


async def _what_one_costs(pair: Pair, call: Call) -> tuple[int, int]:
    """The statements of one request, and the rows that they read."""
    before = await pair.rows_read()
    of_asking = await pair.rows_read() - before
    before = await pair.rows_read()
    pair.statements = 0
    await call(pair, 6)
    await asyncio.sleep(0.01)  # the driver reports its statements afterwards
    statements = pair.statements
    return statements, await pair.rows_read() - before - of_asking


if __name__ == "__main__":
    main()
