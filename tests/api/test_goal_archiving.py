"""Archiving a goal: its systems ask for nothing, and no streak falls for it."""

from datetime import date
from typing import Any

import pytest
from fastapi import FastAPI

from tests.factories import Factory, Person
from tests.support import FrozenClock, assert_error, count_rows, data_of, items_of, rows

PAUSES = "SELECT system_id, starts_on, ends_on FROM system_pauses ORDER BY starts_on"


async def archive(person: Person, goal: dict[str, Any], archived: bool = True) -> None:
    changed = data_of(await person.put(f"/goals/{goal['id']}", {"isArchived": archived}))
    assert changed["isArchived"] is archived


async def streak(person: Person, system: dict[str, Any]) -> int:
    value: int = data_of(await person.get(f"/systems/{system['id']}"))["currentStreak"]
    return value


async def pauses(app: FastAPI, system: dict[str, Any]) -> list[tuple[date, date | None]]:
    return [
        (row["starts_on"], row["ends_on"])
        for row in await rows(app, PAUSES)
        if str(row["system_id"]) == system["id"]
    ]


def march(day: int) -> date:
    return date(2026, 3, day)


async def test_archived_systems_rest_from_the_first_date_that_is_not_logged(
    factory: Factory, app: FastAPI
) -> None:
    alice, _ = await factory.partners()
    goal = await factory.goal(alice)
    done, skipped, untouched, resting = [
        await factory.system(alice, goalId=goal["id"], status=status)
        for status in ("active", "active", "active", "inactive")
    ]
    elsewhere = await factory.system(alice)
    await factory.checkin(alice, done["id"])
    await factory.checkin(alice, skipped["id"], status="skipped")
    await factory.checkin(alice, untouched["id"], localDate="2026-03-09")
    before = await count_rows(app, "notifications")

    await archive(alice, goal)
    await archive(alice, goal)

    assert await pauses(app, done) == [(march(11), None)]
    assert await pauses(app, skipped) == [(march(11), None)]
    assert await pauses(app, untouched) == [(march(10), None)]
    assert await pauses(app, resting) == [(march(10), None)]
    assert await pauses(app, elsewhere) == []
    statuses = {
        item["status"] for item in items_of(await alice.get(f"/goals/{goal['id']}/systems"))
    }
    assert statuses == {"active", "inactive"}
    assert await count_rows(app, "notifications") == before


@pytest.mark.parametrize("logged_today", [True, False])
async def test_no_streak_falls_while_a_goal_is_archived(
    factory: Factory, app: FastAPI, clock: FrozenClock, logged_today: bool
) -> None:
    alice = await factory.person("Alice")
    goal = await factory.goal(alice)
    daily = await factory.system(alice, goalId=goal["id"])
    weekdays = await factory.system(
        alice,
        goalId=goal["id"],
        frequency="weekly",
        frequencyDetails={"daysOfWeek": [0, 1, 2, 3, 4]},
    )
    twice = await factory.system(
        alice, goalId=goal["id"], frequency="weekly", frequencyDetails={"timesPerWeek": 2}
    )
    for day in range(3):  # Tuesday, Wednesday, Thursday
        for system in (daily, weekdays, twice):
            await factory.checkin(alice, system["id"])
        if day < 2 or not logged_today:
            clock.advance(days=1)
    before = [await streak(alice, system) for system in (daily, weekdays, twice)]
    assert before == [3, 3, 1]

    await archive(alice, goal)
    for _ in range(40):
        clock.advance(days=1)
        after = [await streak(alice, system) for system in (daily, weekdays, twice)]
        assert after == before
    await archive(alice, goal, False)

    for system in (daily, weekdays, twice):
        await factory.checkin(alice, system["id"])
    after = [await streak(alice, system) for system in (daily, weekdays, twice)]
    assert after[:2] == [4, 4]
    assert after[2] >= 1
    for system in (daily, weekdays, twice):
        ((_, ends_on),) = await pauses(app, system)
        assert ends_on == clock.now().date()


async def test_taken_back_at_once_an_archived_goal_leaves_no_trace(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    goal = await factory.goal(alice)
    logged = await factory.system(alice, goalId=goal["id"])
    await factory.system(alice, goalId=goal["id"])
    await factory.checkin(alice, logged["id"])

    await archive(alice, goal)
    await archive(alice, goal, False)
    assert await count_rows(app, "system_pauses") == (0,)

    # Days count again: one that is missed breaks.
    clock.advance(days=3)
    assert await streak(alice, logged) == 0


async def test_a_system_that_rests_for_two_reasons_wakes_when_both_are_gone(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    goal = await factory.goal(alice)
    system = await factory.system(alice, goalId=goal["id"])
    path = f"/systems/{system['id']}"

    data_of(await alice.patch(path, {"status": "paused"}))
    clock.advance(days=2)
    await archive(alice, goal)
    clock.advance(days=2)
    data_of(await alice.patch(path, {"status": "active"}))
    assert await pauses(app, system) == [(march(10), None)]
    clock.advance(days=2)
    await archive(alice, goal, False)
    assert await pauses(app, system) == [(march(10), march(16))]

    await archive(alice, goal)
    data_of(await alice.patch(path, {"status": "inactive"}))
    clock.advance(days=1)
    await archive(alice, goal, False)
    assert await pauses(app, system) == [(march(10), march(16)), (march(16), None)]


async def test_systems_that_come_to_an_archived_goal_rest_and_those_that_leave_wake(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    archived, running = await factory.goal(alice), await factory.goal(alice)
    await archive(alice, archived)

    made = await factory.system(alice, goalId=archived["id"])
    moved = await factory.system(alice, goalId=running["id"])
    assert await pauses(app, made) == [(march(10), None)]
    data_of(await alice.patch(f"/systems/{moved['id']}", {"goalId": archived["id"]}))
    assert await pauses(app, moved) == [(march(10), None)]

    clock.advance(days=3)
    data_of(await alice.patch(f"/systems/{made['id']}", {"goalId": running["id"]}))
    data_of(await alice.patch(f"/systems/{moved['id']}", {"goalId": None}))
    assert await pauses(app, made) == [(march(10), march(13))]
    assert await pauses(app, moved) == [(march(10), march(13))]


async def test_the_owners_calendar_decides(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    clock.advance(hours=7)  # Wednesday, 05:00 in Auckland
    alice = await factory.person("Alice", timezone="Pacific/Auckland")
    goal = await factory.goal(alice)
    system = await factory.system(alice, goalId=goal["id"])

    await archive(alice, goal)

    assert await pauses(app, system) == [(march(11), None)]


async def test_the_list_of_systems_leaves_archived_ones_out_unless_asked(
    factory: Factory,
) -> None:
    alice = await factory.person("Alice")
    archived, running = await factory.goal(alice), await factory.goal(alice)
    hidden = (await factory.system(alice, goalId=archived["id"]))["id"]
    served = (await factory.system(alice, goalId=running["id"]))["id"]
    alone = (await factory.system(alice))["id"]
    await archive(alice, archived)

    async def ids(query: str) -> set[str]:
        return {system["id"] for system in items_of(await alice.get(f"/systems{query}"))}

    assert await ids("") == {served, alone}
    assert await ids("?archived=") == {served, alone}
    assert await ids("?archived=false") == {served, alone}
    assert await ids("?archived=true") == {hidden}
    assert await ids(f"?goalId={archived['id']}") == {hidden}
    assert await ids(f"?goalId={archived['id']}&archived=false") == set()
    assert data_of(await alice.get(f"/systems/{hidden}"))["status"] == "active"
    assert_error(await alice.get("/systems?archived=perhaps"), 422, "validation_failed")
