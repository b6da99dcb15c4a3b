"""The end of a partnership, alone and against everything that may happen at the same moment."""

import asyncio
import random
from collections.abc import Coroutine
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.crud.crud_user import UserCrud
from tests.factories import Factory, Person
from tests.support import assert_error, data_of, rows

ROUNDS = 6
AT_ONCE = 20


async def test_what_waits_is_completed_and_keeps_its_question(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    waiting, queried, verified = [
        await factory.checkin(alice, (await factory.system(alice, verificationRequired=True))["id"])
        for _ in range(3)
    ]
    for checkin, decision in (
        (queried, {"decision": "queried_by_partner", "query": "Really?"}),
        (verified, {"decision": "verified_completed"}),
    ):
        data_of(await bob.post(f"/verifications/{checkin['id']}/verify", decision))

    data_of(await bob.post("/partnerships/dissolve"))

    stored = {
        str(row["id"]): row
        for row in await rows(
            app, "SELECT id, status, verifier_query, verified_by_partner_id FROM checkins"
        )
    }
    assert stored[waiting["id"]]["status"] == "completed"
    asked = stored[queried["id"]]
    assert (asked["status"], asked["verifier_query"]) == ("completed", "Really?")
    assert asked["verified_by_partner_id"] is None
    judged = stored[verified["id"]]
    assert judged["status"] == "verified_completed"
    assert judged["verified_by_partner_id"] == bob.id


async def test_the_other_one_is_told_once_with_notification_and_email(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()

    data_of(await alice.post("/partnerships/dissolve"))
    assert_error(await bob.post("/partnerships/dissolve"), 404, "no_active_partnership")

    (told,) = await rows(app, "SELECT * FROM notifications")
    assert told["recipient_id"] == bob.id
    assert told["type"] == "partnership_dissolved"
    assert told["message"] == "Alice ended your partnership."
    assert (told["icon_identifier"], told["link_to"]) == ("UserX", "/partnership")
    (email,) = await rows(app, "SELECT kind, to_email, payload FROM email_outbox")
    assert (email["kind"], email["to_email"]) == ("partnership_dissolved", bob.email)
    assert email["payload"]["partnership_url"] == "https://app.test/partnership"


async def test_the_end_of_one_partnership_leaves_others_alone(
    factory: Factory, app: FastAPI
) -> None:
    alice, _ = await factory.partners()
    carol, dan = await factory.partners()
    system = await factory.system(carol, verificationRequired=True)
    await factory.checkin(carol, system["id"])

    data_of(await alice.post("/partnerships/dissolve"))

    assert data_of(await dan.get("/partnerships/current"))["status"] == "active"
    assert await rows(app, "SELECT status FROM checkins") == [{"status": "pending_verification"}]


@pytest.mark.parametrize("first", [0, 1])
async def test_many_dissolutions_at_once_end_it_once(
    factory: Factory, app: FastAPI, first: int
) -> None:
    couple = await factory.partners()
    people = [couple[(first + index) % 2] for index in range(AT_ONCE)]

    answers = await asyncio.gather(*(p.post("/partnerships/dissolve") for p in people))

    assert sorted(answer.status_code for answer in answers) == [200] + [404] * (AT_ONCE - 1)
    assert len(await rows(app, "SELECT id FROM notifications")) == 1
    assert len(await rows(app, "SELECT id FROM email_outbox")) == 1
    assert await current_partnerships(app) == [None, None]


async def test_nothing_stays_pending_when_the_end_meets_checkins_and_decisions(
    factory: Factory, app: FastAPI
) -> None:
    for turn in range(ROUNDS):
        alice, bob = await factory.partners()
        couple = (alice, bob)
        systems = [
            (owner, (await factory.system(owner, verificationRequired=True))["id"])
            for owner in couple
            for _ in range(AT_ONCE // 4)
        ]
        waiting = [
            (bob if owner is alice else alice, (await factory.checkin(owner, system_id))["id"])
            for owner in couple
            for system_id in [
                (await factory.system(owner, verificationRequired=True))["id"]
                for _ in range(AT_ONCE // 4)
            ]
        ]
        acts: list[Coroutine[Any, Any, httpx.Response]] = [
            *(owner.post("/checkins", {"systemId": system}) for owner, system in systems),
            *(
                decide(judge, checkin, turn + index)
                for index, (judge, checkin) in enumerate(waiting)
            ),
            couple[turn % 2].post("/partnerships/dissolve"),
        ]
        random.Random(turn).shuffle(acts)

        answers = await asyncio.gather(*acts)

        assert all(answer.status_code < 500 for answer in answers), [a.text for a in answers]
        stuck = await rows(
            app,
            "SELECT c.status FROM checkins c JOIN partnerships p ON p.id = c.partnership_id"
            " WHERE p.status <> 'active'"
            " AND c.status IN ('pending_verification', 'queried_by_partner')",
        )
        assert stuck == []
    assert set(await current_partnerships(app)) == {None}


async def test_people_who_are_locked_can_still_be_notified(factory: Factory, app: FastAPI) -> None:
    """A check-in locks one partner and notifies the other: blocked, it would wait in a circle."""
    alice, bob = await factory.partners()
    insert = text("INSERT INTO notifications (recipient_id, type) VALUES (:id, 'system_reminder')")
    database = app.state.database

    async with database.session() as session:
        await UserCrud(session).lock(alice.id, bob.id)
        async with asyncio.timeout(1), database.engine.begin() as other:
            await other.execute(insert, {"id": bob.id})


async def test_an_accepted_invitation_is_mailed_to_the_inviter(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    data_of(await alice.post("/partnerships/invite", {"email": bob.email, "name": "Us"}), 201)
    (invitation,) = data_of(await bob.get("/partnerships/invitations"))["items"]

    data_of(await bob.post(f"/partnerships/invitations/{invitation['id']}/accept"))

    sql = "SELECT to_email, payload FROM email_outbox WHERE kind = 'partnership_accepted'"
    (email,) = await rows(app, sql)
    assert email["to_email"] == alice.email
    assert email["payload"] == {
        "partner_name": "Bob",
        "partnership_name": "Us",
        "partnership_url": "https://app.test/partnership",
    }


async def decide(judge: Person, checkin_id: str, number: int) -> httpx.Response:
    body = (
        {"decision": "verified_completed"}
        if number % 2
        else {"decision": "queried_by_partner", "query": "Really?"}
    )
    return await judge.post(f"/verifications/{checkin_id}/verify", body)


async def current_partnerships(app: FastAPI) -> list[Any]:
    found = await rows(app, "SELECT current_partnership_id AS id FROM users")
    return [row["id"] for row in found]
