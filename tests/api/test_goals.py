"""Creating and reading goals."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from tests.factories import Factory
from tests.support import assert_error, data_of, items_of, rows

TITLE = {"title": "Run a half marathon"}


async def stored(app: FastAPI) -> list[Any]:
    return await rows(app, "SELECT * FROM goals")


def fields_of(body: dict[str, Any]) -> list[str]:
    return [error["field"] for error in body["errors"]]


async def test_a_goal_with_nothing_but_a_title_gets_the_documented_defaults(
    factory: Factory, app: FastAPI
) -> None:
    alice = await factory.person("Alice")

    goal = data_of(await alice.post("/goals", TITLE), 201)

    assert {key: goal[key] for key in goal.keys() - {"id"}} == {
        "title": "Run a half marathon",
        "description": None,
        "category": None,
        "priority": "medium",
        "status": "not_started",
        "startDate": None,
        "targetDate": None,
        "progressValue": 0,
        "aiAssistedPlan": None,
        "aiAssistanceInputs": None,
        "isArchived": False,
        "systemsCount": 0,
        "createdAt": "2026-03-10T09:00:00Z",
        "updatedAt": "2026-03-10T09:00:00Z",
    }
    (row,) = await stored(app)
    assert str(row["id"]) == goal["id"]
    assert row["user_id"] == alice.id


async def test_every_field_is_kept_and_read_back(factory: Factory) -> None:
    alice = await factory.person("Alice")
    body = {
        "title": "Read twelve books",
        "description": "One a month, two in July.",
        "category": "Learning",
        "priority": "high",
        "status": "in_progress",
        "startDate": "2026-01-01",
        "targetDate": "2026-12-31",
    }

    goal = data_of(await alice.post("/goals", body), 201)

    assert body.items() <= goal.items()
    read = data_of(await alice.get(f"/goals/{goal['id']}"))
    assert read == goal | {"systems": []}


async def test_a_goal_notifies_nobody(factory: Factory, app: FastAPI) -> None:
    alice, _ = await factory.partners()

    data_of(await alice.post("/goals", TITLE), 201)

    assert await rows(app, "SELECT id FROM notifications") == []


@pytest.mark.parametrize("spelling", ["startDate", "start_date"])
async def test_both_spellings_of_a_field_are_understood(factory: Factory, spelling: str) -> None:
    alice = await factory.person("Alice")

    goal = data_of(await alice.post("/goals", TITLE | {spelling: "2026-03-01"}), 201)

    assert goal["startDate"] == "2026-03-01"
    assert "start_date" not in goal


@pytest.mark.parametrize(
    ("field", "given", "kept"),
    [
        ("status", "In-Progress", "in_progress"),
        ("status", "Not Started", "not_started"),
        ("status", "ON_HOLD", "on_hold"),
        ("priority", "HIGH", "high"),
        ("priority", " low ", "low"),
        ("priority", "", None),
        ("priority", None, None),
        ("startDate", "", None),
        ("targetDate", "  ", None),
        ("description", "", None),
        ("category", "   ", None),
        ("title", "  Trimmed  ", "Trimmed"),
        ("title", "x" * 200, "x" * 200),
        ("description", "ü" * 2000, "ü" * 2000),
        ("title", "'; DROP TABLE goals; -- 🎯", "'; DROP TABLE goals; -- 🎯"),
    ],
)
async def test_input_is_liberal_and_output_strict(
    factory: Factory, field: str, given: str | None, kept: str | None
) -> None:
    alice = await factory.person("Alice")

    goal = data_of(await alice.post("/goals", TITLE | {field: given}), 201)

    assert goal[field] == kept
    assert data_of(await alice.get(f"/goals/{goal['id']}"))[field] == kept


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "   "}, "title"),
        ({"title": None}, "title"),
        ({"title": 7}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "a\x00b"}, "title"),
        ({"description": "x" * 2001}, "description"),
        ({"description": "a\x00b"}, "description"),
        ({"category": "x" * 51}, "category"),
        ({"category": "\x00"}, "category"),
        ({"priority": "urgent"}, "priority"),
        ({"priority": 1}, "priority"),
        ({"status": "done"}, "status"),
        ({"status": None}, "status"),
        ({"start_date": "2026-02-30"}, "startDate"),
        ({"targetDate": "tomorrow"}, "targetDate"),
        ({"targetDate": "2026-03-10T09:30:00Z"}, "targetDate"),
        ({"colour": "red"}, "colour"),
        ({"startDate": "2026-03-01", "start_date": "2026-03-02"}, "startDate"),
    ],
)
async def test_bad_fields_are_refused_by_name_and_store_nothing(
    factory: Factory, app: FastAPI, change: dict[str, Any], field: str
) -> None:
    alice = await factory.person("Alice")

    refused = await alice.post("/goals", TITLE | change)

    assert fields_of(assert_error(refused, 422, "validation_failed")) == [field]
    assert await stored(app) == []


@pytest.mark.parametrize(
    "privileged",
    ["id", "userId", "user_id", "progressValue", "isArchived", "systemsCount", "createdAt"],
)
async def test_what_the_service_decides_cannot_be_sent(
    factory: Factory, app: FastAPI, privileged: str
) -> None:
    alice = await factory.person("Alice")

    refused = await alice.post("/goals", TITLE | {privileged: str(uuid4())})

    (error,) = assert_error(refused, 422, "validation_failed")["errors"]
    assert error["code"] == "extra_forbidden"
    assert await stored(app) == []


@pytest.mark.parametrize(
    "body",
    [
        rb'{"title": "\ud800"}',
        rb'{"title": "fine", "description": "\udfff"}',
        rb'{"title": "fine", "\ud800": 1}',
        rb'{"title": "fine", "priority": "\ud800"}',
        rb'{"title": "fine", "targetDate": "\ud800"}',
    ],
)
async def test_a_lone_surrogate_is_a_bad_field_and_not_a_fault(
    factory: Factory, app: FastAPI, body: bytes
) -> None:
    alice = await factory.person("Alice")

    refused = await alice.client.post(
        "/api/v1/goals", content=body, headers={"Content-Type": "application/json"}
    )

    assert_error(refused, 422, "validation_failed")
    assert await stored(app) == []


async def test_a_target_before_the_start_is_refused(factory: Factory, app: FastAPI) -> None:
    alice = await factory.person("Alice")

    refused = await alice.post(
        "/goals", TITLE | {"startDate": "2026-03-02", "targetDate": "2026-03-01"}
    )

    body = assert_error(refused, 422, "goal_dates_reversed")
    assert fields_of(body) == ["targetDate"]
    assert await stored(app) == []


async def test_a_goal_may_start_and_end_on_one_day(factory: Factory) -> None:
    alice = await factory.person("Alice")

    goal = await factory.goal(alice, startDate="2026-03-01", targetDate="2026-03-01")

    assert goal["targetDate"] == goal["startDate"]


async def test_reading_a_goal_shows_its_systems_newest_first_and_no_others(
    factory: Factory,
) -> None:
    alice = await factory.person("Alice")
    goal, other = await factory.goal(alice), await factory.goal(alice, title="Other")
    system = await factory.system(alice, goalId=goal["id"], title="Run")
    await factory.system(alice, goalId=other["id"])
    await factory.system(alice)

    read = data_of(await alice.get(f"/goals/{goal['id']}"))

    assert read["systemsCount"] == 1
    assert read["systems"] == [system]
    assert read["systems"][0]["goalTitle"] == "Run a half marathon"


async def test_the_active_partner_may_read_a_goal_and_its_systems(factory: Factory) -> None:
    alice, bob = await factory.partners()
    goal = await factory.goal(alice)
    await factory.system(alice, goalId=goal["id"])

    assert data_of(await bob.get(f"/goals/{goal['id']}"))["systemsCount"] == 1
    assert len(items_of(await bob.get(f"/goals/{goal['id']}/systems"))) == 1
    assert items_of(await bob.get("/goals")) == []


@pytest.mark.parametrize(
    "goal_id", [str(uuid4()), str(uuid4()).upper()], ids=["lower case", "upper case"]
)
async def test_a_goal_that_does_not_exist_is_not_found(factory: Factory, goal_id: str) -> None:
    alice = await factory.person("Alice")

    assert_error(await alice.get(f"/goals/{goal_id}"), 404, "goal_not_found")
    assert_error(await alice.get(f"/goals/{goal_id}/systems"), 404, "goal_not_found")


@pytest.mark.parametrize("goal_id", ["1", "null", "%00", "not-a-uuid"])
async def test_an_id_that_is_none_is_a_bad_field(factory: Factory, goal_id: str) -> None:
    alice = await factory.person("Alice")

    body = assert_error(await alice.get(f"/goals/{goal_id}"), 422, "validation_failed")

    assert fields_of(body) == ["goalId"]
