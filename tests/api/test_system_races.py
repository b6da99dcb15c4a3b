"""Many changes of one system or goal at once leave one consistent history.

What holds is read from the database. `DUOTRAK_RACE_ROUNDS=50` runs as many rounds of each race.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import pairwise
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.conftest import MakeApp
from tests.factories import Factory
from tests.support import RACE_ROUNDS, FrozenClock, assert_error, data_of, rows

AT_ONCE = 20
DAILY = {"frequency": "daily"}
CHANGES: list[dict[str, Any]] = [
    {"status": "paused"},
    DAILY,
    {"status": "active"},
    {"frequency": "weekly", "frequencyDetails": {"daysOfWeek": [1]}},
    {"status": "inactive", "frequency": "weekly", "frequencyDetails": {"timesPerWeek": 2}},
]


@pytest.fixture
async def app(make_app: MakeApp) -> FastAPI:
    """With a connection for each request: none waits for another before they meet."""
    return await make_app(database_pool_size=AT_ONCE + 5)


@pytest.fixture
async def factory(app: FastAPI, clock: FrozenClock) -> AsyncIterator[Factory]:
    async with AsyncExitStack() as stack:
        yield Factory(app, clock, stack)


async def assert_consistent(app: FastAPI, system_id: str) -> None:
    """The newest schedule is the system's; it is paused if, and only if, it rests."""
    (system,) = await rows(
        app,
        "SELECT s.*, coalesce(g.is_archived, false) AS archived FROM systems s"
        " LEFT JOIN goals g ON g.id = s.goal_id WHERE s.id = :id",
        id=system_id,
    )
    schedules = await rows(
        app,
        "SELECT * FROM system_schedules WHERE system_id = :id ORDER BY effective_from",
        id=system_id,
    )
    newest = schedules[-1]
    assert newest["frequency"] == system["frequency"]
    assert newest["frequency_details"] == system["frequency_details"]
    for one, next_one in pairwise(schedules):
        assert (one["frequency"], one["frequency_details"]) != (
            next_one["frequency"],
            next_one["frequency_details"],
        )
    pauses = await rows(
        app, "SELECT * FROM system_pauses WHERE system_id = :id ORDER BY starts_on", id=system_id
    )
    still_open = [pause for pause in pauses if pause["ends_on"] is None]
    assert len(still_open) == (system["status"] != "active" or system["archived"])
    for earlier, later in pairwise(pauses):
        assert earlier["ends_on"] is not None
        assert earlier["ends_on"] <= later["starts_on"]


def assert_all_saved(answers: list[httpx.Response]) -> None:
    assert {answer.status_code for answer in answers} == {200}, [a.text for a in answers]


async def test_twenty_changes_of_schedule_and_status_leave_one_history(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)
    path = f"/systems/{system['id']}"
    for number in range(RACE_ROUNDS):
        if number % 3 == 0:
            data_of(await alice.patch(path, {"status": "active"}))
            await factory.checkin(alice, system["id"])

        answers = await asyncio.gather(
            *(alice.patch(path, CHANGES[n % len(CHANGES)]) for n in range(AT_ONCE))
        )

        assert_all_saved(answers)
        await assert_consistent(app, system["id"])
        today = clock.now().date()
        waiting = await rows(
            app,
            "SELECT effective_from FROM system_schedules"
            " WHERE system_id = :id AND effective_from > :today",
            id=system["id"],
            today=today,
        )
        assert len(waiting) <= 1
        clock.advance(days=1)


async def test_archiving_moving_making_and_pausing_at_once_agree(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    one, other = [(await factory.goal(alice))["id"] for _ in range(2)]
    systems = [(await factory.system(alice, goalId=one))["id"] for _ in range(3)]
    for number in range(RACE_ROUNDS):
        archived = number % 2 == 0
        acts = [
            alice.put(f"/goals/{one}", {"isArchived": archived}),
            alice.put(f"/goals/{other}", {"isArchived": not archived}),
            *(
                alice.patch(f"/systems/{system}", {"goalId": goal})
                for system in systems
                for goal in (one, other, None)
            ),
            *(alice.patch(f"/systems/{system}", {"status": "paused"}) for system in systems),
            *(alice.patch(f"/systems/{system}", {"status": "active"}) for system in systems),
        ]
        made, *answers = await asyncio.gather(
            alice.post(f"/goals/{one}/systems", {"title": "New", "frequency": "daily"}), *acts
        )

        assert_all_saved(answers)
        systems[number % 3] = data_of(made, 201)["id"]
        for row in await rows(app, "SELECT id FROM systems WHERE user_id = :id", id=alice.id):
            await assert_consistent(app, str(row["id"]))
        clock.advance(days=1)


async def test_deleting_while_everything_is_changed_leaves_nothing_behind(
    factory: Factory, app: FastAPI
) -> None:
    for number in range(RACE_ROUNDS):
        alice, _ = await factory.partners()
        goal = await factory.goal(alice)
        system = await factory.system(alice, goalId=goal["id"])
        path, goal_path = f"/systems/{system['id']}", f"/goals/{goal['id']}"

        answers = await asyncio.gather(
            *(alice.patch(path, CHANGES[n % len(CHANGES)]) for n in range(5)),
            *(alice.put(goal_path, {"isArchived": n % 2 == 0}) for n in range(5)),
            alice.post("/checkins", {"systemId": system["id"]}),
            alice.delete(goal_path if number % 2 else path),
            alice.delete(goal_path),
            *(alice.patch(goal_path, {"status": "achieved"}) for _ in range(3)),
        )

        for answer in answers:
            assert answer.status_code < 500, answer.text
            if answer.status_code == 404:
                assert answer.json()["code"] in ("goal_not_found", "system_not_found")
        for table in ("goals", "systems", "checkins"):
            assert await rows(app, f"SELECT id FROM {table} WHERE user_id = :id", id=alice.id) == []
        assert await rows(app, "SELECT system_id FROM system_schedules") == []
        assert await rows(app, "SELECT id FROM system_pauses") == []
        assert_error(await alice.get(path), 404, "system_not_found")


async def test_a_goal_becomes_achieved_once_while_the_partner_leaves(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    for _ in range(RACE_ROUNDS):
        alice, bob = await factory.partners()
        goal = await factory.goal(alice)
        path, achieved = f"/goals/{goal['id']}", {"status": "achieved"}

        *answers, ended = await asyncio.gather(
            *(alice.patch(path, achieved) for _ in range(AT_ONCE // 2)),
            bob.post("/partnerships/dissolve"),
        )

        assert_all_saved(answers)
        data_of(ended)
        told = await rows(app, "SELECT type FROM notifications WHERE recipient_id = :id", id=bob.id)
        assert [row["type"] for row in told] in ([], ["goal_achieved"])
        (row,) = await rows(app, "SELECT * FROM goals WHERE id = :id", id=goal["id"])
        assert (row["status"], row["achieved_at"]) == ("achieved", clock.now())
