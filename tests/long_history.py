"""Years of check-ins, written by SQL: no operation checks in on closed dates."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import text

from app.core.schedule import SystemHistory
from app.services.person_history import HistoryReader, PersonHistory
from tests.factories import Person
from tests.support import FrozenClock, change_rows, rows

TODAY = date(2026, 3, 10)  # a Tuesday
TEN_YEARS = 3653
UNTIL = date(2026, 3, 2)  # the Monday at least seven days before TODAY

_INSERT = """
INSERT INTO checkins (user_id, system_id, checkin_timestamp_utc, checkin_date_local,
                      checkin_timezone, status)
SELECT s.user_id, s.id, d, d::date, 'UTC',
       CASE WHEN d::date = ANY(:skipped) THEN 'skipped' ELSE 'completed' END
FROM systems s, generate_series(CAST(:begun AS timestamptz), :ended, interval '1 day') d
WHERE s.id = :id AND d::date <> ALL(:missed)
"""


async def lived(
    app: FastAPI,
    system: dict[str, Any],
    days: int = TEN_YEARS,
    *,
    skipped: tuple[date, ...] = (),
    missed: tuple[date, ...] = (),
) -> None:
    """Let a system have begun `days` dates before today and be checked in on up to yesterday."""
    begun, system_id = TODAY - timedelta(days=days), UUID(system["id"])
    await change_rows(
        app,
        "UPDATE system_schedules SET effective_from = :begun WHERE system_id = :id",
        begun=begun,
        id=system_id,
    )
    async with app.state.database.engine.begin() as connection:
        await connection.execute(
            text(_INSERT),
            {
                "id": system_id,
                "begun": begun,
                "ended": TODAY - timedelta(days=1),
                "skipped": list(skipped),
                "missed": list(missed),
            },
        )


async def history_of(
    app: FastAPI, clock: FrozenClock, person: Person, *, since: date | None = None
) -> PersonHistory:
    async with app.state.database.session() as session:
        return await HistoryReader(session, clock).of_person(person.id, since=since)


async def checkpoints(app: FastAPI) -> list[Any]:
    return await rows(app, "SELECT until, longest, running, systems FROM streak_checkpoints")


def oldest_of(history: SystemHistory) -> date:
    return min(history.credited | history.skipped)
