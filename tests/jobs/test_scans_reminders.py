"""Reminders of systems: at their time on the owner's clock, if due and not logged, once a date."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from app.core.local_time import local_instant
from app.jobs.scans.system_reminders import remind_late, remind_now
from tests.factories import Factory, Person
from tests.jobs.scanning import Scan, deactivate, run, switch
from tests.support import RACE_ROUNDS, FrozenClock, change_rows, data_of, items_of, rows

# Minutes before and after: also those in which an hour, or half of one, is lived again.
AROUND = (-121, -61, -31, -16, -2, -1, 0, 1, 2, 3, 14, 15, 29, 30, 31, 59, 60, 61, 62, 119, 120)
AT_TEN = datetime(2026, 3, 10, 10, 0, tzinfo=UTC)


async def system_at(factory: Factory, owner: Person, at: str = "10:00", **fields: Any) -> str:
    body = {"checkinReminder": True, "reminderTimeLocal": at} | fields
    return str((await factory.system(owner, **body))["id"])


async def reminded(app: FastAPI) -> list[str]:
    """The ids of systems, in the order in which their owners were reminded."""
    found = await rows(
        app,
        "SELECT target_id FROM notifications WHERE type = 'system_reminder'"
        " ORDER BY created_at, target_id",
    )
    return [row["target_id"] for row in found]


async def test_the_owner_is_reminded_at_the_time_and_once(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    system = await system_at(factory, alice, title="Morning run")
    clock.set(AT_TEN - timedelta(seconds=1))
    assert await run(app, remind_now) == 0
    clock.set(AT_TEN)

    assert await run(app, remind_now) == 1
    for _ in range(9):
        clock.advance(minutes=20)
        assert await run(app, remind_now) == 0
    assert await run(app, remind_late) == 0

    (note,) = items_of(await alice.get("/notifications"))
    assert note["type"] == "system_reminder"
    assert note["message"] == "It is time for 'Morning run'."
    assert (note["icon"], note["actionLink"]) == ("AlarmClock", "/dashboard")
    assert note["target"] == {"type": "system", "id": system, "name": "Morning run"}
    assert note["timestamp"] == "2026-03-10T10:00:00Z"
    assert items_of(await bob.get("/notifications")) == []
    read = data_of(await alice.get(f"/systems/{system}"))
    assert read["updatedAt"] == "2026-03-10T09:00:00Z"


@pytest.mark.parametrize(
    ("zone", "day", "at", "instant"),
    [
        ("America/New_York", date(2026, 3, 8), "02:30", datetime(2026, 3, 8, 7, 0, tzinfo=UTC)),
        (
            "America/Los_Angeles",
            date(2026, 11, 1),
            "01:30",
            datetime(2026, 11, 1, 8, 30, tzinfo=UTC),
        ),
        (
            "Australia/Lord_Howe",
            date(2026, 10, 4),
            "02:15",
            datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
        ),
        (
            "Australia/Lord_Howe",
            date(2026, 4, 5),
            "01:45",
            datetime(2026, 4, 4, 14, 45, tzinfo=UTC),
        ),
        ("Asia/Kathmandu", date(2026, 3, 12), "00:00", datetime(2026, 3, 11, 18, 15, tzinfo=UTC)),
        ("Europe/Berlin", date(2026, 3, 29), "02:00", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
    ],
    ids=["gap", "twice", "half an hour's gap", "half an hour twice", "midnight", "gap begins"],
)
async def test_a_time_that_does_not_exist_or_occurs_twice_reminds_once_at_the_right_instant(
    zone: str,
    day: date,
    at: str,
    instant: datetime,
    app: FastAPI,
    factory: Factory,
    clock: FrozenClock,
) -> None:
    clock.set(instant - timedelta(hours=20))
    owner = await factory.person(timezone=zone)
    system = await system_at(factory, owner, at)
    assert local_instant(day, time.fromisoformat(at), zone) == instant
    written = []
    for minutes in AROUND:
        clock.set(instant + timedelta(minutes=minutes))
        if await run(app, remind_now):
            written.append(clock.now())
    assert written == [instant]
    assert await run(app, remind_late) == 0
    assert await reminded(app) == [system]


Change = Callable[[FastAPI, Factory, Person, str], Awaitable[object]]


async def _check_in(app: FastAPI, factory: Factory, owner: Person, system: str) -> object:
    return await factory.checkin(owner, system)


async def _skip(app: FastAPI, factory: Factory, owner: Person, system: str) -> object:
    return await factory.checkin(owner, system, status="skipped")


async def _pause(app: FastAPI, factory: Factory, owner: Person, system: str) -> object:
    return data_of(await owner.patch(f"/systems/{system}", {"status": "paused"}))


async def _stop_reminding(app: FastAPI, factory: Factory, owner: Person, system: str) -> object:
    return data_of(await owner.patch(f"/systems/{system}", {"checkinReminder": False}))


async def _archive(app: FastAPI, factory: Factory, owner: Person, system: str) -> object:
    goal = data_of(await owner.get(f"/systems/{system}"))["goalId"]
    return data_of(await owner.patch(f"/goals/{goal}", {"isArchived": True}))


async def _switch_off(app: FastAPI, factory: Factory, owner: Person, system: str) -> None:
    await switch(owner, "reminders", enabled=False)


async def _close(app: FastAPI, factory: Factory, owner: Person, system: str) -> None:
    await deactivate(app, owner)


async def _move(app: FastAPI, factory: Factory, owner: Person, system: str) -> object:
    return data_of(await owner.patch("/users/me", {"timezone": "Asia/Tokyo"}))


@pytest.mark.parametrize(
    "change",
    [_check_in, _skip, _pause, _stop_reminding, _archive, _switch_off, _close, _move],
    ids=lambda change: change.__name__.strip("_").replace("_", " "),
)
async def test_nobody_is_reminded_of_what_is_logged_or_not_asked_for(
    change: Change, app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    owner = await factory.person()
    goal = await factory.goal(owner)
    system = await system_at(factory, owner, goalId=goal["id"])
    await change(app, factory, owner, system)
    clock.set(AT_TEN)

    assert await run(app, remind_now) == 0
    assert await run(app, remind_late) == 0
    assert await reminded(app) == []


async def test_who_is_reminded_agrees_with_the_schedule_day_by_day(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    """The statement and `core/system_cards.py` decide the same, through changes and pauses."""
    owner = await factory.person(timezone="Europe/Berlin")
    await system_at(factory, owner)
    await system_at(factory, owner, frequency="weekly", frequencyDetails={"daysOfWeek": [0, 2, 5]})
    thrice = await system_at(
        factory, owner, frequency="weekly", frequencyDetails={"timesPerWeek": 3}
    )
    daily = await system_at(
        factory, owner, frequency="weekly", frequencyDetails={"timesPerWeek": 7}
    )
    changed = await system_at(factory, owner)
    paused = await system_at(
        factory, owner, frequency="weekly", frequencyDetails={"timesPerWeek": 2}
    )
    expected: list[set[str]] = []
    found: list[set[str]] = []
    for number in range(21):
        clock.set(datetime(2026, 3, 11, 9, 0, tzinfo=UTC) + timedelta(days=number))  # 10:00 there
        if clock.now() >= datetime(2026, 3, 29, 1, 0, tzinfo=UTC):
            clock.advance(hours=-1)
        cards = items_of(await owner.get("/systems/current-schedule"))
        expected.append({card["id"] for card in cards if card["status"] == "todo"})
        before = len(await reminded(app))
        await run(app, remind_now)
        found.append(set((await reminded(app))[before:]))
        clock.advance(hours=2)
        if number % 7 in (0, 2, 3, 6):
            await factory.checkin(owner, thrice)
        if number % 2:
            await factory.checkin(owner, daily)
        if number == 4:
            details = {"frequency": "weekly", "frequencyDetails": {"timesPerWeek": 1}}
            data_of(await owner.patch(f"/systems/{changed}", details))
        if number == 6:
            await factory.checkin(owner, changed)
        if number == 9:
            details = {"frequency": "weekly", "frequencyDetails": {"daysOfWeek": [6]}}
            data_of(await owner.patch(f"/systems/{changed}", details))
        if number in (3, 12):
            data_of(await owner.patch(f"/systems/{paused}", {"status": "paused"}))
        if number in (5, 15):
            data_of(await owner.patch(f"/systems/{paused}", {"status": "active"}))
        if number == 16:
            await factory.checkin(owner, paused)
    assert found == expected
    assert len(set(map(frozenset, expected))) > 1


async def test_a_system_made_after_its_time_reminds_from_tomorrow_on(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    owner = await factory.person()
    clock.set(AT_TEN + timedelta(minutes=1))
    await system_at(factory, owner)

    assert await run(app, remind_now) == 0
    assert await run(app, remind_late) == 0
    clock.set(AT_TEN + timedelta(days=1))
    assert await run(app, remind_now) == 1


@pytest.mark.parametrize(
    ("scan", "seconds"), [(remind_now, 3 * 60), (remind_late, 2 * 3600)], ids=["now", "late"]
)
async def test_a_scan_that_comes_late_still_reminds_for_a_while(
    scan: Scan, seconds: int, app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    owner = await factory.person()
    await system_at(factory, owner, "09:59")  # too long ago for either
    system = await system_at(factory, owner)
    clock.set(AT_TEN + timedelta(seconds=seconds))
    assert await run(app, scan) == 0
    clock.advance(seconds=-1)

    assert await run(app, scan) == 1
    assert await reminded(app) == [system]


async def test_after_an_outage_reminders_of_the_last_two_hours_are_made_up_for(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    owner = await factory.person()
    system, lost = await system_at(factory, owner), await system_at(factory, owner, "09:15")
    clock.set(AT_TEN + timedelta(minutes=90))

    assert await run(app, remind_now) == 0
    assert await run(app, remind_late) == 1
    assert await reminded(app) == [system]
    assert lost not in await reminded(app)


async def test_of_scans_at_once_one_reminds(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    owner = await factory.person()
    await change_rows(
        app,
        "INSERT INTO systems (user_id, title, frequency, metric_type, checkin_reminder,"
        " reminder_time_local, created_at) SELECT :id, n::text, 'daily', 'binary', true, '10:00',"
        " '2026-03-01' FROM generate_series(1, 100) AS n",
        id=owner.id,
    )
    await change_rows(
        app,
        "INSERT INTO system_schedules (system_id, effective_from, frequency)"
        " SELECT id, '2026-03-01', 'daily' FROM systems",
    )
    clock.set(AT_TEN)
    for number in range(1, RACE_ROUNDS + 1):
        scans = (remind_now, remind_late) * 2
        assert sum(await asyncio.gather(*(run(app, scan) for scan in scans))) == 100
        assert len(await reminded(app)) == 100 * number
        assert len(set(await reminded(app))) == 100
        clock.advance(days=1)
