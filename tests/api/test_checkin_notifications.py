"""Who is told about a check-in, and who is not."""

import json
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from tests.factories import Factory, Person, end_partnership
from tests.support import items_of, rows

KINDS = [
    (
        False,
        {
            "type": "partner_checkin_completed",
            "icon": "CheckCircle2",
            "actionLink": "/partnership?tab=activity",
        },
        "partnerActivity",
    ),
    (
        True,
        {
            "type": "verification_requested",
            "icon": "BellRing",
            "actionLink": "/activity?filter=verifications",
        },
        "verificationRequests",
    ),
]


async def switch_off(app: FastAPI, person: Person, preference: str) -> None:
    change = json.dumps([{"id": preference, "label": preference, "enabled": False}])
    async with app.state.database.engine.begin() as connection:
        await connection.execute(
            text("UPDATE users SET notification_preferences = CAST(:new AS jsonb) WHERE id = :id"),
            {"new": change, "id": person.id},
        )


@pytest.mark.parametrize(("required", "expected", "_preference"), KINDS)
async def test_the_partner_is_told_once_and_the_owner_is_not(
    factory: Factory, required: bool, expected: dict[str, Any], _preference: str
) -> None:
    alice, bob = await factory.partners()
    bystander = await factory.person("Carol")
    system = await factory.system(alice, verificationRequired=required)

    checkin = await factory.checkin(alice, system["id"])

    (told,) = items_of(await bob.get("/notifications"))
    assert expected.items() <= told.items()
    assert told["actor"] == {"id": str(alice.id), "name": "Alice", "avatarUrl": None}
    assert told["target"] == {"type": "checkin", "id": checkin["id"], "name": "Morning run"}
    assert "'Morning run'" in told["message"]
    assert told["message"].startswith("Alice ")
    assert told["timestamp"] == "2026-03-10T09:00:00Z"
    assert told["isRead"] is False
    assert items_of(await alice.get("/notifications")) == []
    assert items_of(await bystander.get("/notifications")) == []


@pytest.mark.parametrize("required", [True, False])
async def test_a_skip_tells_nobody(factory: Factory, app: FastAPI, required: bool) -> None:
    alice, _ = await factory.partners()
    system = await factory.system(alice, verificationRequired=required)

    await factory.checkin(alice, system["id"], status="skipped")

    assert await rows(app, "SELECT id FROM notifications") == []


@pytest.mark.parametrize(("required", "expected", "preference"), KINDS)
async def test_what_is_switched_off_is_not_told_and_the_rest_is(
    factory: Factory, app: FastAPI, required: bool, expected: dict[str, Any], preference: str
) -> None:
    alice, bob = await factory.partners()
    await switch_off(app, bob, preference)
    system = await factory.system(alice, verificationRequired=required)
    other = await factory.system(alice, verificationRequired=not required)

    checkin = await factory.checkin(alice, system["id"])
    await factory.checkin(alice, other["id"])

    (told,) = items_of(await bob.get("/notifications"))
    assert told["type"] != expected["type"]
    assert checkin["status"] == ("pending_verification" if required else "completed")


async def test_the_owners_own_preferences_do_not_matter(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    await switch_off(app, alice, "partnerActivity")

    await factory.checkin(alice, (await factory.system(alice))["id"])

    assert len(items_of(await bob.get("/notifications"))) == 1


async def test_nobody_is_told_without_a_partner(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    await end_partnership(app, alice, bob)
    system = await factory.system(alice, verificationRequired=True)

    checkin = await factory.checkin(alice, system["id"])

    assert checkin["status"] == "completed"
    assert checkin["partnershipId"] is None
    assert await rows(app, "SELECT id FROM notifications") == []


async def test_an_invited_person_is_not_told_yet(factory: Factory) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    await alice.post("/partnerships/invite", {"email": bob.email})
    before = items_of(await bob.get("/notifications"))

    await factory.checkin(alice, (await factory.system(alice, verificationRequired=True))["id"])

    assert items_of(await bob.get("/notifications")) == before


async def test_a_name_is_told_as_it_is_and_an_address_never(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    await alice.put("/users/me", {"name": ""})
    system = await factory.system(alice, title="<b>{system_id}</b> %s 'quoted'")

    await factory.checkin(alice, system["id"])

    (told,) = items_of(await bob.get("/notifications"))
    assert told["target"]["name"] == "<b>{system_id}</b> %s 'quoted'"
    assert told["message"].startswith("Your partner ")
    assert alice.email not in json.dumps(told)
