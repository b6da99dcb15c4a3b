"""Reminders whose time is moved: the new time counts from its next occurrence on."""

from typing import Any

import pytest
from fastapi import FastAPI

from app.jobs.scans.system_reminders import remind_late, remind_now
from tests.factories import Factory
from tests.jobs.scanning import run
from tests.support import FrozenClock, data_of

# It is 10:00 where the owner lives, a day after the system was made.
CHANGES: list[Any] = [
    pytest.param({"reminderTimeLocal": "20:00"}, {"reminderTimeLocal": "09:00"}, id="moved"),
    pytest.param(
        {"reminderTimeLocal": "09:00", "checkinReminder": False},
        {"checkinReminder": True},
        id="switched on",
    ),
    pytest.param({}, {"reminderTimeLocal": "09:00", "checkinReminder": True}, id="given a time"),
]


@pytest.mark.parametrize(("before", "change"), CHANGES)
@pytest.mark.parametrize("timezone", ["UTC", "Asia/Tokyo"])
async def test_a_time_that_is_over_today_reminds_from_tomorrow_on(
    before: dict[str, Any],
    change: dict[str, Any],
    timezone: str,
    app: FastAPI,
    factory: Factory,
    clock: FrozenClock,
) -> None:
    alice = await factory.person("Alice", timezone=timezone)
    if timezone == "Asia/Tokyo":
        clock.advance(hours=15)
    system = await factory.system(alice, **({"checkinReminder": bool(before)} | before))
    clock.advance(hours=25)

    data_of(await alice.put(f"/systems/{system['id']}", change))
    for scan in (remind_now, remind_late):
        assert await run(app, scan) == 0
    clock.advance(minutes=22)
    assert await run(app, remind_late) == 0

    clock.advance(hours=22, minutes=38)
    assert await run(app, remind_now) == 1


async def test_a_time_that_is_still_to_come_reminds_today(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice, checkinReminder=True, reminderTimeLocal="20:00")
    clock.advance(hours=25)

    data_of(await alice.put(f"/systems/{system['id']}", {"reminderTimeLocal": "10:05"}))

    assert await run(app, remind_late) == 0
    clock.advance(minutes=5)
    assert await run(app, remind_now) == 1


async def test_shortly_after_midnight_a_late_time_is_not_that_of_the_day_before(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice, reminderTimeLocal="23:30")
    clock.advance(hours=15, minutes=10)  # 00:10

    data_of(await alice.put(f"/systems/{system['id']}", {"checkinReminder": True}))

    clock.advance(minutes=12)
    assert await run(app, remind_late) == 0
    clock.advance(hours=23, minutes=8)
    assert await run(app, remind_now) == 1


async def test_what_has_nothing_to_do_with_the_reminder_leaves_todays_to_come(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice, checkinReminder=True, reminderTimeLocal="09:59")
    clock.advance(hours=25)
    body = {"title": "Evening run", "reminderTimeLocal": "09:59", "checkinReminder": True}

    data_of(await alice.put(f"/systems/{system['id']}", body))

    assert await run(app, remind_late) == 1
