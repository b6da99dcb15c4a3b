"""The verification queue and the partner's decision."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from tests.factories import Factory, Person, end_partnership
from tests.support import FrozenClock, assert_error, data_of, items_of, rows

VERIFY = {"decision": "verified_completed"}
ASK = {"decision": "queried_by_partner", "query": "Which route was it?"}


async def pending(factory: Factory, owner: Person, **fields: Any) -> dict[str, Any]:
    system = await factory.system(owner, verificationRequired=True, **fields)
    return await factory.checkin(owner, system["id"])


async def decide(person: Person, checkin: dict[str, Any], decision: Any) -> Any:
    return await person.post(f"/verifications/{checkin['id']}/verify", decision)


async def status_of(app: FastAPI, checkin: dict[str, Any]) -> Any:
    (row,) = await rows(app, "SELECT status FROM checkins WHERE id = :id", id=checkin["id"])
    return row["status"]


async def told(person: Person) -> list[dict[str, Any]]:
    return items_of(await person.get("/notifications"))


async def test_the_queue_shows_what_waits_with_system_and_owner(factory: Factory) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(
        alice,
        title="Water",
        description="Eight glasses",
        verificationRequired=True,
        metricType="counter",
        targetValue=8,
        targetUnit="glasses",
    )
    checkin = await factory.checkin(alice, system["id"], metricValueLogged=9, notes="Done")

    (item,) = items_of(await bob.get("/verifications/queue"))

    assert item == checkin | {
        "system": {
            "id": system["id"],
            "title": "Water",
            "description": "Eight glasses",
            "metricType": "counter",
            "targetValue": 8.0,
            "targetUnit": "glasses",
        },
        "owner": {"id": str(alice.id), "name": "Alice", "username": None, "avatarUrl": None},
    }
    assert items_of(await alice.get("/verifications/queue")) == []


async def test_the_queue_is_oldest_first_and_in_pages(factory: Factory, clock: FrozenClock) -> None:
    alice, bob = await factory.partners()
    made = []
    for _ in range(3):
        made.append((await pending(factory, alice))["id"])
        clock.advance(minutes=1)
    same_instant = sorted([(await pending(factory, alice))["id"] for _ in range(2)])

    whole = data_of(await bob.get("/verifications/queue"))
    paged = [
        items_of(await bob.get(f"/verifications/queue?limit=1&page={page}"))[0]["id"]
        for page in range(1, 6)
    ]
    beyond = data_of(await bob.get("/verifications/queue?limit=2&page=9"))

    assert [item["id"] for item in whole["items"]] == [*made, *same_instant] == paged
    assert whole["pagination"]["totalItems"] == 5
    assert beyond["items"] == []
    assert beyond["pagination"]["totalItems"] == 5


async def test_the_queue_holds_nothing_that_does_not_wait(factory: Factory) -> None:
    alice, bob = await factory.partners()
    for decision in (VERIFY, ASK):
        data_of(await decide(bob, await pending(factory, alice), decision))
    skipped = await factory.system(alice, verificationRequired=True)
    await factory.checkin(alice, skipped["id"], status="skipped")
    await factory.checkin(alice, (await factory.system(alice))["id"])
    await pending(factory, bob)

    assert items_of(await bob.get("/verifications/queue")) == []


@pytest.mark.parametrize("page", [1, 5])
async def test_without_a_partnership_the_queue_is_empty(factory: Factory, page: int) -> None:
    alice = await factory.person("Alice")

    data = data_of(await alice.get(f"/verifications/queue?page={page}"))

    assert data["items"] == []
    assert data["pagination"]["totalItems"] == 0
    assert data["pagination"]["hasNextPage"] is False


async def test_verifying_settles_the_checkin_and_tells_the_owner_only(
    factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    checkin = await pending(factory, alice)
    clock.advance(hours=1)

    decided = data_of(await decide(bob, checkin, VERIFY))

    assert decided == checkin | {
        "status": "verified_completed",
        "verifiedByPartnerId": str(bob.id),
        "verifiedAtUtc": "2026-03-10T10:00:00Z",
        "updatedAt": "2026-03-10T10:00:00Z",
    }
    (notice,) = await told(alice)
    assert notice["type"] == "checkin_verified"
    assert notice["icon"] == "BadgeCheck"
    assert notice["actionLink"] == f"/systems/{checkin['systemId']}"
    assert notice["target"] == {"type": "checkin", "id": checkin["id"], "name": "Morning run"}
    assert notice["actor"]["id"] == str(bob.id)
    assert notice["timestamp"] == "2026-03-10T10:00:00Z"
    assert [item["type"] for item in await told(bob)] == ["verification_requested"]
    assert items_of(await alice.get("/checkins")) == [decided]
    assert items_of(await bob.get("/verifications/queue")) == []


async def test_asking_keeps_the_text_and_tells_it(factory: Factory) -> None:
    alice, bob = await factory.partners()
    checkin = await pending(factory, alice)

    decided = data_of(await decide(bob, checkin, ASK))

    assert decided["status"] == "queried_by_partner"
    assert decided["verifierQuery"] == "Which route was it?"
    assert decided["verifiedByPartnerId"] == str(bob.id)
    (notice,) = await told(alice)
    assert notice["type"] == "checkin_queried"
    assert notice["icon"] == "HelpCircle"
    assert notice["actionLink"] == f"/systems/{checkin['systemId']}"
    assert "Which route was it?" in notice["message"]
    system = data_of(await alice.get(f"/systems/{checkin['systemId']}"))
    assert system["currentStreak"] == 1


@pytest.mark.parametrize(
    "decision",
    [
        {"decision": "Verified-Completed"},
        {"decision": "VERIFIED COMPLETED", "query": ""},
        {"decision": "verified_completed", "query": None},
        {"decision": "QUERIED_BY_PARTNER", "query": "x" * 500},
    ],
)
async def test_decisions_are_read_liberally(factory: Factory, decision: dict[str, Any]) -> None:
    alice, bob = await factory.partners()

    data_of(await decide(bob, await pending(factory, alice), decision))

    assert len(await told(alice)) == 1


@pytest.mark.parametrize(
    "decision",
    [
        {},
        {"decision": "completed"},
        {"decision": "pending_verification"},
        {"decision": None},
        {"decision": ""},
        {"decision": "queried_by_partner"},
        {"decision": "queried_by_partner", "query": None},
        {"decision": "queried_by_partner", "query": "   "},
        {"decision": "queried_by_partner", "query": "x" * 501},
        {"decision": "queried_by_partner", "query": "\x00"},
        {"decision": "verified_completed", "query": "Nice"},
        {"decision": "verified_completed", "status": "skipped"},
        {"decision": "verified_completed", "verifiedByPartnerId": str(uuid4())},
    ],
)
async def test_other_decisions_are_refused_and_change_nothing(
    factory: Factory, app: FastAPI, decision: dict[str, Any]
) -> None:
    alice, bob = await factory.partners()
    checkin = await pending(factory, alice)

    assert_error(await decide(bob, checkin, decision), 422, "validation_failed")

    assert await status_of(app, checkin) == "pending_verification"
    assert await told(alice) == []


@pytest.mark.parametrize("decision", [VERIFY, ASK])
async def test_nobody_verifies_their_own(
    factory: Factory, app: FastAPI, decision: dict[str, Any]
) -> None:
    alice, bob = await factory.partners()
    checkin = await pending(factory, alice)

    assert_error(await decide(alice, checkin, decision), 403, "cannot_verify_own")

    assert await status_of(app, checkin) == "pending_verification"
    assert await told(alice) == []
    assert len(await told(bob)) == 1


async def test_strangers_and_former_partners_find_nothing(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    stranger = await factory.person("Carol")
    checkin = await pending(factory, alice)

    assert_error(await decide(stranger, checkin, VERIFY), 404, "checkin_not_found")
    assert_error(await decide(bob, {"id": str(uuid4())}, VERIFY), 404, "checkin_not_found")
    await end_partnership(app, alice, bob)
    assert_error(await decide(bob, checkin, VERIFY), 404, "checkin_not_found")

    assert await status_of(app, checkin) == "pending_verification"
    assert await told(alice) == []


async def test_a_new_partner_does_not_judge_what_an_earlier_one_was_asked(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    checkin = await pending(factory, alice)
    await end_partnership(app, alice, bob)
    carol = await factory.person("Carol")
    await factory.partnership(alice, carol)

    refused = await decide(carol, checkin, VERIFY)

    assert_error(refused, 409, "not_awaiting_verification")
    assert items_of(await carol.get("/verifications/queue")) == []
    assert await status_of(app, checkin) == "pending_verification"
    assert await told(alice) == []


@pytest.mark.parametrize("first", [VERIFY, ASK])
@pytest.mark.parametrize("second", [VERIFY, ASK])
async def test_a_second_decision_is_refused(
    factory: Factory, first: dict[str, Any], second: dict[str, Any]
) -> None:
    alice, bob = await factory.partners()
    checkin = await pending(factory, alice)
    decided = data_of(await decide(bob, checkin, first))

    refused = await decide(bob, checkin, second)

    assert_error(refused, 409, "not_awaiting_verification")
    assert items_of(await alice.get("/checkins")) == [decided]
    assert len(await told(alice)) == 1


@pytest.mark.parametrize("fields", [{}, {"status": "skipped"}])
async def test_what_never_asked_cannot_be_verified(
    factory: Factory, fields: dict[str, Any]
) -> None:
    alice, bob = await factory.partners()
    checkin = await factory.checkin(alice, (await factory.system(alice))["id"], **fields)

    assert_error(await decide(bob, checkin, VERIFY), 409, "not_awaiting_verification")

    assert await told(alice) == []
    assert items_of(await alice.get("/checkins"))[0]["status"] == checkin["status"]


async def test_a_repeated_decision_with_a_key_is_replayed(factory: Factory) -> None:
    alice, bob = await factory.partners()
    checkin = await pending(factory, alice)
    path, key = f"/verifications/{checkin['id']}/verify", {"Idempotency-Key": "decided"}

    first = await bob.post(path, VERIFY, headers=key)
    second = await bob.post(path, VERIFY, headers=key)

    assert data_of(first) == data_of(second)
    assert second.headers["idempotency-replayed"] == "true"
    assert len(await told(alice)) == 1
