"""Checking in: what is stored, and what is refused."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from tests.factories import Factory
from tests.pictures import upload
from tests.support import FrozenClock, assert_error, data_of, rows

COUNTER = {"metricType": "counter", "targetValue": 5, "targetUnit": "glasses"}


async def stored(app: FastAPI) -> list[Any]:
    return await rows(app, "SELECT * FROM checkins ORDER BY checkin_date_local")


async def test_a_checkin_with_nothing_but_its_system_gets_the_documented_defaults(
    factory: Factory, app: FastAPI
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)

    checkin = data_of(await alice.post("/checkins", {"systemId": system["id"]}), 201)

    assert {key: checkin[key] for key in checkin.keys() - {"id"}} == {
        "systemId": system["id"],
        "systemTitle": "Morning run",
        "userId": str(alice.id),
        "partnershipId": None,
        "status": "completed",
        "localDate": "2026-03-10",
        "checkinTimestampUtc": "2026-03-10T09:00:00Z",
        "originalLocalTimestamp": None,
        "isLate": False,
        "metricValueLogged": None,
        "notes": None,
        "photoUrl": None,
        "verifiedByPartnerId": None,
        "verifiedAtUtc": None,
        "verifierQuery": None,
        "createdAt": "2026-03-10T09:00:00Z",
        "updatedAt": "2026-03-10T09:00:00Z",
    }
    (row,) = await stored(app)
    assert str(row["id"]) == checkin["id"]
    assert row["checkin_timezone"] == "UTC"


async def test_every_field_is_kept(factory: Factory, app: FastAPI) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice, **COUNTER)
    url = (await upload(alice))["url"]
    body = {
        "status": "completed",
        "metricValueLogged": 6.5,
        "notes": "Legs were heavy, still went. 💪",
        "photoUrl": url,
        "localDate": "2026-03-09",
        "originalLocalTimestamp": "2026-03-09 22:31:00",
    }

    checkin = await factory.checkin(alice, system["id"], **body)

    assert body.items() <= checkin.items()
    assert checkin["isLate"] is True
    assert len(await stored(app)) == 1


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("partnered", [True, False])
@pytest.mark.parametrize("given", ["completed", "SKIPPED", None])
async def test_the_status_follows_from_the_act_the_system_and_the_partner(
    factory: Factory, required: bool, partnered: bool, given: str | None
) -> None:
    alice = await factory.person("Alice")
    partnership = None
    if partnered:
        partnership = str(await factory.partnership(alice, await factory.person("Bob")))
    system = await factory.system(alice, verificationRequired=required)
    body = {} if given is None else {"status": given}

    checkin = await factory.checkin(alice, system["id"], **body)

    if given == "SKIPPED":
        assert checkin["status"] == "skipped"
    else:
        waits = required and partnered
        assert checkin["status"] == ("pending_verification" if waits else "completed")
    assert checkin["partnershipId"] == partnership
    assert checkin["verifiedAtUtc"] is None


@pytest.mark.parametrize(
    "status",
    [
        "pending_verification",
        "verified_completed",
        "queried_by_partner",
        "todo",
        "",
        None,
        1,
        ["completed"],
    ],
)
async def test_nobody_may_claim_another_status(factory: Factory, app: FastAPI, status: Any) -> None:
    alice, _ = await factory.partners()
    system = await factory.system(alice, verificationRequired=True)

    refused = await alice.post("/checkins", {"systemId": system["id"], "status": status})

    (error,) = assert_error(refused, 422, "validation_failed")["errors"]
    assert error["field"] == "status"
    assert await stored(app) == []
    assert await rows(app, "SELECT id FROM notifications") == []


@pytest.mark.parametrize(
    ("metric", "body", "code"),
    [
        ("counter", {"metricValueLogged": 0.5}, None),
        ("counter", {"metric_value_logged": 1_000_000}, None),
        ("counter", {"status": "skipped"}, None),
        ("counter", {"status": "skipped", "metricValueLogged": ""}, None),
        ("binary", {"metricValueLogged": ""}, None),
        ("binary", {"metricValueLogged": None}, None),
        ("counter", {}, "metric_value_required"),
        ("duration", {"metricValueLogged": ""}, "metric_value_required"),
        ("pages", {"metricValueLogged": None}, "metric_value_required"),
        ("binary", {"metricValueLogged": 1}, "metric_value_not_allowed"),
        ("counter", {"status": "skipped", "metricValueLogged": 1}, "metric_value_not_allowed"),
        ("counter", {"metricValueLogged": 0}, "validation_failed"),
        ("counter", {"metricValueLogged": -1}, "validation_failed"),
        ("counter", {"metricValueLogged": 1_000_001}, "validation_failed"),
        ("counter", {"metricValueLogged": "much"}, "validation_failed"),
    ],
)
async def test_a_value_is_logged_exactly_when_the_system_counts(
    factory: Factory, app: FastAPI, metric: str, body: dict[str, Any], code: str | None
) -> None:
    alice, _ = await factory.partners()
    system = await factory.system(alice, metricType=metric)

    response = await alice.post("/checkins", {"systemId": system["id"]} | body)

    if code is None:
        data_of(response, 201)
    else:
        (error,) = assert_error(response, 422, code)["errors"]
        assert error["field"] == "metricValueLogged"
        assert await rows(app, "SELECT id FROM notifications") == []
    assert len(await stored(app)) == (code is None)


@pytest.mark.parametrize("whose", ["nobody", "partner"])
async def test_a_photo_must_be_ones_own_upload(factory: Factory, app: FastAPI, whose: str) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice)
    url = "https://files.test/photo.webp"
    if whose == "partner":
        url = (await upload(bob))["url"]

    refused = await alice.post("/checkins", {"systemId": system["id"], "photo_url": url})

    (error,) = assert_error(refused, 422, "unknown_image")["errors"]
    assert error["field"] == "photoUrl"
    assert await stored(app) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"photoUrl": "https://x/" + "y" * 2048}, "photoUrl"),
        ({"notes": "x" * 501}, "notes"),
        ({"notes": "\x00"}, "notes"),
        ({"originalLocalTimestamp": "x" * 41}, "originalLocalTimestamp"),
        ({"localDate": "yesterday"}, "localDate"),
        ({"local_date": "2026-02-29"}, "localDate"),
        ({"systemId": "1"}, "systemId"),
        ({"systemId": ""}, "systemId"),
        ({"systemId": None}, "systemId"),
        ({"userId": str(uuid4())}, "userId"),
        ({"isLate": False}, "isLate"),
        ({"verifiedByPartnerId": str(uuid4())}, "verifiedByPartnerId"),
        ({"partnershipId": str(uuid4())}, "partnershipId"),
        ({"checkinTimestampUtc": "2026-03-01T00:00:00Z"}, "checkinTimestampUtc"),
    ],
)
async def test_bad_and_privileged_fields_are_refused_by_name(
    factory: Factory, app: FastAPI, change: dict[str, Any], field: str
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)

    refused = await alice.post("/checkins", {"systemId": system["id"]} | change)

    errors = assert_error(refused, 422, "validation_failed")["errors"]
    assert [error["field"] for error in errors] == [field]
    assert await stored(app) == []


async def test_blank_notes_and_photo_mean_none(factory: Factory) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)

    checkin = await factory.checkin(
        alice, system["id"], notes="  ", photoUrl="", localDate="", originalLocalTimestamp=""
    )

    assert checkin["notes"] is None
    assert checkin["photoUrl"] is None
    assert checkin["originalLocalTimestamp"] is None
    assert checkin["localDate"] == "2026-03-10"


@pytest.mark.parametrize("second", [{}, {"status": "skipped"}, {"localDate": "2026-03-10"}])
async def test_a_second_checkin_on_the_same_date_is_refused_and_tells_nobody(
    factory: Factory, app: FastAPI, second: dict[str, Any]
) -> None:
    alice, _ = await factory.partners()
    system = await factory.system(alice)
    first = await factory.checkin(alice, system["id"], notes="First")

    refused = await alice.post("/checkins", {"systemId": system["id"], "notes": "No"} | second)

    body = assert_error(refused, 409, "already_checked_in")
    assert "'Morning run'" in body["message"]
    assert "10 March 2026" in body["message"]
    (row,) = await stored(app)
    assert str(row["id"]) == first["id"]
    assert row["notes"] == "First"
    assert len(await rows(app, "SELECT id FROM notifications")) == 1


async def test_other_dates_and_other_systems_are_free(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    system, other = await factory.system(alice), await factory.system(alice)
    bobs = await factory.system(bob)

    await factory.checkin(alice, system["id"])
    await factory.checkin(alice, system["id"], localDate="2026-03-09")
    await factory.checkin(alice, other["id"])
    await factory.checkin(bob, bobs["id"])
    clock.advance(days=1)
    await factory.checkin(alice, system["id"])

    assert len(await stored(app)) == 5


@pytest.mark.parametrize("status", ["paused", "inactive"])
async def test_a_system_at_rest_takes_no_checkins(
    factory: Factory, app: FastAPI, status: str
) -> None:
    alice, _ = await factory.partners()
    system = await factory.system(alice, status=status)

    for body in ({}, {"status": "skipped"}):
        refused = await alice.post("/checkins", {"systemId": system["id"]} | body)
        assert_error(refused, 409, "system_not_active")

    assert await stored(app) == []
    assert await rows(app, "SELECT id FROM notifications") == []


async def test_nobody_checks_in_for_somebody_else(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    stranger = await factory.person("Carol")
    system = await factory.system(alice)

    for person in (bob, stranger):
        refused = await person.post("/checkins", {"systemId": system["id"]})
        assert_error(refused, 404, "system_not_found")
    unknown = await alice.post("/checkins", {"systemId": str(uuid4())})

    assert_error(unknown, 404, "system_not_found")
    assert await stored(app) == []
    assert await rows(app, "SELECT id FROM notifications") == []


async def test_an_off_day_may_be_logged(factory: Factory) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice, frequency="weekly", frequencyDetails={"daysOfWeek": [6]})

    checkin = await factory.checkin(alice, system["id"])

    assert checkin["status"] == "completed"
    assert data_of(await alice.get(f"/systems/{system['id']}"))["currentStreak"] == 0
