"""`progressValue`, as the API computes it from stored histories."""

from datetime import timedelta
from typing import Any

import pytest

from tests.factories import Factory, Person
from tests.support import FrozenClock, data_of, items_of


async def live(
    factory: Factory, clock: FrozenClock, person: Person, system: dict[str, Any], days: str
) -> None:
    """One letter a date from today on: `x` done, `s` skipped, `.` nothing; ends on the last."""
    for position, letter in enumerate(days):
        if position:
            clock.advance(days=1)
        if letter != ".":
            status = "completed" if letter == "x" else "skipped"
            await factory.checkin(person, system["id"], status=status)


async def progress(person: Person, goal: dict[str, Any]) -> int:
    """The value of the list and of the goal itself, which must be the same."""
    value: int = data_of(await person.get(f"/goals/{goal['id']}"))["progressValue"]
    (listed,) = items_of(await person.get("/goals"))
    assert listed["progressValue"] == value
    return value


async def test_a_goal_without_systems_has_made_no_progress(factory: Factory) -> None:
    alice = await factory.person("Alice")

    goal = await factory.goal(alice, targetDate="2026-03-31")

    assert await progress(alice, goal) == 0


@pytest.mark.parametrize("with_system", [False, True])
async def test_an_achieved_goal_is_complete(factory: Factory, with_system: bool) -> None:
    alice = await factory.person("Alice")
    goal = await factory.goal(alice, status="achieved", targetDate="2026-03-31")
    if with_system:
        await factory.system(alice, goalId=goal["id"])

    assert await progress(alice, goal) == 100


@pytest.mark.parametrize(
    ("days", "expected"),
    [("x", 10), ("xx", 20), ("x.x", 20), ("xsx", 20), ("xxxxxxxxxx", 100), ("..", 0)],
)
async def test_with_a_target_date_progress_counts_towards_all_required_dates(
    factory: Factory, clock: FrozenClock, days: str, expected: int
) -> None:
    alice = await factory.person("Alice")
    goal = await factory.goal(alice, startDate="2026-03-10", targetDate="2026-03-19")
    system = await factory.system(alice, goalId=goal["id"])

    await live(factory, clock, alice, system, days)

    assert await progress(alice, goal) == expected


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("x", 100),
        (".", 0),
        ("x..", 100),  # yesterday and today are open still: 09:00
        ("x...", 50),
        ("xs.x", 100),
        ("x..x..x", 50),
    ],
)
async def test_without_a_target_date_progress_is_consistency(
    factory: Factory, clock: FrozenClock, days: str, expected: int
) -> None:
    alice = await factory.person("Alice")
    goal = await factory.goal(alice)
    system = await factory.system(alice, goalId=goal["id"])

    await live(factory, clock, alice, system, days)

    assert await progress(alice, goal) == expected


async def test_dates_older_than_thirty_days_do_not_count_without_a_target(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    goal = await factory.goal(alice)
    system = await factory.system(alice, goalId=goal["id"])
    await live(factory, clock, alice, system, "xxx")

    clock.advance(days=40)
    await factory.checkin(alice, system["id"])

    # 30 dates to today, of which yesterday is open and today credited: 1 of 29.
    assert await progress(alice, goal) == 3


async def test_progress_counts_all_systems_of_the_goal_and_no_other(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    goal = await factory.goal(alice, startDate="2026-03-10", targetDate="2026-03-14")
    first = await factory.system(alice, goalId=goal["id"])
    await factory.system(alice, goalId=goal["id"])
    elsewhere = await factory.system(alice)

    await factory.checkin(alice, first["id"])
    await factory.checkin(alice, elsewhere["id"])

    assert await progress(alice, goal) == 10


async def test_progress_is_told_in_the_owners_calendar_to_the_partner_too(
    factory: Factory, clock: FrozenClock
) -> None:
    clock.advance(hours=7)  # Wednesday, 05:00 in Auckland
    alice, bob = await factory.partners(timezones=("Pacific/Auckland", "Pacific/Honolulu"))
    goal = await factory.goal(alice, startDate="2026-03-11", targetDate="2026-03-20")
    system = await factory.system(alice, goalId=goal["id"])

    await factory.checkin(alice, system["id"], localDate="2026-03-11")

    assert await progress(alice, goal) == 10
    assert data_of(await bob.get(f"/goals/{goal['id']}"))["progressValue"] == 10


async def test_progress_never_changes_by_looking(factory: Factory, clock: FrozenClock) -> None:
    alice = await factory.person("Alice")
    goal = await factory.goal(alice, targetDate="2026-03-12")
    system = await factory.system(alice, goalId=goal["id"])
    await factory.checkin(alice, system["id"])

    values = [await progress(alice, goal) for _ in range(3)]
    clock.advance(days=timedelta(days=90).days)

    assert values == [33, 33, 33]
    assert await progress(alice, goal) == 33
