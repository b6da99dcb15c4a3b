"""Edits that change what a check-in is, and who is told."""

from typing import Any

import pytest
from fastapi import FastAPI

from tests.factories import Factory, Person
from tests.support import FrozenClock, data_of, items_of, rows

ASK = {"decision": "queried_by_partner", "query": "Which route was it?"}
VERIFY = {"decision": "verified_completed"}


async def edit(person: Person, checkin: dict[str, Any], **body: Any) -> dict[str, Any]:
    changed: dict[str, Any] = data_of(await person.put(f"/checkins/{checkin['id']}", body))
    return changed


async def decide(person: Person, checkin: dict[str, Any], decision: Any) -> dict[str, Any]:
    path = f"/verifications/{checkin['id']}/verify"
    decided: dict[str, Any] = data_of(await person.post(path, decision))
    return decided


async def told(app: FastAPI, person: Person) -> list[str]:
    sql = "SELECT type FROM notifications WHERE recipient_id = :id ORDER BY created_at, type"
    return [row["type"] for row in await rows(app, sql, id=person.id)]


async def waiting(person: Person) -> list[str]:
    return [item["id"] for item in items_of(await person.get("/verifications/queue"))]


async def verifying(factory: Factory, owner: Person, **fields: Any) -> dict[str, Any]:
    system = await factory.system(owner, verificationRequired=True)
    return await factory.checkin(owner, system["id"], **fields)


@pytest.mark.parametrize("body", [{"notes": "More"}, {"status": "completed"}, {"photoUrl": None}])
async def test_a_pending_one_stays_pending_and_asks_nobody_again(
    factory: Factory, app: FastAPI, body: dict[str, Any]
) -> None:
    alice, bob = await factory.partners()
    checkin = await verifying(factory, alice)

    changed = await edit(alice, checkin, **body)

    assert changed == checkin | {key: body[key] for key in body.keys() & {"notes"}}
    assert await waiting(bob) == [checkin["id"]]
    assert await told(app, bob) == ["verification_requested"]
    assert await told(app, alice) == []


async def test_a_queried_one_waits_again_keeps_its_question_and_asks_again(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    checkin = await verifying(factory, alice)
    await decide(bob, checkin, ASK)
    clock.advance(minutes=1)

    changed = await edit(alice, checkin, notes="The long one")

    assert changed == checkin | {
        "notes": "The long one",
        "verifierQuery": "Which route was it?",
        "updatedAt": "2026-03-10T09:01:00Z",
    }
    assert await waiting(bob) == [checkin["id"]]
    assert await told(app, bob) == ["verification_requested"] * 2
    assert await told(app, alice) == ["checkin_queried"]
    verified = await decide(bob, checkin, VERIFY)
    assert verified["verifierQuery"] is None


@pytest.mark.parametrize("queried", [False, True])
async def test_a_waiting_one_that_becomes_a_skip_leaves_the_queue(
    factory: Factory, app: FastAPI, queried: bool
) -> None:
    alice, bob = await factory.partners()
    checkin = await verifying(factory, alice)
    if queried:
        await decide(bob, checkin, ASK)
    before = await told(app, bob)

    changed = await edit(alice, checkin, status="skipped")

    assert changed["status"] == "skipped"
    assert changed["verifiedByPartnerId"] is None
    assert changed["verifiedAtUtc"] is None
    assert await waiting(bob) == []
    assert await told(app, bob) == before
    refused = await bob.post(f"/verifications/{checkin['id']}/verify", VERIFY)
    assert refused.json()["code"] == "not_awaiting_verification"


@pytest.mark.parametrize(
    ("required", "status", "notice"),
    [
        (True, "pending_verification", "verification_requested"),
        (False, "completed", "partner_checkin_completed"),
    ],
)
async def test_a_skip_that_is_completed_is_told_like_a_new_one(
    factory: Factory, app: FastAPI, required: bool, status: str, notice: str
) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, verificationRequired=required)
    checkin = await factory.checkin(alice, system["id"], status="skipped")
    assert await told(app, bob) == []

    changed = await edit(alice, checkin, status="completed", notes="After all")

    assert changed == checkin | {"status": status, "notes": "After all"}
    assert await told(app, bob) == [notice]
    assert await waiting(bob) == ([checkin["id"]] if required else [])
    (row,) = await rows(app, "SELECT target_id, link_to FROM notifications")
    assert row["target_id"] == checkin["id"]


async def test_a_completed_one_that_becomes_a_skip_tells_nobody(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    checkin = await factory.checkin(alice, (await factory.system(alice))["id"])

    assert await edit(alice, checkin, status="skipped") == checkin | {"status": "skipped"}

    assert await told(app, bob) == ["partner_checkin_completed"]


async def test_a_skip_whose_notes_change_stays_a_skip(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    checkin = await verifying(factory, alice, status="skipped")

    assert await edit(alice, checkin, notes="Ill") == checkin | {"notes": "Ill"}

    assert await told(app, bob) == []
    assert await waiting(bob) == []


async def test_a_skip_is_completed_at_once_where_nobody_can_verify(
    factory: Factory, app: FastAPI
) -> None:
    alice = await factory.person("Alice")
    checkin = await verifying(factory, alice, status="skipped")

    assert (await edit(alice, checkin, status="completed"))["status"] == "completed"

    assert await rows(app, "SELECT id FROM notifications") == []


async def settled(
    factory: Factory, app: FastAPI, *, required: bool
) -> tuple[Person, Person, dict[str, Any]]:
    """Alice, her new partner, and her check-in from the partnership before."""
    alice, bob = await factory.partners()
    system = await factory.system(alice, verificationRequired=required)
    checkin = await factory.checkin(alice, system["id"])
    data_of(await bob.post("/partnerships/dissolve"))
    carol = await factory.person("Carol")
    await factory.partnership(alice, carol)
    return alice, carol, checkin


@pytest.mark.parametrize("required", [True, False])
async def test_an_edit_of_a_settled_one_does_not_bother_the_new_partner(
    factory: Factory, app: FastAPI, required: bool
) -> None:
    alice, carol, checkin = await settled(factory, app, required=required)

    changed = await edit(alice, checkin, notes="A typo")

    assert changed == checkin | {"notes": "A typo", "status": "completed"}
    assert await told(app, carol) == []
    assert await waiting(carol) == []


async def test_a_settled_one_that_is_completed_again_asks_the_new_partner(
    factory: Factory, app: FastAPI
) -> None:
    alice, carol, checkin = await settled(factory, app, required=True)
    partnership = data_of(await carol.get("/partnerships/current"))["id"]

    changed = await edit(alice, checkin, status="completed")

    assert changed["status"] == "pending_verification"
    assert changed["partnershipId"] == partnership != checkin["partnershipId"]
    assert await told(app, carol) == ["verification_requested"]
    assert (await decide(carol, checkin, VERIFY))["status"] == "verified_completed"


async def test_a_settled_one_that_needs_no_verification_stays_where_it_was(
    factory: Factory, app: FastAPI
) -> None:
    alice, carol, checkin = await settled(factory, app, required=False)

    assert await edit(alice, checkin, status="completed") == checkin

    assert await told(app, carol) == []


async def test_completing_again_in_the_same_partnership_asks_nobody(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice)
    checkin = await factory.checkin(alice, system["id"])
    data_of(await alice.put(f"/systems/{system['id']}", {"verificationRequired": True}))

    assert await edit(alice, checkin, status="completed") == checkin

    assert await told(app, bob) == ["partner_checkin_completed"]
    assert await waiting(bob) == []


async def test_what_is_switched_off_is_not_told_and_waits_all_the_same(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    off = {"preferences": [{"id": "verificationRequests", "enabled": False}]}
    data_of(await bob.put("/users/me/notification-preferences", off))
    checkin = await verifying(factory, alice, status="skipped")

    await edit(alice, checkin, status="completed")

    assert await told(app, bob) == []
    assert await waiting(bob) == [checkin["id"]]
