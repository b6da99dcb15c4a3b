"""Changing and deleting goals."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from tests.factories import Factory, Person, end_partnership
from tests.support import FrozenClock, assert_error, count_rows, data_of, items_of, rows

WHOLE = {
    "title": "Read twelve books",
    "description": "One a month, two in July.",
    "category": "Learning",
    "priority": "high",
    "status": "in_progress",
    "startDate": "2026-01-01",
    "targetDate": "2026-12-31",
}


async def change(person: Person, method: str, goal: dict[str, Any], body: Any) -> Any:
    return await person.client.request(method, f"/api/v1/goals/{goal['id']}", json=body)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {}),
        ({"title": "  Read more "}, {"title": "Read more"}),
        ({"description": None}, {"description": None}),
        ({"description": ""}, {"description": None}),
        ({"category": None}, {"category": None}),
        ({"priority": None}, {"priority": None}),
        ({"priority": "LOW"}, {"priority": "low"}),
        ({"status": "On Hold"}, {"status": "on_hold"}),
        ({"startDate": None}, {"startDate": None}),
        ({"target_date": ""}, {"targetDate": None}),
        ({"targetDate": "2027-01-31"}, {"targetDate": "2027-01-31"}),
        ({"start_date": "2026-12-31"}, {"startDate": "2026-12-31"}),
        ({"is_archived": True}, {"isArchived": True}),
        (WHOLE | {"title": "Again"}, {"title": "Again"}),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else value,
)
async def test_only_what_is_sent_changes(
    factory: Factory,
    app: FastAPI,
    clock: FrozenClock,
    method: str,
    body: dict[str, Any],
    expected: dict[str, Any],
) -> None:
    alice, _ = await factory.partners()
    goal, other = await factory.goal(alice, **WHOLE), await factory.goal(alice)
    clock.advance(minutes=1)

    changed = data_of(await change(alice, method, goal, body))

    moment = {"updatedAt": "2026-03-10T09:01:00Z"} if body else {}
    assert changed == goal | expected | moment
    assert data_of(await alice.get(f"/goals/{goal['id']}")) == changed | {"systems": []}
    assert data_of(await alice.get(f"/goals/{other['id']}")) == other | {"systems": []}
    assert await count_rows(app, "notifications", "system_pauses") == (0, 0)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": None}, "title"),
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"status": None}, "status"),
        ({"status": ""}, "status"),
        ({"status": "done"}, "status"),
        ({"isArchived": None}, "isArchived"),
        ({"isArchived": "perhaps"}, "isArchived"),
        ({"description": "\x00"}, "description"),
        ({"targetDate": "tomorrow"}, "targetDate"),
        ({"userId": str(uuid4())}, "userId"),
        ({"achievedAt": "2026-03-10T09:00:00Z"}, "achievedAt"),
        ({"progress_value": 100}, "progressValue"),
        ({"colour": "red"}, "colour"),
        ({"title": "a", "startDate": "2026-01-01", "start_date": "2026-01-02"}, "startDate"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else value,
)
async def test_bad_fields_are_refused_by_name_and_change_nothing(
    factory: Factory, body: dict[str, Any], field: str
) -> None:
    alice = await factory.person("Alice")
    goal = await factory.goal(alice, **WHOLE)

    for method in ("PUT", "PATCH"):
        refused = assert_error(
            await change(alice, method, goal, body | {"category": "Other"}),
            422,
            "validation_failed",
        )
        assert [error["field"] for error in refused["errors"]] == [field]

    assert data_of(await alice.get(f"/goals/{goal['id']}")) == goal | {"systems": []}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"startDate": "2027-01-01"}, "startDate"),
        ({"targetDate": "2025-12-31"}, "targetDate"),
        ({"startDate": "2026-06-02", "targetDate": "2026-06-01"}, "targetDate"),
    ],
)
async def test_a_target_before_the_start_is_refused_whichever_is_sent(
    factory: Factory, app: FastAPI, body: dict[str, Any], field: str
) -> None:
    alice, _ = await factory.partners()
    goal = await factory.goal(alice, **WHOLE)

    refused = await change(alice, "PATCH", goal, body | {"status": "achieved"})

    (error,) = assert_error(refused, 422, "goal_dates_reversed")["errors"]
    assert error["field"] == field
    assert data_of(await alice.get(f"/goals/{goal['id']}")) == goal | {"systems": []}
    assert await rows(app, "SELECT id FROM notifications") == []


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_the_partner_may_look_but_not_touch_and_others_see_nothing(
    factory: Factory, app: FastAPI, method: str
) -> None:
    alice, bob = await factory.partners()
    carol = await factory.person("Carol")
    goal = await factory.goal(alice, **WHOLE)
    body = None if method == "DELETE" else {"title": "Mine now"}

    assert_error(await change(bob, method, goal, body), 403, "not_yours")
    assert_error(await change(carol, method, goal, body), 404, "goal_not_found")
    assert_error(await change(alice, method, {"id": uuid4()}, body), 404, "goal_not_found")
    await end_partnership(app, alice, bob)
    assert_error(await change(bob, method, goal, body), 404, "goal_not_found")

    assert data_of(await alice.get(f"/goals/{goal['id']}"))["title"] == WHOLE["title"]


async def test_deleting_a_goal_takes_its_systems_and_checkins_and_nothing_else(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    goal, kept = await factory.goal(alice), await factory.goal(alice, title="Kept")
    for goal_id in (goal["id"], goal["id"], kept["id"], None):
        system = await factory.system(alice, goalId=goal_id)
        await factory.checkin(alice, system["id"])
        await factory.checkin(alice, system["id"], localDate="2026-03-09")
    await factory.system(alice, goalId=goal["id"], status="paused")
    tables = ("goals", "systems", "checkins", "system_schedules", "system_pauses")
    assert await count_rows(app, *tables) == (2, 5, 8, 5, 1)

    answer = await alice.delete(f"/goals/{goal['id']}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert await count_rows(app, *tables) == (1, 2, 4, 2, 0)
    assert_error(await alice.get(f"/goals/{goal['id']}"), 404, "goal_not_found")
    assert_error(await alice.delete(f"/goals/{goal['id']}"), 404, "goal_not_found")
    assert [item["title"] for item in items_of(await alice.get("/goals"))] == ["Kept"]
    assert len(items_of(await alice.get("/checkins"))) == 4
    told = await rows(app, "SELECT type FROM notifications WHERE recipient_id = :id", id=bob.id)
    assert {row["type"] for row in told} == {"partner_checkin_completed"}


async def test_photos_of_deleted_checkins_stay_among_the_uploads(
    factory: Factory, app: FastAPI
) -> None:
    from tests.pictures import upload

    alice = await factory.person("Alice")
    goal = await factory.goal(alice)
    system = await factory.system(alice, goalId=goal["id"])
    photo = await upload(alice)
    await factory.checkin(alice, system["id"], photoUrl=photo["url"])

    assert (await alice.delete(f"/goals/{goal['id']}")).status_code == 204

    assert await count_rows(app, "checkins", "uploads") == (0, 1)
