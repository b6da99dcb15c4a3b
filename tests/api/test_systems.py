"""Creating, reading and listing systems."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from tests.factories import Factory, end_partnership
from tests.support import FrozenClock, assert_error, data_of, items_of, rows

DAILY = {"title": "Morning run", "frequency": "daily"}


def fields_of(body: dict[str, Any]) -> list[str]:
    return [error["field"] for error in body["errors"]]


async def test_a_system_with_the_least_gets_the_documented_defaults(
    factory: Factory, app: FastAPI
) -> None:
    alice, _ = await factory.partners()

    system = data_of(await alice.post("/systems", DAILY), 201)

    assert {key: system[key] for key in system.keys() - {"id"}} == {
        "goalId": None,
        "goalTitle": None,
        "title": "Morning run",
        "description": "",
        "status": "active",
        "frequency": "daily",
        "frequencyDetails": None,
        "metricType": "binary",
        "targetValue": None,
        "targetUnit": None,
        "targetTimeLocal": None,
        "verificationRequired": False,
        "checkinReminder": False,
        "reminderTimeLocal": None,
        "aiAssistanceUsed": False,
        "scheduleDescription": "Every day",
        "currentStreak": 0,
        "createdAt": "2026-03-10T09:00:00Z",
        "updatedAt": "2026-03-10T09:00:00Z",
    }
    assert data_of(await alice.get(f"/systems/{system['id']}")) == system
    (schedule,) = await rows(app, "SELECT * FROM system_schedules")
    assert schedule["effective_from"].isoformat() == "2026-03-10"
    assert await rows(app, "SELECT id FROM system_pauses") == []
    assert await rows(app, "SELECT id FROM notifications") == []


async def test_every_field_is_kept_and_read_back_through_either_path(factory: Factory) -> None:
    alice = await factory.person("Alice")
    goal = await factory.goal(alice)
    body = {
        "title": "Evening pages",
        "description": "Twenty pages, no phone.",
        "frequency": "weekly",
        "metricType": "pages",
        "targetValue": 20.5,
        "targetUnit": "pages",
        "targetTimeLocal": "21:15",
        "verificationRequired": True,
        "checkinReminder": True,
        "reminderTimeLocal": "21:00",
        "aiAssistanceUsed": True,
    }
    sent = body | {"frequencyDetails": {"daysOfWeek": [4, 0, 2]}}

    through_goal = data_of(await alice.post(f"/goals/{goal['id']}/systems", sent), 201)
    direct = data_of(await alice.post("/systems", sent | {"goalId": goal["id"]}), 201)

    for system in (through_goal, direct):
        assert body.items() <= system.items()
        assert system["frequencyDetails"] == {"daysOfWeek": [0, 2, 4]}
        assert system["goalId"] == goal["id"]
        assert system["goalTitle"] == "Run a half marathon"
        assert system["scheduleDescription"] == "Mon, Wed, Fri at 21:15"
        assert data_of(await alice.get(f"/systems/{system['id']}")) == system
    assert through_goal["id"] != direct["id"]


async def test_the_goal_of_the_path_cannot_be_contradicted(factory: Factory, app: FastAPI) -> None:
    alice = await factory.person("Alice")
    goal, other = await factory.goal(alice), await factory.goal(alice)

    refused = await alice.post(f"/goals/{goal['id']}/systems", DAILY | {"goalId": other["id"]})

    assert fields_of(assert_error(refused, 422, "validation_failed")) == ["goalId"]
    assert await rows(app, "SELECT id FROM systems") == []


@pytest.mark.parametrize(
    ("metric", "accepted"),
    [
        ({"metricType": "binary"}, True),
        ({"metricType": "counter"}, True),
        ({"metricType": "Counter", "targetValue": 3}, True),
        ({"metricType": "duration", "target_value": 0.5, "target_unit": "hours"}, True),
        ({"metric_type": "PAGES", "targetUnit": "pages"}, True),
        ({"metricType": "binary", "targetValue": "", "targetUnit": ""}, True),
        ({"metricType": "counter", "targetValue": 1_000_000}, True),
        ({"metricType": "binary", "targetValue": 1}, False),
        ({"metricType": "binary", "targetUnit": "km"}, False),
        ({"targetValue": 1}, False),
        ({"metricType": "counter", "targetValue": 0}, False),
        ({"metricType": "counter", "targetValue": -1}, False),
        ({"metricType": "counter", "targetValue": 1_000_001}, False),
        ({"metricType": "counter", "targetValue": "many"}, False),
        ({"metricType": "counter", "targetUnit": "x" * 51}, False),
        ({"metricType": "steps"}, False),
        ({"metricType": None}, False),
    ],
)
async def test_only_a_metric_that_counts_has_a_target(
    factory: Factory, app: FastAPI, metric: dict[str, Any], accepted: bool
) -> None:
    alice = await factory.person("Alice")

    response = await alice.post("/systems", DAILY | metric)

    if accepted:
        data_of(response, 201)
    else:
        assert_error(response, 422, "validation_failed")
    assert len(await rows(app, "SELECT id FROM systems")) == accepted


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e400"])
async def test_a_target_that_is_no_number_is_refused(
    factory: Factory, app: FastAPI, number: bytes
) -> None:
    alice = await factory.person("Alice")
    content = b'{"title":"a","frequency":"daily","metricType":"counter","targetValue":%s}' % number

    refused = await alice.client.post(
        "/api/v1/systems", content=content, headers={"Content-Type": "application/json"}
    )

    assert refused.status_code in (400, 422)
    assert refused.json()["success"] is False
    assert await rows(app, "SELECT id FROM systems") == []


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({"targetTimeLocal": "07:30"}, ("07:30", None)),
        ({"target_time_local": "07:30:59"}, ("07:30", None)),
        ({"targetTimeLocal": "00:00"}, ("00:00", None)),
        ({"targetTimeLocal": "23:59"}, ("23:59", None)),
        ({"targetTimeLocal": "", "reminderTimeLocal": ""}, (None, None)),
        ({"reminderTimeLocal": "06:45", "checkinReminder": True}, (None, "06:45")),
        ({"reminderTimeLocal": "06:45"}, (None, "06:45")),
    ],
)
async def test_times_are_wall_clock_times_to_the_minute(
    factory: Factory, times: dict[str, Any], expected: tuple[str | None, str | None]
) -> None:
    alice = await factory.person("Alice")

    system = data_of(await alice.post("/systems", DAILY | times), 201)

    assert (system["targetTimeLocal"], system["reminderTimeLocal"]) == expected


@pytest.mark.parametrize(
    "times",
    [
        {"targetTimeLocal": "07:30+02:00"},
        {"targetTimeLocal": "07:30Z"},
        {"reminderTimeLocal": "06:45-05:00", "checkinReminder": True},
        {"targetTimeLocal": "24:00"},
        {"targetTimeLocal": "7 o'clock"},
        {"checkinReminder": True},
        {"checkinReminder": True, "reminderTimeLocal": ""},
    ],
)
async def test_other_times_and_a_reminder_without_one_are_refused(
    factory: Factory, app: FastAPI, times: dict[str, Any]
) -> None:
    alice = await factory.person("Alice")

    assert_error(await alice.post("/systems", DAILY | times), 422, "validation_failed")

    assert await rows(app, "SELECT id FROM systems") == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "\x00"}, "title"),
        ({"description": "x" * 2001}, "description"),
        ({"description": None}, "description"),
        ({"status": "archived"}, "status"),
        ({"frequency": "monthly"}, "frequency"),
        ({"frequency": ""}, "frequency"),
        ({"goal_id": "1"}, "goalId"),
        ({"userId": str(uuid4())}, "userId"),
        ({"currentStreak": 99}, "currentStreak"),
        ({"verificationRequired": "sometimes"}, "verificationRequired"),
    ],
)
async def test_bad_fields_are_refused_by_name(
    factory: Factory, app: FastAPI, change: dict[str, Any], field: str
) -> None:
    alice = await factory.person("Alice")

    body = assert_error(await alice.post("/systems", DAILY | change), 422, "validation_failed")

    assert fields_of(body) == [field]
    assert await rows(app, "SELECT id FROM systems") == []


@pytest.mark.parametrize("path", ["/systems", "/goals/{goal_id}/systems"])
async def test_a_system_is_made_for_ones_own_goal_only(
    factory: Factory, app: FastAPI, path: str
) -> None:
    alice, bob = await factory.partners()
    stranger = await factory.person("Carol")
    former = await factory.person("Dan")
    goal = await factory.goal(alice)
    body = DAILY if "{" in path else DAILY | {"goalId": goal["id"]}
    path = path.format(goal_id=goal["id"])
    nowhere = path.replace(goal["id"], str(uuid4()))

    assert_error(await bob.post(path, body), 403, "not_yours")
    assert_error(await stranger.post(path, body), 404, "goal_not_found")
    assert_error(await former.post(path, body), 404, "goal_not_found")
    await end_partnership(app, alice, bob)
    assert_error(await bob.post(path, body), 404, "goal_not_found")
    unknown = await alice.post(nowhere, DAILY | {"goalId": str(uuid4())} if body != DAILY else body)
    assert_error(unknown, 404, "goal_not_found")

    assert await rows(app, "SELECT id FROM systems") == []


@pytest.mark.parametrize("status", ["paused", "inactive"])
async def test_a_system_may_begin_at_rest(factory: Factory, app: FastAPI, status: str) -> None:
    alice = await factory.person("Alice")

    system = await factory.system(alice, status=status)

    assert system["status"] == status
    (pause,) = await rows(app, "SELECT * FROM system_pauses")
    assert pause["starts_on"].isoformat() == "2026-03-10"
    assert pause["ends_on"] is None
    refused = await alice.post("/checkins", {"systemId": system["id"]})
    assert_error(refused, 409, "system_not_active")


async def test_a_schedule_begins_on_the_owners_date(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    clock.advance(hours=7)  # Wednesday, 05:00 in Auckland
    alice = await factory.person("Alice", timezone="Pacific/Auckland")

    await factory.system(alice)

    (schedule,) = await rows(app, "SELECT effective_from FROM system_schedules")
    assert schedule["effective_from"].isoformat() == "2026-03-11"


async def test_lists_show_own_systems_newest_first_and_filter(
    factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    goal, other = await factory.goal(alice), await factory.goal(alice)
    made = []
    for fields in ({"goalId": goal["id"]}, {"status": "paused"}, {"goalId": goal["id"]}, {}):
        made.append((await factory.system(alice, **fields))["id"])
        clock.advance(minutes=1)
    await factory.system(bob)

    async def ids(path: str) -> list[str]:
        return [system["id"] for system in items_of(await alice.get(path))]

    assert await ids("/systems") == made[::-1]
    assert await ids(f"/systems?goalId={goal['id']}") == [made[2], made[0]]
    assert await ids(f"/systems?goal_id={goal['id']}&status=ACTIVE") == [made[2], made[0]]
    assert await ids("/systems?status=paused") == [made[1]]
    assert await ids("/systems?status=&goalId=") == made[::-1]
    assert await ids(f"/systems?goalId={other['id']}") == []
    assert await ids(f"/goals/{goal['id']}/systems") == [made[2], made[0]]
    assert await ids(f"/goals/{goal['id']}/systems?limit=1&page=2") == [made[0]]
    assert_error(await alice.get("/systems?goalId=1"), 422, "validation_failed")
    beyond = data_of(await alice.get("/systems?page=9&limit=3"))
    assert beyond["items"] == []
    assert beyond["pagination"]["totalItems"] == 4
    assert beyond["pagination"]["totalPages"] == 2


async def test_systems_made_in_one_instant_have_one_total_order(factory: Factory) -> None:
    alice = await factory.person("Alice")
    made = {(await factory.system(alice))["id"] for _ in range(5)}

    paged = [
        items_of(await alice.get(f"/systems?limit=1&page={page}"))[0]["id"] for page in range(1, 6)
    ]

    assert paged == sorted(made)


async def test_the_list_of_systems_of_the_partners_goal_is_read_only_but_readable(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice)

    assert data_of(await bob.get(f"/systems/{system['id']}")) == system
    assert items_of(await bob.get("/systems")) == []
    await end_partnership(app, alice, bob)
    assert_error(await bob.get(f"/systems/{system['id']}"), 404, "system_not_found")
