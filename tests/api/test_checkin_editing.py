"""Changing a check-in: what may change, when, and by whom."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from tests.factories import Factory, Person, end_partnership
from tests.pictures import upload
from tests.support import FrozenClock, assert_error, count_rows, data_of, rows

COUNTER = {"metricType": "counter", "targetValue": 5, "targetUnit": "glasses"}
VERIFY = {"decision": "verified_completed"}


async def edit(person: Person, checkin: dict[str, Any], body: Any) -> Any:
    return await person.put(f"/checkins/{checkin['id']}", body)


async def as_stored(person: Person, checkin: dict[str, Any]) -> Any:
    return data_of(await person.get(f"/checkins/{checkin['id']}"))


@pytest.mark.parametrize("method", ["put", "patch"])
async def test_only_what_is_sent_changes(
    factory: Factory, clock: FrozenClock, app: FastAPI, method: str
) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, **COUNTER)
    checkin = await factory.checkin(alice, system["id"], metricValueLogged=4, notes="Four")
    clock.advance(hours=1)

    changed = data_of(
        await getattr(alice, method)(f"/checkins/{checkin['id']}", {"metric_value_logged": 6})
    )

    assert changed == checkin | {
        "metricValueLogged": 6.0,
        "updatedAt": "2026-03-10T10:00:00Z",
    }
    assert await as_stored(alice, checkin) == changed
    assert await as_stored(bob, checkin) == changed
    assert await count_rows(app, "checkins", "notifications") == (1, 1)


async def test_nothing_sent_changes_nothing(factory: Factory, clock: FrozenClock) -> None:
    alice, _ = await factory.partners()
    checkin = await factory.checkin(alice, (await factory.system(alice))["id"], notes="Mine")
    clock.advance(hours=1)

    assert data_of(await edit(alice, checkin, {})) == checkin
    assert await as_stored(alice, checkin) == checkin


@pytest.mark.parametrize("nothing", [None, "", "  "])
async def test_notes_and_photo_can_be_cleared(factory: Factory, nothing: Any) -> None:
    alice = await factory.person("Alice")
    url = (await upload(alice))["url"]
    system = await factory.system(alice)
    checkin = await factory.checkin(alice, system["id"], notes="Mine", photoUrl=url)

    changed = data_of(await edit(alice, checkin, {"notes": nothing}))
    assert (changed["notes"], changed["photoUrl"]) == (None, url)
    changed = data_of(await edit(alice, checkin, {"photoUrl": nothing}))

    assert (changed["notes"], changed["photoUrl"]) == (None, None)
    assert await as_stored(alice, checkin) == changed


async def test_a_photo_is_replaced_by_another_of_ones_own(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    first, second = await upload(alice), await upload(alice)
    system = await factory.system(alice)
    checkin = await factory.checkin(alice, system["id"], photoUrl=first["url"])

    changed = data_of(await edit(alice, checkin, {"photoUrl": second["path"]}))
    assert changed["photoUrl"] == second["url"]
    clock.advance(hours=3)
    expired = second["url"]
    kept = data_of(await edit(alice, checkin, {"photo_url": expired, "notes": "Same photo"}))

    assert kept["photoUrl"] == (await as_stored(alice, checkin))["photoUrl"]
    assert kept["photoUrl"].split("/")[-2] == expired.split("/")[-2]
    assert kept["photoUrl"] != expired


@pytest.mark.parametrize("whose", ["nobody's", "partner's", "avatar"])
async def test_another_photo_is_refused(factory: Factory, whose: str) -> None:
    alice, bob = await factory.partners()
    checkin = await factory.checkin(alice, (await factory.system(alice))["id"], notes="Mine")
    url = "https://files.test/photo.webp"
    if whose == "partner's":
        url = (await upload(bob))["url"]
    if whose == "avatar":
        url = (await upload(alice, "message"))["url"]

    refused = await edit(alice, checkin, {"photoUrl": url, "notes": "Not this"})

    (error,) = assert_error(refused, 422, "unknown_image")["errors"]
    assert error["field"] == "photoUrl"
    assert await as_stored(alice, checkin) == checkin


@pytest.mark.parametrize(
    ("metric", "body", "value", "code"),
    [
        ("counter", {"metricValueLogged": 6}, 6, None),
        ("counter", {"notes": "More"}, 4, None),
        ("counter", {"status": "completed"}, 4, None),
        ("counter", {"status": "skipped"}, None, None),
        ("counter", {"status": "skipped", "metricValueLogged": None}, None, None),
        ("binary", {"metricValueLogged": None}, None, None),
        ("counter", {"metricValueLogged": None}, 4, "metric_value_required"),
        ("counter", {"metricValueLogged": "", "notes": "x"}, 4, "metric_value_required"),
        ("counter", {"status": "skipped", "metricValueLogged": 4}, 4, "metric_value_not_allowed"),
        ("binary", {"metricValueLogged": 1}, None, "metric_value_not_allowed"),
        ("counter", {"metricValueLogged": 0}, 4, "validation_failed"),
    ],
)
async def test_what_comes_out_obeys_the_rules_of_a_new_one(
    factory: Factory, metric: str, body: dict[str, Any], value: float | None, code: str | None
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice, metricType=metric)
    logged = {} if metric == "binary" else {"metricValueLogged": 4}
    checkin = await factory.checkin(alice, system["id"], **logged)

    response = await edit(alice, checkin, body)

    if code is None:
        assert data_of(response)["metricValueLogged"] == value
    else:
        (error,) = assert_error(response, 422, code)["errors"]
        assert error["field"] == "metricValueLogged"
        assert await as_stored(alice, checkin) == checkin


async def test_a_skip_of_a_counting_system_is_completed_with_a_value_only(
    factory: Factory,
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice, **COUNTER)
    checkin = await factory.checkin(alice, system["id"], status="skipped")

    assert_error(await edit(alice, checkin, {"status": "completed"}), 422, "metric_value_required")
    assert await as_stored(alice, checkin) == checkin
    changed = data_of(await edit(alice, checkin, {"status": "COMPLETED", "metricValueLogged": 2}))

    assert (changed["status"], changed["metricValueLogged"]) == ("completed", 2.0)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"status": None}, "status"),
        ({"status": ""}, "status"),
        ({"status": "pending_verification"}, "status"),
        ({"status": "verified_completed"}, "status"),
        ({"notes": "x" * 501}, "notes"),
        ({"notes": "\x00"}, "notes"),
        ({"localDate": "2026-03-09"}, "localDate"),
        ({"systemId": str(uuid4())}, "systemId"),
        ({"verifierQuery": None}, "verifierQuery"),
        ({"isLate": False}, "isLate"),
    ],
)
async def test_bad_and_privileged_fields_are_refused_by_name(
    factory: Factory, body: dict[str, Any], field: str
) -> None:
    alice = await factory.person("Alice")
    checkin = await factory.checkin(alice, (await factory.system(alice))["id"])

    errors = assert_error(await edit(alice, checkin, body), 422, "validation_failed")["errors"]

    assert [error["field"] for error in errors] == [field]
    assert await as_stored(alice, checkin) == checkin


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
async def test_a_date_closes_for_changes_when_it_closes_for_checkins(
    factory: Factory, clock: FrozenClock, method: str
) -> None:
    alice, _ = await factory.partners(timezones=("America/New_York", "UTC"))
    checkin = await factory.checkin(alice, (await factory.system(alice))["id"], notes="First")
    body = {} if method == "delete" else {"json": {"notes": "Later"}}

    clock.set(datetime(2026, 3, 11, 16, 0, tzinfo=UTC))  # noon of the next day in New York
    refused = await getattr(alice, method)(f"/checkins/{checkin['id']}", **body)

    error = assert_error(refused, 409, "checkin_locked")
    assert "10 March 2026" in error["message"]
    assert await as_stored(alice, checkin) == checkin
    clock.set(datetime(2026, 3, 11, 15, 59, 59, tzinfo=UTC))
    allowed = await getattr(alice, method)(f"/checkins/{checkin['id']}", **body)
    assert allowed.status_code == (204 if method == "delete" else 200), allowed.text


async def test_travelling_keeps_a_date_open_for_changes(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice", timezone="America/New_York")
    checkin = await factory.checkin(alice, (await factory.system(alice))["id"])
    clock.set(datetime(2026, 3, 11, 14, 0, tzinfo=UTC))  # 10:00 in New York, 23:00 in Tokyo
    data_of(await alice.put("/users/me", {"timezone": "Asia/Tokyo"}))

    changed = data_of(await edit(alice, checkin, {"notes": "From Tokyo"}))
    assert (changed["localDate"], changed["notes"]) == ("2026-03-10", "From Tokyo")
    clock.set(datetime(2026, 3, 11, 16, 0, tzinfo=UTC))

    assert_error(await edit(alice, checkin, {"notes": "Too late"}), 409, "checkin_locked")


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
async def test_what_is_verified_stays_as_it_is(factory: Factory, app: FastAPI, method: str) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, verificationRequired=True)
    checkin = await factory.checkin(alice, system["id"])
    verified = data_of(await bob.post(f"/verifications/{checkin['id']}/verify", VERIFY))
    told = await count_rows(app, "notifications")
    body = {} if method == "delete" else {"json": {"notes": "Later"}}

    refused = await getattr(alice, method)(f"/checkins/{checkin['id']}", **body)

    assert "verified" in assert_error(refused, 409, "checkin_locked")["message"]
    assert await as_stored(alice, checkin) == verified
    assert await count_rows(app, "notifications") == told


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
async def test_the_partner_looks_and_others_do_not(
    factory: Factory, app: FastAPI, method: str
) -> None:
    alice, bob = await factory.partners()
    carol = await factory.person("Carol")
    checkin = await factory.checkin(alice, (await factory.system(alice))["id"])
    body = {} if method == "delete" else {"json": {"notes": "Not mine"}}

    async def act(person: Person, checkin_id: object) -> Any:
        return await getattr(person, method)(f"/checkins/{checkin_id}", **body)

    assert_error(await act(bob, checkin["id"]), 403, "not_yours")
    assert_error(await act(carol, checkin["id"]), 404, "checkin_not_found")
    assert_error(await act(alice, uuid4()), 404, "checkin_not_found")
    await end_partnership(app, alice, bob)
    assert_error(await act(bob, checkin["id"]), 404, "checkin_not_found")

    assert await as_stored(alice, checkin) == checkin


async def test_what_was_logged_before_a_pause_can_still_be_corrected(
    factory: Factory, app: FastAPI
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)
    checkin = await factory.checkin(alice, system["id"])
    data_of(await alice.put(f"/systems/{system['id']}", {"status": "paused"}))

    assert data_of(await edit(alice, checkin, {"notes": "Typo"}))["notes"] == "Typo"
    assert len(await rows(app, "SELECT id FROM checkins")) == 1
