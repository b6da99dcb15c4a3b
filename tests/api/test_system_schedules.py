"""Schedules of systems: what is accepted, how it is told, and the streak that follows from it."""

from typing import Any

import pytest
from fastapi import FastAPI

from tests.factories import Factory, Person
from tests.support import FrozenClock, assert_error, data_of, items_of, rows


def weekly(details: Any) -> dict[str, Any]:
    return {"title": "Run", "frequency": "weekly", "frequencyDetails": details}


@pytest.mark.parametrize(
    ("details", "shown", "description"),
    [
        ({"daysOfWeek": [0]}, {"daysOfWeek": [0]}, "Mon"),
        ({"days_of_week": [6, 0]}, {"daysOfWeek": [0, 6]}, "Mon, Sun"),
        ({"daysOfWeek": [*range(7)]}, {"daysOfWeek": [*range(7)]}, "Every day"),
        ({"timesPerWeek": 1}, {"timesPerWeek": 1}, "Once a week"),
        ({"times_per_week": 7}, {"timesPerWeek": 7}, "7 times a week"),
    ],
)
async def test_weekly_schedules_are_shown_in_camel_case_and_told_in_words(
    factory: Factory, app: FastAPI, details: Any, shown: Any, description: str
) -> None:
    alice = await factory.person("Alice")

    system = data_of(await alice.post("/systems", weekly(details)), 201)
    timed = data_of(
        await alice.post("/systems", weekly(details) | {"targetTimeLocal": "07:05"}), 201
    )

    assert system["frequencyDetails"] == shown
    (kept, _) = await rows(app, "SELECT frequency_details FROM systems")
    assert kept["frequency_details"].keys() <= {"days_of_week", "times_per_week"}
    assert system["scheduleDescription"] == description
    assert timed["scheduleDescription"] == f"{description} at 07:05"


@pytest.mark.parametrize(
    "details",
    [
        None,
        "",
        {},
        [],
        "weekdays",
        {"daysOfWeek": [1], "timesPerWeek": 1},
        {"daysOfWeek": [1], "days_of_week": [1]},
        {"daysOfWeek": []},
        {"daysOfWeek": None},
        {"daysOfWeek": [1, 1]},
        {"daysOfWeek": [7]},
        {"daysOfWeek": [-1]},
        {"daysOfWeek": [True]},
        {"daysOfWeek": ["1"]},
        {"daysOfWeek": [1.0]},
        {"daysOfWeek": [[1]]},
        {"daysOfWeek": "12"},
        {"daysOfWeek": 1},
        {"daysOfWeek": {"0": True}},
        {"timesPerWeek": 0},
        {"timesPerWeek": 8},
        {"timesPerWeek": -1},
        {"timesPerWeek": True},
        {"timesPerWeek": "3"},
        {"timesPerWeek": 2.5},
        {"timesPerWeek": None},
        {"weekdays": [1]},
        {"DaysOfWeek": [1]},
    ],
)
async def test_any_other_weekly_schedule_is_refused(
    factory: Factory, app: FastAPI, details: Any
) -> None:
    alice = await factory.person("Alice")

    body = assert_error(await alice.post("/systems", weekly(details)), 422, "validation_failed")

    assert all(error["field"] in ("frequencyDetails", "body") for error in body["errors"])
    assert await rows(app, "SELECT id FROM systems") == []
    assert await rows(app, "SELECT system_id FROM system_schedules") == []


async def test_a_weekly_schedule_without_details_is_refused(factory: Factory) -> None:
    alice = await factory.person("Alice")

    refused = await alice.post("/systems", {"title": "Run", "frequency": "weekly"})

    assert "frequencyDetails" in assert_error(refused, 422, "validation_failed")["message"]


@pytest.mark.parametrize("details", [{"daysOfWeek": [0]}, {"timesPerWeek": 1}, {"anything": 1}])
async def test_a_daily_schedule_takes_no_details(
    factory: Factory, app: FastAPI, details: Any
) -> None:
    alice = await factory.person("Alice")

    refused = await alice.post("/systems", weekly(details) | {"frequency": "daily"})

    (error,) = assert_error(refused, 422, "validation_failed")["errors"]
    assert error["field"] == "frequencyDetails"
    assert await rows(app, "SELECT id FROM systems") == []


@pytest.mark.parametrize("details", [None, "", {}])
async def test_a_daily_schedule_may_say_that_it_has_none(factory: Factory, details: Any) -> None:
    alice = await factory.person("Alice")

    system = data_of(await alice.post("/systems", weekly(details) | {"frequency": "DAILY"}), 201)

    assert system["frequencyDetails"] is None


async def streak(person: Person, system: dict[str, Any]) -> int:
    """The value of the system itself, of the list and of the goal, which must be the same."""
    value: int = data_of(await person.get(f"/systems/{system['id']}"))["currentStreak"]
    listed = {item["id"]: item for item in items_of(await person.get("/systems"))}
    assert listed[system["id"]]["currentStreak"] == value
    return value


@pytest.mark.parametrize(
    ("details", "days", "expected"),
    [
        (None, "x", 1),
        (None, "xxx", 3),
        (None, "xx.", 2),  # today is open
        (None, "xx..", 2),  # and so is yesterday: 09:00
        (None, "xx...", 0),
        (None, "xxsx", 3),
        (None, "xssx.", 1),  # a second skip within seven dates is a miss
        (None, "x.xx", 2),
        ({"daysOfWeek": [1, 3]}, "x.x", 2),  # Tuesday and Thursday
        ({"daysOfWeek": [1, 3]}, "xxx", 2),  # an off-day counts for nothing
        ({"daysOfWeek": [1, 3]}, "x......x", 1),
        ({"timesPerWeek": 2}, "x", 0),
        ({"timesPerWeek": 2}, "xx", 1),  # counts at once when met
        ({"timesPerWeek": 2}, "xx....xx", 2),
        ({"timesPerWeek": 2}, "xx......", 1),  # the next week runs still
        ({"timesPerWeek": 2}, "xx.....x......x", 0),
    ],
)
async def test_the_streak_follows_the_schedule(
    factory: Factory, clock: FrozenClock, details: Any, days: str, expected: int
) -> None:
    alice = await factory.person("Alice")
    fields = {"frequency": "weekly", "frequencyDetails": details} if details else {}
    system = await factory.system(alice, **fields)
    untouched = await factory.system(alice)

    for position, letter in enumerate(days):
        if position:
            clock.advance(days=1)
        if letter != ".":
            status = "completed" if letter == "x" else "skipped"
            await factory.checkin(alice, system["id"], status=status)

    assert await streak(alice, system) == expected
    assert await streak(alice, untouched) == 0


async def test_a_checkin_that_waits_for_the_partner_counts_at_once(factory: Factory) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, verificationRequired=True)

    await factory.checkin(alice, system["id"])

    assert await streak(alice, system) == 1
    assert data_of(await bob.get(f"/systems/{system['id']}"))["currentStreak"] == 1


async def test_a_missed_day_breaks_the_streak_at_noon(factory: Factory, clock: FrozenClock) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)
    await factory.checkin(alice, system["id"])

    clock.advance(days=2, hours=2, minutes=59)  # Thursday, 11:59
    assert await streak(alice, system) == 1
    clock.advance(minutes=1)
    assert await streak(alice, system) == 0
