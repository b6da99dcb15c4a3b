"""How long each scan takes among 100,000 people in 24 zones, and its plan.

    uv run python -m tests.benchmarks.scans [--people 100000] [--plans DIRECTORY]

The server is the embedded one with its usual settings. A scan is run in a transaction that is
rolled back for EXPLAIN (ANALYZE), and then in earnest, batch by batch, as the worker runs it.
"""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from app.core.config import Settings, parse_database_url
from app.crud import crud_scans, crud_scans_reminders
from app.db.migrations import upgrade_to_head
from app.db.query import Query
from app.db.session import Database, Session
from app.jobs.scans import daily_summary, first_goal, system_reminders, verification_reminder
from app.local.postgres import EmbeddedPostgres
from tests.conftest import settings_for
from tests.support import FrozenClock

ZONES = [
    "Pacific/Pago_Pago",
    "Pacific/Honolulu",
    "America/Anchorage",
    "America/Los_Angeles",
    "America/Denver",
    "America/Chicago",
    "America/New_York",
    "America/Halifax",
    "America/Sao_Paulo",
    "Atlantic/South_Georgia",
    "Atlantic/Azores",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Athens",
    "Europe/Moscow",
    "Asia/Dubai",
    "Asia/Karachi",
    "Asia/Dhaka",
    "Asia/Bangkok",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Pacific/Noumea",
    "Pacific/Auckland",
]
INDEXES = [
    "ix_users_daily_summary",
    "ix_users_without_first_goal_email",
    "ix_checkins_pending_since",
    "ix_systems_reminder",
]
# Berlin: 20:00 of a Wednesday. Somewhere else it is 07:00, the time of most reminders.
NOW = datetime(2026, 3, 11, 19, 0, tzinfo=UTC)

DATA = """
INSERT INTO users (email, name, timezone, is_email_verified, email_verified_at,
                   first_goal_email_sent, last_daily_summary_local_date, notification_preferences)
SELECT n || '@example.com', 'Person ' || n, given.zones[1 + n % 24], n % 20 <> 0,
       (SELECT now FROM given) - n * interval '5 minutes', n % 3 = 0,
       CASE WHEN n % 10 <> 0 THEN ((SELECT now FROM given) - interval '1 day')::date END,
       CASE WHEN n % 7 = 0 THEN '[{"id": "dailySummaryEmail", "enabled": false}]'::jsonb
            ELSE '[]'::jsonb END
FROM given, generate_series(1, given.people) AS n;
INSERT INTO goals (user_id, title, created_at)
SELECT id, 'Run', (SELECT now FROM given) FROM users WHERE hashtext(id::text) % 10 <> 0;
INSERT INTO systems (user_id, title, frequency, frequency_details, metric_type, checkin_reminder,
                     reminder_time_local, verification_required, created_at)
SELECT u.id, 'System ' || n, CASE WHEN n = 1 THEN 'daily' ELSE 'weekly' END,
       CASE n WHEN 2 THEN '{"days_of_week": [0, 2, 4]}'::jsonb
              WHEN 3 THEN '{"times_per_week": 3}'::jsonb END,
       'binary', n <= 2,
       (ARRAY['07:00', '07:30', '08:00', '12:00', '18:15', '21:00'])
           [1 + abs(hashtext(u.id::text || n)) % 6]::time,
       n = 1, (SELECT now FROM given) - interval '60 days'
FROM users u, generate_series(1, 3) AS n;
INSERT INTO system_schedules (system_id, effective_from, frequency, frequency_details)
SELECT id, created_at::date, frequency, frequency_details FROM systems;
INSERT INTO partnerships (user1_id, user2_id, status, activated_at)
SELECT a.id, b.id, 'active', (SELECT now FROM given) - interval '60 days'
FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM users) a
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM users) b
  ON b.place = a.place + 1 AND a.place % 2 = 1;
UPDATE users SET current_partnership_id = p.id
FROM partnerships p WHERE users.id IN (p.user1_id, p.user2_id);
INSERT INTO checkins (user_id, system_id, partnership_id, checkin_timestamp_utc,
                      checkin_date_local, checkin_timezone, status, created_at, updated_at)
SELECT s.user_id, s.id, u.current_partnership_id, at.instant, at.instant::date, 'UTC',
       CASE WHEN s.verification_required AND age < 4 AND hashtext(s.id::text) % 4 = 0
            THEN 'pending_verification' ELSE 'completed' END, at.instant, at.instant
FROM systems s JOIN users u ON u.id = s.user_id, generate_series(0, 9) AS age,
     LATERAL (SELECT (SELECT now FROM given) - age * interval '1 day'
                     - abs(hashtext(s.id::text)) % 480 * interval '1 minute' AS instant) AS at
WHERE s.title <> 'System 2' OR age > 0
"""


@dataclass(frozen=True)
class Measured:
    name: str
    run: Callable[[Session, FrozenClock, Settings], Awaitable[int]]
    query: Query[Any]


_REMIND = crud_scans_reminders.REMIND


def _at(instant: datetime) -> Callable[[Session, FrozenClock, Settings], Awaitable[int]]:
    """The reminders of another time: of most minutes, which are nobody's."""

    async def remind(session: Session, _clock: FrozenClock, settings: Settings) -> int:
        return await system_reminders.remind_now(session, FrozenClock(instant), settings)

    return remind


SCANS = (
    Measured("daily summaries", daily_summary.write_daily_summaries, crud_scans.DAILY_SUMMARY),
    Measured(
        "new check-ins", verification_reminder.remind_of_new_checkins, crud_scans.NEWLY_WAITING
    ),
    Measured(
        "old check-ins", verification_reminder.remind_of_old_checkins, crud_scans.LONG_WAITING
    ),
    Measured("first goal, new", first_goal.encourage_new_people, crud_scans.FIRST_GOAL),
    Measured("first goal, rest", first_goal.encourage_everybody_else, crud_scans.FIRST_GOAL),
    Measured("system reminders", system_reminders.remind_now, _REMIND),
    Measured("reminders, 11:05", _at(datetime(2026, 3, 12, 11, 5, tzinfo=UTC)), _REMIND),
    Measured("late reminders", system_reminders.remind_late, _REMIND),
)


class Explaining:
    """Stands for a session: keeps the first statement's plan, then behaves as one."""

    def __init__(self, session: Session, connection: Any) -> None:
        self._session, self._connection = session, connection
        self.plan = ""
        self.batches: list[float] = []

    async def fetch_all(self, query: Query[Any], /, **parameters: Any) -> list[Any]:
        if not self.plan:
            transaction = self._connection.transaction()
            await transaction.start()
            lines = await self._connection.fetch(
                "EXPLAIN (ANALYZE, BUFFERS) " + query.sql, *query.arguments(parameters)
            )
            await transaction.rollback()
            self.plan = "\n".join(line[0] for line in lines)
        began = time.perf_counter()
        found = await self._session.fetch_all(query, **parameters)
        self.batches.append(time.perf_counter() - began)
        return found


async def measure(url: str, people: int, plans: Path | None) -> None:
    connection = await asyncpg.connect(parse_database_url(url).url.replace("+asyncpg", ""))
    await connection.execute("SET session_replication_role = replica")  # no live events
    await connection.execute("CREATE TEMP TABLE given (people int, zones text[], now timestamptz)")
    await connection.execute("INSERT INTO given VALUES ($1, $2, $3)", people, ZONES, NOW)
    await connection.execute(DATA)
    await connection.execute("SET session_replication_role = origin")
    await connection.execute("VACUUM ANALYZE")
    settings, clock = settings_for(url), FrozenClock(NOW)
    database = Database(settings.database, pool_size=2)
    print(f"{people} people\n{'scan':<18}{'rows':>7}{'batches':>9}{'first':>9}{'total':>9}  again")
    for scan in SCANS:
        async with database.session() as session:
            explaining: Any = Explaining(session, connection)
            written = await scan.run(explaining, clock, settings)
            batches = explaining.batches
            again = Explaining(session, connection)
            again.plan = "none"
            anything: Any = again
            began = time.perf_counter()
            more = await scan.run(anything, clock, settings)
            took = time.perf_counter() - began
        print(
            f"{scan.name:<18}{written:>7}{len(batches):>9}{batches[0] * 1000:>7.0f}ms"
            f"{sum(batches) * 1000:>7.0f}ms  {more} rows in {took * 1000:.0f} ms"
        )
        if plans is not None:
            (plans / f"{scan.name.replace(' ', '-').replace(',', '')}.txt").write_text(
                explaining.plan + "\n"
            )
    used = await connection.fetch(
        "SELECT indexrelname, idx_scan FROM pg_stat_user_indexes WHERE indexrelname = ANY($1)",
        INDEXES,
    )
    print("used indexes:", ", ".join(f"{name} {count}" for name, count in used))
    await connection.close()
    await database.dispose()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--plans", type=Path)
    options = parser.parse_args()
    if options.plans is not None:
        options.plans.mkdir(parents=True, exist_ok=True)
    with EmbeddedPostgres() as server:
        server.create_database("scans")
        url = server.url("scans")
        upgrade_to_head(url)
        asyncio.run(measure(url, options.people, options.plans))


if __name__ == "__main__":
    main()
