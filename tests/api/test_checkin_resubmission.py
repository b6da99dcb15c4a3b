"""Answering the partner's question."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from tests.factories import Factory, Person, end_partnership
from tests.pictures import upload
from tests.support import FrozenClock, assert_error, count_rows, data_of, items_of, rows

ASK = {"decision": "queried_by_partner", "query": "Which route was it?"}
VERIFY = {"decision": "verified_completed"}


async def queried(
    factory: Factory, alice: Person, bob: Person, *, logged: float | None = None, **fields: Any
) -> dict[str, Any]:
    system = await factory.system(alice, verificationRequired=True, **fields)
    checkin = await factory.checkin(alice, system["id"], notes="Ran", metricValueLogged=logged)
    return await decide(bob, checkin, ASK)


async def decide(person: Person, checkin: dict[str, Any], decision: Any) -> dict[str, Any]:
    path = f"/verifications/{checkin['id']}/verify"
    decided: dict[str, Any] = data_of(await person.post(path, decision))
    return decided


async def resubmit(person: Person, checkin: dict[str, Any], body: Any, **options: Any) -> Any:
    return await person.post(f"/checkins/{checkin['id']}/resubmit", body, **options)


async def test_it_waits_again_with_what_was_missing(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    checkin = await queried(factory, alice, bob, metricType="duration", logged=20)
    url = (await upload(alice))["url"]
    clock.advance(minutes=5)

    body = {"notes": "The long one", "photoUrl": url, "metricValueLogged": 25}
    again = data_of(await resubmit(alice, checkin, body))

    assert again == checkin | body | {
        "status": "pending_verification",
        "verifiedByPartnerId": None,
        "verifiedAtUtc": None,
        "updatedAt": "2026-03-10T09:05:00Z",
    }
    assert again["verifierQuery"] == "Which route was it?"
    (item,) = items_of(await bob.get("/verifications/queue"))
    assert item["id"] == checkin["id"]
    (notice, first) = items_of(await bob.get("/notifications"))
    assert notice["type"] == first["type"] == "verification_requested"
    assert notice["timestamp"] == "2026-03-10T09:05:00Z"
    assert notice["target"]["id"] == checkin["id"]
    (mine,) = items_of(await alice.get("/notifications"))
    assert mine["type"] == "checkin_queried"


async def test_a_question_stays_until_it_is_verified_and_the_next_one_replaces_it(
    factory: Factory,
) -> None:
    alice, bob = await factory.partners()
    checkin = await queried(factory, alice, bob)

    for question in ("And the photo?", "Still not clear."):
        assert data_of(await resubmit(alice, checkin, {}))["status"] == "pending_verification"
        asked = await decide(bob, checkin, ASK | {"query": question})
        assert asked["verifierQuery"] == question
    kept = data_of(await resubmit(alice, checkin, {}))
    verified = await decide(bob, checkin, VERIFY)

    assert kept["verifierQuery"] == "Still not clear."
    assert verified["verifierQuery"] is None
    assert verified["verifiedByPartnerId"] == str(bob.id)


async def test_what_is_not_sent_stays_and_null_clears(factory: Factory) -> None:
    alice, bob = await factory.partners()
    checkin = await queried(factory, alice, bob)

    assert data_of(await resubmit(alice, checkin, {}))["notes"] == "Ran"
    await decide(bob, checkin, ASK)

    assert data_of(await resubmit(alice, checkin, {"notes": None}))["notes"] is None


async def test_a_late_question_can_be_answered_after_the_date_has_closed(
    factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, verificationRequired=True)
    checkin = await factory.checkin(alice, system["id"])
    clock.advance(days=5)
    await decide(bob, checkin, ASK)

    refused = await alice.put(f"/checkins/{checkin['id']}", {"notes": "The long one"})
    again = data_of(await resubmit(alice, checkin, {"notes": "The long one"}))

    assert_error(refused, 409, "checkin_locked")
    assert again["status"] == "pending_verification"
    assert again["localDate"] == "2026-03-10"
    assert again["isLate"] is False


@pytest.mark.parametrize("state", ["completed", "skipped", "pending", "verified"])
async def test_only_a_queried_one_can_be_resubmitted(
    factory: Factory, app: FastAPI, state: str
) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, verificationRequired=state in ("pending", "verified"))
    status = {"status": "skipped"} if state == "skipped" else {}
    checkin = await factory.checkin(alice, system["id"], notes="First", **status)
    if state == "verified":
        checkin = await decide(bob, checkin, VERIFY)
    told = await count_rows(app, "notifications")

    assert_error(await resubmit(alice, checkin, {"notes": "Second"}), 409, "not_queried")

    assert data_of(await alice.get(f"/checkins/{checkin['id']}")) == checkin
    assert await count_rows(app, "notifications") == told


async def test_nothing_is_resubmitted_after_the_partnership_has_ended(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    checkin = await queried(factory, alice, bob)
    data_of(await bob.post("/partnerships/dissolve"))
    await factory.partnership(alice, await factory.person("Carol"))

    assert_error(await resubmit(alice, checkin, {}), 409, "not_queried")

    (row,) = await rows(app, "SELECT status, verifier_query FROM checkins")
    assert (row["status"], row["verifier_query"]) == ("completed", "Which route was it?")


async def test_a_question_of_an_earlier_partner_is_not_put_to_the_next_one(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    checkin = await queried(factory, alice, bob)
    await end_partnership(app, alice, bob)  # without settling
    carol = await factory.person("Carol")

    assert_error(await resubmit(alice, checkin, {}), 409, "not_queried")
    await factory.partnership(alice, carol)
    assert_error(await resubmit(alice, checkin, {}), 409, "not_queried")

    assert items_of(await carol.get("/verifications/queue")) == []
    assert items_of(await carol.get("/notifications")) == []


async def test_nobody_resubmits_for_somebody_else(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    carol = await factory.person("Carol")
    checkin = await queried(factory, alice, bob)

    assert_error(await resubmit(bob, checkin, {}), 403, "not_yours")
    assert_error(await resubmit(carol, checkin, {}), 404, "checkin_not_found")
    assert_error(await resubmit(alice, {"id": uuid4()}, {}), 404, "checkin_not_found")

    (row,) = await rows(app, "SELECT status FROM checkins")
    assert row["status"] == "queried_by_partner"


@pytest.mark.parametrize(
    ("metric", "body", "code"),
    [
        ("counter", {"metricValueLogged": None}, "metric_value_required"),
        ("binary", {"metricValueLogged": 3}, "metric_value_not_allowed"),
        ("binary", {"photoUrl": "https://files.test/photo.webp"}, "unknown_image"),
        ("binary", {"status": "skipped"}, "validation_failed"),
        ("binary", {"verifierQuery": ""}, "validation_failed"),
        ("binary", {"notes": "x" * 501}, "validation_failed"),
    ],
)
async def test_a_bad_answer_is_refused_and_the_question_stands(
    factory: Factory, app: FastAPI, metric: str, body: dict[str, Any], code: str
) -> None:
    alice, bob = await factory.partners()
    logged = 3 if metric == "counter" else None
    checkin = await queried(factory, alice, bob, metricType=metric, logged=logged)
    told = await count_rows(app, "notifications")

    assert_error(await resubmit(alice, checkin, body), 422, code)

    assert data_of(await alice.get(f"/checkins/{checkin['id']}")) == checkin
    assert await count_rows(app, "notifications") == told


async def test_a_repeated_one_with_a_key_is_replayed(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    checkin = await queried(factory, alice, bob)
    key = {"Idempotency-Key": "answered"}

    first = await resubmit(alice, checkin, {"notes": "Long"}, headers=key)
    second = await resubmit(alice, checkin, {"notes": "Long"}, headers=key)
    other = await resubmit(alice, checkin, {"notes": "Short"}, headers=key)

    assert data_of(first) == data_of(second)
    assert second.headers["idempotency-replayed"] == "true"
    assert_error(other, 422, "idempotency_key_reused")
    assert_error(await resubmit(alice, checkin, {}), 409, "not_queried")
    assert len(items_of(await bob.get("/notifications"))) == 2
