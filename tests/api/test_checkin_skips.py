"""Excused and unexcused skips, as the streak of a system shows them."""

import pytest

from tests.factories import Factory, Person
from tests.support import FrozenClock, data_of


async def live(
    factory: Factory, clock: FrozenClock, person: Person, days: str
) -> tuple[dict[str, str], list[str]]:
    """One date for each letter: done (d), skipped (s), nothing (.); ends the day after."""
    system = await factory.system(person)
    made = []
    for letter in days:
        if letter != ".":
            status = "completed" if letter == "d" else "skipped"
            made.append((await factory.checkin(person, system["id"], status=status))["id"])
        clock.advance(days=1)
    clock.advance(hours=4)  # past noon: the last date has closed
    return system, made


async def streak(person: Person, system: dict[str, str]) -> int:
    found: int = data_of(await person.get(f"/systems/{system['id']}"))["currentStreak"]
    return found


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("ddsd", 3),
        ("dds", 2),
        ("dss", 0),
        ("dssd", 1),
        ("dsdsd", 1),
        ("ds" + "d" * 5 + "sd", 1),
        ("ds" + "d" * 6 + "sd", 8),
        ("dd.d", 1),
    ],
)
async def test_one_skip_in_seven_dates_is_excused_and_a_second_breaks_the_streak(
    factory: Factory, clock: FrozenClock, days: str, expected: int
) -> None:
    alice = await factory.person("Alice")

    system, _ = await live(factory, clock, alice, days)

    assert await streak(alice, system) == expected


async def test_each_system_has_its_own_excuse(factory: Factory, clock: FrozenClock) -> None:
    alice = await factory.person("Alice")
    first, second = await factory.system(alice), await factory.system(alice)
    for position in range(4):
        for system in (first, second):
            status = "skipped" if position == (1 if system is first else 2) else "completed"
            await factory.checkin(alice, system["id"], status=status)
        clock.advance(days=1)

    assert (await streak(alice, first), await streak(alice, second)) == (3, 3)


async def test_a_second_skip_that_is_completed_in_time_breaks_nothing(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)
    made = []
    for status in ("completed", "skipped", "skipped"):
        made.append(await factory.checkin(alice, system["id"], status=status))
        clock.advance(days=1)

    data_of(await alice.put(f"/checkins/{made[-1]['id']}", {"status": "completed"}))
    clock.advance(hours=4)

    assert await streak(alice, system) == 2


async def test_deleting_a_skip_gives_its_excuse_back(factory: Factory, clock: FrozenClock) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)
    await factory.checkin(alice, system["id"])
    clock.advance(days=1)
    skip = await factory.checkin(alice, system["id"], status="skipped")
    assert (await alice.delete(f"/checkins/{skip['id']}")).status_code == 204
    await factory.checkin(alice, system["id"])
    clock.advance(days=1)
    await factory.checkin(alice, system["id"], status="skipped")
    clock.advance(days=1, hours=4)

    assert await streak(alice, system) == 2
