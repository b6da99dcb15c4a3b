"""A changed schedule applies from tomorrow on; the past keeps the one it had."""

from typing import Any

import pytest
from fastapi import FastAPI

from tests.factories import Factory, Person
from tests.support import FrozenClock, data_of, rows

DAILY = {"frequency": "daily"}
TUESDAYS = {"frequency": "weekly", "frequencyDetails": {"daysOfWeek": [1]}}
THRICE = {"frequency": "weekly", "frequencyDetails": {"timesPerWeek": 3}}


async def change(person: Person, system: dict[str, Any], body: Any) -> dict[str, Any]:
    changed: dict[str, Any] = data_of(await person.patch(f"/systems/{system['id']}", body))
    return changed


async def streak(person: Person, system: dict[str, Any]) -> int:
    value: int = data_of(await person.get(f"/systems/{system['id']}"))["currentStreak"]
    return value


async def schedules(app: FastAPI) -> list[tuple[str, str, Any]]:
    found = await rows(app, "SELECT * FROM system_schedules ORDER BY system_id, effective_from")
    return [
        (f"{row['effective_from']:%m-%d}", row["frequency"], row["frequency_details"])
        for row in found
    ]


async def test_a_change_waits_for_tomorrow_and_is_shown_at_once(
    factory: Factory, app: FastAPI
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)

    changed = await change(alice, system, TUESDAYS)

    assert changed["frequency"] == "weekly"
    assert changed["frequencyDetails"] == {"daysOfWeek": [1]}
    assert changed["scheduleDescription"] == "Tue"
    assert await schedules(app) == [
        ("03-10", "daily", None),
        ("03-11", "weekly", {"days_of_week": [1]}),
    ]


async def test_a_second_change_replaces_the_waiting_one_and_changing_back_removes_it(
    factory: Factory, app: FastAPI
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)

    await change(alice, system, TUESDAYS)
    await change(alice, system, THRICE)
    assert await schedules(app) == [
        ("03-10", "daily", None),
        ("03-11", "weekly", {"times_per_week": 3}),
    ]
    changed = await change(alice, system, DAILY)

    assert changed["scheduleDescription"] == "Every day"
    assert await schedules(app) == [("03-10", "daily", None)]


async def test_sending_the_same_schedule_again_never_moves_it(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)
    await change(alice, system, TUESDAYS)
    before = await schedules(app)

    for _ in range(3):
        await change(alice, system, TUESDAYS | {"title": "Again"})
        clock.advance(days=1)

    assert await schedules(app) == before


async def test_each_day_may_bring_a_change_and_all_are_kept(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)

    for schedule in (TUESDAYS, THRICE, DAILY):
        await change(alice, system, schedule)
        clock.advance(days=1)

    assert [(day, kind) for day, kind, _ in await schedules(app)] == [
        ("03-10", "daily"),
        ("03-11", "weekly"),
        ("03-12", "weekly"),
        ("03-13", "daily"),
    ]


async def test_the_owners_tomorrow_decides(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    clock.advance(hours=7)  # Wednesday, 05:00 in Auckland
    alice = await factory.person("Alice", timezone="Pacific/Auckland")
    system = await factory.system(alice)

    await change(alice, system, TUESDAYS)

    assert [day for day, *_ in await schedules(app)] == ["03-11", "03-12"]


async def test_a_change_after_travelling_west_leaves_the_first_day_its_schedule(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    clock.advance(hours=7)  # Wednesday, 05:00 in Auckland; Tuesday, 06:00 in Honolulu
    alice = await factory.person("Alice", timezone="Pacific/Auckland")
    system = await factory.system(alice)
    data_of(await alice.put("/users/me", {"timezone": "Pacific/Honolulu"}))

    await change(alice, system, TUESDAYS)

    assert [(day, kind) for day, kind, _ in await schedules(app)] == [
        ("03-11", "daily"),
        ("03-12", "weekly"),
    ]


async def test_a_streak_keeps_the_past_when_less_is_asked_for(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)
    for _ in range(4):  # Tuesday to Friday
        await factory.checkin(alice, system["id"])
        clock.advance(days=1)

    await change(alice, system, TUESDAYS)  # on Saturday, which is still a daily one
    assert await streak(alice, system) == 4
    await factory.checkin(alice, system["id"])
    clock.advance(days=2)  # Monday: Sunday asked for nothing
    assert await streak(alice, system) == 5
    clock.advance(days=1)
    await factory.checkin(alice, system["id"])
    assert await streak(alice, system) == 6


async def test_today_is_still_asked_for_what_it_was(factory: Factory, clock: FrozenClock) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)
    await factory.checkin(alice, system["id"])
    clock.advance(days=1)

    await change(alice, system, TUESDAYS)  # on Wednesday, without a check-in
    clock.advance(days=1, hours=2)  # Thursday, 11:00: Wednesday is open until noon
    assert await streak(alice, system) == 1
    clock.advance(hours=1)
    assert await streak(alice, system) == 0


async def test_a_streak_is_no_longer_when_more_is_asked_for(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice, **TUESDAYS)
    for _ in range(3):
        await factory.checkin(alice, system["id"])
        clock.advance(days=7)

    await change(alice, system, DAILY)  # on the fourth Tuesday

    assert await streak(alice, system) == 3
    await factory.checkin(alice, system["id"])
    clock.advance(days=1)
    await factory.checkin(alice, system["id"])
    assert await streak(alice, system) == 5
    clock.advance(days=3)
    assert await streak(alice, system) == 0


@pytest.mark.parametrize(
    ("start", "later", "expected"),
    [
        # Ten dates from Tuesday 10 to Thursday 19 March, of which three are done.
        (DAILY, DAILY, 30),
        # Tuesday to Thursday daily; then Tuesday the 17th.
        (DAILY, TUESDAYS, 75),
        # Tuesday the 10th; then Friday to Thursday.
        (TUESDAYS, DAILY, 13),
    ],
)
async def test_the_progress_of_a_goal_keeps_the_past(
    factory: Factory,
    clock: FrozenClock,
    start: dict[str, Any],
    later: dict[str, Any],
    expected: int,
) -> None:
    alice = await factory.person("Alice")
    goal = await factory.goal(alice, startDate="2026-03-10", targetDate="2026-03-19")
    system = await factory.system(alice, goalId=goal["id"], **start)
    for day in range(3):
        if day:
            clock.advance(days=1)
        await factory.checkin(alice, system["id"])

    await change(alice, system, later)

    progress = data_of(await alice.get(f"/goals/{goal['id']}"))["progressValue"]
    assert progress == expected
