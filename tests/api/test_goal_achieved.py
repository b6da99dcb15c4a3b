"""A goal becomes achieved: when that was, and who is told."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from tests.factories import Factory, Person, end_partnership
from tests.support import (
    FrozenClock,
    assert_error,
    data_of,
    items_of,
    rows,
    somebody_waits_for_a_lock,
)


async def set_status(person: Person, goal: dict[str, Any], status: str) -> dict[str, Any]:
    changed: dict[str, Any] = data_of(
        await person.patch(f"/goals/{goal['id']}", {"status": status})
    )
    return changed


async def achieved_at(app: FastAPI, goal: dict[str, Any]) -> Any:
    (row,) = await rows(app, "SELECT achieved_at FROM goals WHERE id = :id", id=goal["id"])
    return row["achieved_at"]


async def told(app: FastAPI) -> list[Any]:
    return await rows(app, "SELECT recipient_id, type FROM notifications ORDER BY created_at")


async def test_the_partner_is_told_when_a_goal_becomes_achieved(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    goal = await factory.goal(alice, title="Run a marathon")

    changed = await set_status(alice, goal, "achieved")

    assert (changed["status"], changed["progressValue"]) == ("achieved", 100)
    assert await achieved_at(app, goal) == clock.now()
    (notification,) = items_of(await bob.get("/notifications"))
    del notification["id"]
    assert notification == {
        "type": "goal_achieved",
        "title": "Goal achieved",
        "message": "Alice achieved 'Run a marathon'.",
        "timestamp": "2026-03-10T09:00:00Z",
        "isRead": False,
        "readAtUtc": None,
        "actionLink": f"/goals/{goal['id']}",
        "icon": "Trophy",
        "actor": {"id": str(alice.id), "name": "Alice", "avatarUrl": None},
        "target": {"type": "goal", "id": goal["id"], "name": "Run a marathon"},
    }
    assert items_of(await alice.get("/notifications")) == []


async def test_only_the_transition_is_told_and_dated(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, _ = await factory.partners()
    goal = await factory.goal(alice)

    first = clock.now()
    await set_status(alice, goal, "achieved")
    clock.advance(days=1)
    await set_status(alice, goal, "Achieved")
    data_of(await alice.put(f"/goals/{goal['id']}", {"title": "Still", "status": "achieved"}))
    assert await achieved_at(app, goal) == first
    assert len(await told(app)) == 1

    await set_status(alice, goal, "in_progress")
    assert await achieved_at(app, goal) is None
    assert len(await told(app)) == 1

    clock.advance(days=1)
    await set_status(alice, goal, "achieved")
    assert await achieved_at(app, goal) == clock.now()
    assert len(await told(app)) == 2


@pytest.mark.parametrize("status", ["not_started", "in_progress", "on_hold", "abandoned"])
async def test_no_other_status_is_told_or_dated(
    factory: Factory, app: FastAPI, status: str
) -> None:
    alice, _ = await factory.partners()
    goal = await factory.goal(alice, status="in_progress" if status == "not_started" else "on_hold")

    await set_status(alice, goal, status)

    assert await achieved_at(app, goal) is None
    assert await told(app) == []


async def test_a_goal_that_was_achieved_before_it_was_entered_is_dated_and_tells_nobody(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, _ = await factory.partners()

    goal = await factory.goal(alice, status="achieved")

    assert await achieved_at(app, goal) == clock.now()
    assert await told(app) == []


async def test_nobody_is_told_without_a_partner_or_after_the_end(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    carol = await factory.person("Carol")
    await end_partnership(app, alice, bob)

    for person in (alice, carol):
        await set_status(person, await factory.goal(person), "achieved")

    assert await told(app) == []


async def test_a_partner_who_leaves_at_that_moment_is_not_told(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    goal = await factory.goal(alice)

    async with app.state.database.engine.begin() as leaving:
        await leaving.execute(
            text("UPDATE users SET current_partnership_id = NULL WHERE id = ANY(:ids)"),
            {"ids": [alice.id, bob.id]},
        )
        achieving = asyncio.create_task(set_status(alice, goal, "achieved"))
        await somebody_waits_for_a_lock(app)

    assert (await achieving)["status"] == "achieved"
    assert await told(app) == []


async def test_a_partner_who_switched_it_off_is_not_told(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    off = {"preferences": [{"id": "goalProgress", "enabled": False}]}
    data_of(await bob.put("/users/me/notification-preferences", off))
    goal = await factory.goal(alice)

    await set_status(alice, goal, "achieved")

    assert await achieved_at(app, goal) is not None
    assert await told(app) == []


async def test_a_refused_change_tells_nobody(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    goal = await factory.goal(alice, startDate="2026-03-01")

    body = {"status": "achieved", "targetDate": "2026-02-01"}
    assert_error(await alice.patch(f"/goals/{goal['id']}", body), 422, "goal_dates_reversed")
    assert_error(await bob.patch(f"/goals/{goal['id']}", {"status": "achieved"}), 403, "not_yours")

    assert await achieved_at(app, goal) is None
    assert await told(app) == []


async def test_twenty_at_once_tell_once(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    goal = await factory.goal(alice)

    await asyncio.gather(*(set_status(alice, goal, "achieved") for _ in range(20)))

    assert [row["recipient_id"] for row in await told(app)] == [bob.id]
