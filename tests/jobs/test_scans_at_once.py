"""Two scans find the same person, and one has marked it before the other comes to lock it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.jobs.scans.daily_summary import write_daily_summaries
from app.jobs.scans.first_goal import encourage_everybody_else, encourage_new_people
from app.jobs.scans.system_reminders import remind_late, remind_now
from app.jobs.scans.verification_reminder import remind_of_new_checkins, remind_of_old_checkins
from tests.factories import Factory
from tests.jobs.scanning import Scan, run
from tests.support import FrozenClock, change_rows, count_rows, somebody_waits_for_a_lock

# A statement that marks rows waits for the test before it looks for them, by what it saw at first.
HOLD = (
    "CREATE FUNCTION wait_for_the_test() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$",
    "CREATE TRIGGER waits BEFORE UPDATE ON users EXECUTE FUNCTION wait_for_the_test()",
    "CREATE TRIGGER waits BEFORE UPDATE ON systems EXECUTE FUNCTION wait_for_the_test()",
)
WRITTEN = ("email_outbox", "pgqueuer")
Setup = Callable[[Factory, FrozenClock], Awaitable[None]]


async def _somebody_in_the_evening(factory: Factory, clock: FrozenClock) -> None:
    await factory.system(await factory.person())
    clock.set(datetime(2026, 3, 10, 20, 0, tzinfo=UTC))


async def _old_and_new_checkins(factory: Factory, clock: FrozenClock) -> None:
    _, bob = await factory.partners()
    for hours in (0, 0, 3):
        clock.advance(hours=hours)
        system = await factory.system(bob, verificationRequired=True)
        await factory.checkin(bob, system["id"])


async def _somebody_without_a_goal(factory: Factory, clock: FrozenClock) -> None:
    await factory.person()
    clock.advance(hours=30)


async def _a_system_at_ten(factory: Factory, clock: FrozenClock) -> None:
    reminder = {"checkinReminder": True, "reminderTimeLocal": "10:00"}
    await factory.system(await factory.person(), **reminder)
    clock.advance(hours=1)


@pytest.fixture
async def held(app: FastAPI) -> AsyncIterator[None]:
    for statement in HOLD:
        await change_rows(app, statement)
    yield
    await change_rows(app, "DROP FUNCTION wait_for_the_test CASCADE")


@pytest.mark.parametrize(
    ("prepare", "late", "early", "tables"),
    [
        (_somebody_in_the_evening, write_daily_summaries, write_daily_summaries, WRITTEN),
        (_old_and_new_checkins, remind_of_new_checkins, remind_of_old_checkins, WRITTEN),
        (_old_and_new_checkins, remind_of_old_checkins, remind_of_new_checkins, WRITTEN),
        (_somebody_without_a_goal, encourage_new_people, encourage_everybody_else, WRITTEN),
        (_somebody_without_a_goal, encourage_everybody_else, encourage_new_people, WRITTEN),
        (_a_system_at_ten, remind_now, remind_late, ("notifications",)),
        (_a_system_at_ten, remind_late, remind_now, ("notifications",)),
    ],
    ids=["summary", "new-old", "old-new", "goal", "goal-all", "reminder", "reminder-late"],
)
@pytest.mark.usefixtures("held")
async def test_what_another_scan_marked_meanwhile_is_not_written_again(
    prepare: Setup,
    late: Scan,
    early: Scan,
    tables: tuple[str, ...],
    app: FastAPI,
    factory: Factory,
    clock: FrozenClock,
) -> None:
    await prepare(factory, clock)
    before = await count_rows(app, *tables)
    async with app.state.database.session() as session:
        await session.execute(text("SELECT pg_advisory_xact_lock(1)"))
        waiting = asyncio.create_task(run(app, late))
        await somebody_waits_for_a_lock(app)
        assert await early(session, app.state.clock, app.state.settings) == 1
        await session.commit()

    assert await waiting == 0
    assert await count_rows(app, *tables) == tuple(count + 1 for count in before)
