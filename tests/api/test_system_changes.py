"""Changing and deleting systems: what may be sent, and what the whole must be afterwards."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from tests.factories import Factory, Person, end_partnership
from tests.support import FrozenClock, assert_error, count_rows, data_of, rows

COUNTS = {"metricType": "counter", "targetValue": 3, "targetUnit": "pages"}
WEEKLY = {"frequency": "weekly", "frequencyDetails": {"daysOfWeek": [0, 2]}}
REMINDS = {"checkinReminder": True, "reminderTimeLocal": "06:45"}
TABLES = ("notifications", "system_pauses")


def named(value: Any) -> str | None:
    return "-".join(value) or "nothing" if isinstance(value, dict) else None


async def change(person: Person, method: str, system: dict[str, Any], body: Any) -> Any:
    return await person.client.request(method, f"/api/v1/systems/{system['id']}", json=body)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(
    ("start", "body", "expected"),
    [
        ({}, {}, {}),
        ({}, {"title": " Evening run "}, {"title": "Evening run"}),
        ({"description": "Slow."}, {"description": ""}, {"description": ""}),
        ({}, {"verification_required": True}, {"verificationRequired": True}),
        (
            {},
            {"target_time_local": "07:30:59"},
            {"targetTimeLocal": "07:30", "scheduleDescription": "Every day at 07:30"},
        ),
        (
            {"targetTimeLocal": "07:30"},
            {"targetTimeLocal": ""},
            {"targetTimeLocal": None, "scheduleDescription": "Every day"},
        ),
        ({}, REMINDS, REMINDS),
        (REMINDS, {"reminderTimeLocal": "06:00"}, {"reminderTimeLocal": "06:00"}),
        (REMINDS, {"checkinReminder": False}, {"checkinReminder": False}),
        ({}, COUNTS, COUNTS),
        (COUNTS, {"targetValue": 5}, {"targetValue": 5}),
        (COUNTS, {"targetValue": None}, {"targetValue": None}),
        (COUNTS, {"metricType": "Duration"}, {"metricType": "duration"}),
        (
            COUNTS,
            {"metricType": "binary", "targetValue": None, "target_unit": ""},
            {"metricType": "binary", "targetValue": None, "targetUnit": None},
        ),
        ({}, {"status": "active"}, {}),
        ({}, {"aiAssistanceUsed": True}, {"aiAssistanceUsed": True}),
    ],
    ids=named,
)
async def test_only_what_is_sent_changes(
    factory: Factory,
    app: FastAPI,
    clock: FrozenClock,
    method: str,
    start: dict[str, Any],
    body: dict[str, Any],
    expected: dict[str, Any],
) -> None:
    alice, _ = await factory.partners()
    system, other = await factory.system(alice, **start), await factory.system(alice, **start)
    clock.advance(minutes=1)

    changed = data_of(await change(alice, method, system, body))

    moment = {"updatedAt": "2026-03-10T09:01:00Z"} if body else {}
    assert changed == system | expected | moment
    assert data_of(await alice.get(f"/systems/{system['id']}")) == changed
    assert data_of(await alice.get(f"/systems/{other['id']}")) == other
    assert await count_rows(app, *TABLES, "system_schedules") == (0, 0, 2)


@pytest.mark.parametrize(
    ("start", "body", "field"),
    [
        ({}, {"title": None}, "title"),
        ({}, {"title": "  "}, "title"),
        ({}, {"description": None}, "description"),
        ({}, {"status": None}, "status"),
        ({}, {"status": "archived"}, "status"),
        ({}, {"frequency": None}, "frequency"),
        ({}, {"frequency": "monthly"}, "frequency"),
        ({}, {"metricType": None}, "metricType"),
        ({}, {"verificationRequired": None}, "verificationRequired"),
        ({}, {"checkinReminder": None}, "checkinReminder"),
        ({}, {"aiAssistanceUsed": None}, "aiAssistanceUsed"),
        ({}, {"goal_id": "1"}, "goalId"),
        ({}, {"targetTimeLocal": "07:30+02:00"}, "targetTimeLocal"),
        ({}, {"userId": str(uuid4())}, "userId"),
        ({}, {"current_streak": 99}, "currentStreak"),
        ({}, {"colour": "red"}, "colour"),
        # The system as a whole
        ({}, {"frequency": "weekly"}, "frequencyDetails"),
        ({}, {"frequencyDetails": {"timesPerWeek": 2}}, "frequencyDetails"),
        ({}, {"frequency": "weekly", "frequencyDetails": {"timesPerWeek": 8}}, "frequencyDetails"),
        (WEEKLY, {"frequencyDetails": None}, "frequencyDetails"),
        (WEEKLY, {"frequencyDetails": {}}, "frequencyDetails"),
        (
            WEEKLY,
            {"frequency": "daily", "frequencyDetails": {"timesPerWeek": 1}},
            "frequencyDetails",
        ),
        ({}, {"targetValue": 3}, "targetValue"),
        ({}, {"target_unit": "km"}, "targetUnit"),
        (COUNTS, {"metricType": "binary"}, "targetValue"),
        (COUNTS, {"metricType": "binary", "targetValue": None}, "targetUnit"),
        (COUNTS, {"targetValue": 0}, "targetValue"),
        ({}, {"checkinReminder": True}, "reminderTimeLocal"),
        (REMINDS, {"reminder_time_local": None}, "reminderTimeLocal"),
    ],
    ids=named,
)
async def test_what_does_not_fit_is_refused_by_name_and_changes_nothing(
    factory: Factory, app: FastAPI, start: dict[str, Any], body: dict[str, Any], field: str
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice, **start)

    for method in ("PUT", "PATCH"):
        answer = await change(alice, method, system, {"description": "New"} | body)
        refused = assert_error(answer, 422, "validation_failed")
        assert [error["field"] for error in refused["errors"]] == [field]
        assert field in refused["message"]

    assert data_of(await alice.get(f"/systems/{system['id']}")) == system
    assert await count_rows(app, *TABLES, "system_schedules") == (0, 0, 1)


async def test_daily_again_needs_no_word_about_the_old_details(factory: Factory) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice, **WEEKLY)

    changed = data_of(await alice.patch(f"/systems/{system['id']}", {"frequency": "daily"}))

    assert (changed["frequency"], changed["frequencyDetails"]) == ("daily", None)
    assert changed["scheduleDescription"] == "Every day"


@pytest.mark.parametrize(
    ("start", "log", "to", "accepted"),
    [
        ("counter", {"metricValueLogged": 3}, "duration", False),
        ("counter", {"metricValueLogged": 3}, "binary", False),
        ("counter", {"metricValueLogged": 3}, "counter", True),
        ("counter", {"status": "skipped"}, "binary", True),
        ("counter", None, "pages", True),
        ("binary", {}, "counter", True),
    ],
)
async def test_what_is_counted_changes_only_while_no_value_is_logged(
    factory: Factory, app: FastAPI, start: str, log: Any, to: str, accepted: bool
) -> None:
    alice = await factory.person("Alice")
    system, other = [await factory.system(alice, metricType=start) for _ in range(2)]
    if log is not None:
        await factory.checkin(alice, system["id"], **log)
    before = await rows(app, "SELECT * FROM checkins")

    answer = await change(alice, "PATCH", system, {"metricType": to, "title": "New"})

    if accepted:
        assert data_of(answer)["metricType"] == to
    else:
        assert_error(answer, 409, "metric_type_in_use")
        (row,) = await rows(app, "SELECT * FROM systems WHERE id = :id", id=system["id"])
        assert (row["metric_type"], row["title"]) == (start, "Morning run")
        assert data_of(await change(alice, "PUT", other, {"metricType": to}))["metricType"] == to
    assert await rows(app, "SELECT * FROM checkins") == before


async def test_a_system_moves_between_goals_of_its_owner_only(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    carol = await factory.person("Carol")
    first, second = await factory.goal(alice), await factory.goal(alice, title="Second")
    system = await factory.system(alice, goalId=first["id"])

    moved = data_of(await change(alice, "PATCH", system, {"goal_id": second["id"]}))
    assert (moved["goalId"], moved["goalTitle"]) == (second["id"], "Second")
    for goal_id, status, code in (
        ((await factory.goal(bob))["id"], 403, "not_yours"),
        ((await factory.goal(carol))["id"], 404, "goal_not_found"),
        (str(uuid4()), 404, "goal_not_found"),
    ):
        refused = await change(alice, "PUT", system, {"goalId": goal_id, "title": "New"})
        assert_error(refused, status, code)
    assert data_of(await alice.get(f"/systems/{system['id']}")) == moved
    alone = data_of(await change(alice, "PUT", system, {"goalId": None}))
    assert (alone["goalId"], alone["goalTitle"]) == (None, None)
    assert await count_rows(app, *TABLES) == (0, 0)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_the_partner_may_look_but_not_touch_and_others_see_nothing(
    factory: Factory, app: FastAPI, method: str
) -> None:
    alice, bob = await factory.partners()
    carol = await factory.person("Carol")
    system = await factory.system(alice)
    body = None if method == "DELETE" else {"status": "paused"}

    assert_error(await change(bob, method, system, body), 403, "not_yours")
    assert_error(await change(carol, method, system, body), 404, "system_not_found")
    assert_error(await change(alice, method, {"id": uuid4()}, body), 404, "system_not_found")
    await end_partnership(app, alice, bob)
    assert_error(await change(bob, method, system, body), 404, "system_not_found")

    assert data_of(await alice.get(f"/systems/{system['id']}")) == system
    assert await count_rows(app, *TABLES) == (0, 0)


async def test_deleting_a_system_takes_its_checkins_and_nothing_else(
    factory: Factory, app: FastAPI
) -> None:
    from tests.pictures import upload

    alice = await factory.person("Alice")
    goal = await factory.goal(alice)
    doomed, kept = [await factory.system(alice, goalId=goal["id"]) for _ in range(2)]
    photo = await upload(alice)
    await factory.checkin(alice, doomed["id"], photoUrl=photo["url"])
    await factory.checkin(alice, doomed["id"], localDate="2026-03-09")
    await factory.checkin(alice, kept["id"])
    data_of(await change(alice, "PATCH", doomed, {"status": "paused", **WEEKLY}))
    tables = ("goals", "systems", "checkins", "system_schedules", "system_pauses", "uploads")
    assert await count_rows(app, *tables) == (1, 2, 3, 3, 1, 1)

    answer = await alice.delete(f"/systems/{doomed['id']}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert await count_rows(app, *tables) == (1, 1, 1, 1, 0, 1)
    assert_error(await alice.get(f"/systems/{doomed['id']}"), 404, "system_not_found")
    assert_error(await alice.delete(f"/systems/{doomed['id']}"), 404, "system_not_found")
    assert data_of(await alice.get(f"/goals/{goal['id']}"))["systemsCount"] == 1
