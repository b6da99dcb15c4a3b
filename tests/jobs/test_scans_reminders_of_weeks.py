"""Reminders of systems with a number of times a week: until it is reached, and no longer."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from app.jobs.scans.system_reminders import remind_now
from tests.factories import Factory, Person
from tests.jobs.scanning import run
from tests.support import FrozenClock, data_of, items_of, rows

MONDAY = date(2026, 3, 9)


def times_a_week(number: int) -> dict[str, Any]:
    return {"frequency": "weekly", "frequencyDetails": {"timesPerWeek": number}}


def at_ten(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 10, tzinfo=UTC)


async def change(owner: Person, system: str, **fields: Any) -> None:
    data_of(await owner.patch(f"/systems/{system}", fields))


async def reminded(app: FastAPI) -> list[str]:
    found = await rows(
        app,
        "SELECT target_id FROM notifications WHERE type = 'system_reminder' ORDER BY created_at",
    )
    return [row["target_id"] for row in found]


@pytest.fixture
async def owner(factory: Factory, clock: FrozenClock) -> Person:
    clock.set(at_ten(MONDAY) - timedelta(hours=1))
    return await factory.person()


async def system_of(factory: Factory, owner: Person, number: int) -> str:
    system = await factory.system(
        owner, checkinReminder=True, reminderTimeLocal="10:00", **times_a_week(number)
    )
    return str(system["id"])


async def is_reminded_on(app: FastAPI, clock: FrozenClock, day: date) -> bool:
    clock.set(at_ten(day))
    return await run(app, remind_now) == 1


async def test_a_skip_is_none_of_the_times(
    app: FastAPI, factory: Factory, clock: FrozenClock, owner: Person
) -> None:
    system = await system_of(factory, owner, 1)
    await factory.checkin(owner, system, status="skipped")

    assert not await is_reminded_on(app, clock, MONDAY)
    assert await is_reminded_on(app, clock, MONDAY + timedelta(days=1))
    await factory.checkin(owner, system)
    assert not await is_reminded_on(app, clock, MONDAY + timedelta(days=2))


@pytest.mark.parametrize(("before", "after"), [(3, 1), (1, 3)], ids=["lowered", "raised"])
async def test_in_the_week_of_a_change_the_lower_number_is_enough(
    before: int, after: int, app: FastAPI, factory: Factory, clock: FrozenClock, owner: Person
) -> None:
    system = await system_of(factory, owner, before)
    clock.advance(days=1)
    await factory.checkin(owner, system)
    await change(owner, system, **times_a_week(after))

    assert not await is_reminded_on(app, clock, MONDAY + timedelta(days=2))
    assert await is_reminded_on(app, clock, MONDAY + timedelta(days=7))


async def test_what_is_logged_for_a_date_that_was_paused_is_none_of_the_times(
    app: FastAPI, factory: Factory, clock: FrozenClock, owner: Person
) -> None:
    system = await system_of(factory, owner, 1)
    await change(owner, system, status="paused")
    clock.advance(days=1)
    await change(owner, system, status="active")
    await factory.checkin(owner, system, localDate=MONDAY.isoformat())

    assert await is_reminded_on(app, clock, MONDAY + timedelta(days=1))
    await factory.checkin(owner, system)
    assert not await is_reminded_on(app, clock, MONDAY + timedelta(days=2))


async def test_day_by_day_the_reminders_agree_with_what_is_to_do(
    app: FastAPI, factory: Factory, clock: FrozenClock, owner: Person
) -> None:
    """The statement and `core/system_cards.py` decide the same, each week's number included."""
    skipped, changed, paused = [await system_of(factory, owner, number) for number in (2, 3, 2)]
    expected, found = [], []
    for number in range(14):
        clock.set(at_ten(MONDAY + timedelta(days=number)))
        cards = items_of(await owner.get("/systems/current-schedule"))
        expected.append({card["id"] for card in cards if card["status"] == "todo"})
        before = len(await reminded(app))
        await run(app, remind_now)
        found.append(set((await reminded(app))[before:]))
        clock.advance(hours=1)
        match number:
            case 0:
                await factory.checkin(owner, skipped, status="skipped")
                await factory.checkin(owner, changed)
                await factory.checkin(owner, paused)
            case 1:
                await factory.checkin(owner, skipped)
                await change(owner, paused, status="paused")
            case 2:
                await change(owner, changed, **times_a_week(1))
            case 3:
                await change(owner, paused, status="active")
                yesterday = MONDAY + timedelta(days=2)
                await factory.checkin(owner, paused, localDate=yesterday.isoformat())
            case 4:
                await factory.checkin(owner, skipped)
            case 5:
                await factory.checkin(owner, paused)
            case 7:
                await factory.checkin(owner, paused)
                await change(owner, paused, status="paused")
            case 8:
                await factory.checkin(owner, changed)
            case 9:
                await change(owner, changed, **times_a_week(3))
                await change(owner, paused, status="active")
            case 10:
                await factory.checkin(owner, paused)
    assert found == expected
    assert {len(day) for day in expected} == {0, 1, 2, 3}, "each is due, and each is not"
