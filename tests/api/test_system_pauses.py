"""Pausing a system makes dates neutral until it is active again."""

from typing import Any

import pytest
from fastapi import FastAPI

from tests.factories import Factory, Person
from tests.support import FrozenClock, assert_error, count_rows, data_of, rows


async def set_status(person: Person, system: dict[str, Any], status: str) -> None:
    changed = data_of(await person.patch(f"/systems/{system['id']}", {"status": status}))
    assert changed["status"] == status


async def streak(person: Person, system: dict[str, Any]) -> int:
    value: int = data_of(await person.get(f"/systems/{system['id']}"))["currentStreak"]
    return value


async def pauses(app: FastAPI) -> list[tuple[str, str | None]]:
    found = await rows(app, "SELECT * FROM system_pauses ORDER BY starts_on")
    return [
        (f"{row['starts_on']:%m-%d}", f"{row['ends_on']:%m-%d}" if row["ends_on"] else None)
        for row in found
    ]


@pytest.mark.parametrize("status", ["paused", "inactive"])
@pytest.mark.parametrize(
    ("log", "starts_on"),
    [
        (None, "03-10"),
        ({}, "03-11"),
        ({"status": "skipped"}, "03-11"),
        ({"localDate": "2026-03-09"}, "03-10"),
    ],
    ids=["nothing logged", "done today", "skipped today", "done yesterday"],
)
async def test_a_pause_begins_on_the_first_date_that_is_not_logged(
    factory: Factory, app: FastAPI, status: str, log: Any, starts_on: str
) -> None:
    alice, _ = await factory.partners()
    system = await factory.system(alice)
    if log is not None:
        await factory.checkin(alice, system["id"], **log)
    notified = await count_rows(app, "notifications")

    await set_status(alice, system, status)

    assert await pauses(app) == [(starts_on, None)]
    refused = await alice.post("/checkins", {"systemId": system["id"]})
    assert_error(refused, 409, "system_not_active")
    assert await count_rows(app, "notifications", "system_schedules") == (*notified, 1)


async def test_three_days_of_pause_at_a_streak_of_ten_then_done_make_eleven(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)
    for _ in range(10):
        await factory.checkin(alice, system["id"])
        clock.advance(days=1)
    assert await streak(alice, system) == 10

    await set_status(alice, system, "paused")  # 20 March
    clock.advance(days=3)
    await set_status(alice, system, "active")
    assert await streak(alice, system) == 10
    await factory.checkin(alice, system["id"])

    assert await streak(alice, system) == 11
    assert await pauses(app) == [("03-20", "03-23")]


async def test_from_the_day_it_is_active_again_a_missed_date_is_a_miss(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)
    await factory.checkin(alice, system["id"])
    await set_status(alice, system, "paused")
    clock.advance(days=30)
    assert await streak(alice, system) == 1

    await set_status(alice, system, "active")
    clock.advance(days=1, hours=2, minutes=59)  # 11:59: the day is open
    assert await streak(alice, system) == 1
    clock.advance(minutes=1)
    assert await streak(alice, system) == 0


async def test_what_was_logged_on_the_day_of_the_pause_still_counts(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)
    await factory.checkin(alice, system["id"])
    clock.advance(days=1)
    await factory.checkin(alice, system["id"])

    await set_status(alice, system, "paused")

    assert await streak(alice, system) == 2
    clock.advance(days=10)
    assert await streak(alice, system) == 2


async def test_a_pause_that_has_not_begun_leaves_no_trace(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    untouched, logged = await factory.system(alice), await factory.system(alice)
    await factory.checkin(alice, logged["id"])

    for system in (untouched, logged):
        await set_status(alice, system, "paused")
        await set_status(alice, system, "active")

    assert await pauses(app) == []
    clock.advance(days=3)
    assert await streak(alice, logged) == 0


async def test_paused_and_inactive_continue_the_same_pause(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)

    for status in ("paused", "inactive", "inactive", "paused"):
        await set_status(alice, system, status)
        clock.advance(days=1)
    assert await pauses(app) == [("03-10", None)]
    await set_status(alice, system, "active")
    await set_status(alice, system, "active")

    assert await pauses(app) == [("03-10", "03-14")]


async def test_a_system_that_began_at_rest_asks_for_nothing_before_it_is_woken(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    goal = await factory.goal(alice, startDate="2026-03-10", targetDate="2026-03-19")
    system = await factory.system(alice, goalId=goal["id"], status="inactive")
    clock.advance(days=5)

    await set_status(alice, system, "active")
    await factory.checkin(alice, system["id"])

    assert await pauses(app) == [("03-10", "03-15")]
    assert data_of(await alice.get(f"/goals/{goal['id']}"))["progressValue"] == 20


async def test_the_owners_today_decides(factory: Factory, app: FastAPI, clock: FrozenClock) -> None:
    clock.advance(hours=7)  # Wednesday, 05:00 in Auckland
    alice = await factory.person("Alice", timezone="Pacific/Auckland")
    system = await factory.system(alice)

    await set_status(alice, system, "paused")
    clock.advance(hours=19)  # Thursday, 00:00
    await set_status(alice, system, "active")

    assert await pauses(app) == [("03-11", "03-12")]


async def test_pausing_after_travelling_west_keeps_the_date_that_was_lived_already(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    clock.advance(hours=7)  # Wednesday, 05:00 in Auckland; Tuesday, 06:00 in Honolulu
    alice = await factory.person("Alice", timezone="Pacific/Auckland")
    system = await factory.system(alice)
    await factory.checkin(alice, system["id"])
    data_of(await alice.put("/users/me", {"timezone": "Pacific/Honolulu"}))

    await set_status(alice, system, "paused")

    assert await pauses(app) == [("03-12", None)]
    clock.advance(days=5)
    assert await streak(alice, system) == 1


async def test_a_schedule_may_change_during_a_pause(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)
    await factory.checkin(alice, system["id"])
    weekly = {"frequency": "weekly", "frequencyDetails": {"daysOfWeek": [1]}}
    data_of(await alice.put(f"/systems/{system['id']}", weekly | {"status": "paused"}))

    clock.advance(days=7)  # Tuesday
    await set_status(alice, system, "active")
    await factory.checkin(alice, system["id"])
    clock.advance(days=6)

    assert await streak(alice, system) == 2
    assert await pauses(app) == [("03-11", "03-17")]


async def test_a_week_that_was_paused_in_part_breaks_no_streak(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice, frequency="weekly", frequencyDetails={"timesPerWeek": 2})
    for _ in range(2):  # the week of 9 March is met
        await factory.checkin(alice, system["id"])
        clock.advance(days=1)
    clock.advance(days=5)  # Tuesday 17 March
    await factory.checkin(alice, system["id"])
    await set_status(alice, system, "paused")

    clock.advance(days=14)
    assert await streak(alice, system) == 1
    await set_status(alice, system, "active")  # Tuesday 31 March: this week is cut as well
    clock.advance(days=7)
    assert await streak(alice, system) == 1
    clock.advance(days=7)  # a whole week with nothing done
    assert await streak(alice, system) == 0
