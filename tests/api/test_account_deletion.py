"""Deleting an account: what its owner, the partner and the database see of it."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from sqlalchemy import JSON, String, Uuid, cast, func, or_, select

from app.db.base_class import Base
from app.jobs.account_deletion import SETTLING_TIME
from tests.factories import PASSWORD, Factory, Person
from tests.jobs.deleting import job_on
from tests.rich_account import NAME, furnish
from tests.support import FrozenClock, assert_error, data_of, items_of, rows

SURE = {"confirmation": "DELETE"}


async def ask_to_delete(person: Person, body: Any = None) -> httpx.Response:
    return await person.client.request("DELETE", "/api/v1/users/me", json=body or SURE)


async def run_jobs(app: FastAPI, clock: FrozenClock) -> None:
    """What the background does within a minute."""
    for _ in range(2):
        await job_on(app, app.state.storage).delete_due()
        clock.advance(seconds=SETTLING_TIME.total_seconds())


async def test_the_word_has_to_be_typed(factory: Factory, app: FastAPI) -> None:
    alice = await factory.person("Alice")

    for body in (
        {"confirmation": "delete"},
        {"confirmation": ""},
        {"confirmation": True},
        {"x": 1},
    ):
        assert_error(await ask_to_delete(alice, body), 422, "validation_failed")
    no_body = await alice.delete("/users/me")

    assert_error(no_body, 422, "validation_failed")
    assert data_of(await alice.get("/users/me"))["name"] == "Alice"
    assert await rows(app, "SELECT user_id FROM account_deletions") == []


async def test_without_a_token_or_after_logout_nothing_is_deleted(
    factory: Factory, app: FastAPI, client: httpx.AsyncClient
) -> None:
    alice = await factory.person("Alice")
    anonymous = await client.request("DELETE", "/api/v1/users/me", json=SURE)
    assert_error(anonymous, 401, "not_authenticated")
    await alice.post("/auth/logout")

    refused = await ask_to_delete(alice)

    assert_error(refused, 401, "not_authenticated")
    assert await rows(app, "SELECT user_id FROM account_deletions") == []
    assert await rows(app, "SELECT is_active FROM users") == [{"is_active": True}]


async def test_the_account_is_closed_at_once(factory: Factory, app: FastAPI) -> None:
    alice = await factory.person("Alice")

    closed = data_of(await ask_to_delete(alice), 202)

    assert closed == {"requestedAt": "2026-03-10T09:00:00Z"}
    for refused in (await alice.get("/users/me"), await alice.post("/goals", {"title": "More"})):
        assert_error(refused, 403, "account_disabled")
        assert refused.json()["message"] == "This account is being deleted."
    assert await rows(app, "SELECT user_id, attempts FROM account_deletions") == [
        {"user_id": alice.id, "attempts": 0}
    ]


async def test_a_second_request_is_harmless(factory: Factory, app: FastAPI) -> None:
    alice, _ = await factory.partners()

    answers = await asyncio.gather(*(ask_to_delete(alice) for _ in range(5)))

    statuses = {answer.status_code for answer in answers}
    assert 202 in statuses
    assert statuses <= {202, 403}
    assert_error(await ask_to_delete(alice), 403, "account_disabled")
    assert len(await rows(app, "SELECT user_id FROM account_deletions")) == 1
    assert len(await rows(app, "SELECT id FROM notifications")) == 1


async def test_from_the_request_to_the_end(
    factory: Factory, app: FastAPI, clock: FrozenClock, client: httpx.AsyncClient
) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(bob, verificationRequired=True)
    checkin = await factory.checkin(bob, system["id"])

    data_of(await ask_to_delete(alice), 202)

    assert_error(await bob.get("/partnerships/current"), 404, "no_active_partnership")
    (kept,) = items_of(await bob.get("/checkins"))
    assert (kept["id"], kept["status"]) == (checkin["id"], "completed")
    await run_jobs(app, clock)

    assert await rows(app, "SELECT id FROM users") == [{"id": bob.id}]
    assert await app.state.auth.find_user(user_id=alice.id) is None
    assert await rows(app, "SELECT user_id FROM account_deletions") == []
    assert_error(await alice.get("/users/me"), 401, "not_authenticated")
    login = {"email": alice.email, "password": PASSWORD}
    assert_error(await client.post("/api/v1/auth/login", json=login), 401, "invalid_credentials")
    told = items_of(await bob.get("/notifications"))
    assert [item["type"] for item in told] == ["partnership_dissolved"]
    assert told[0]["actor"] is None
    emails = await rows(app, "SELECT kind, to_email, payload FROM email_outbox")
    assert [(email["kind"], email["to_email"]) for email in emails] == [
        ("partnership_dissolved", bob.email)
    ]
    assert emails[0]["payload"]["account_deleted"] is True
    assert items_of(await bob.get("/checkins"))[0]["partnershipId"] is None
    assert data_of(await bob.get("/users/me"))["partnerDetails"] is None


async def test_nothing_of_the_person_stays_in_any_table(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob, inviter = await furnish(factory, app)
    assert await traces(app, alice.id, alice.email, NAME), "the scan finds what is there"

    data_of(await ask_to_delete(alice), 202)
    await run_jobs(app, clock)

    assert await traces(app, alice.id, alice.email, NAME) == []
    assert await dangling(app) == []
    assert len(items_of(await bob.get("/checkins"))) == 2
    assert (await bob.get("/goals")).json()["data"]["pagination"]["totalItems"] == 1
    mine = await rows(app, "SELECT text_content FROM comments")
    assert mine == [{"text_content": "Bob to himself"}]
    waits = await rows(app, "SELECT user1_id, status, invite_email FROM partnerships")
    assert waits == [{"user1_id": inviter.id, "status": "pending_invite", "invite_email": None}]


async def test_the_unconfirmed_address_of_a_stranger_is_left_alone(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    mallory = await factory.person("Mallory", email="victim@example.com", confirmed=False)
    inviter = await factory.person("Ingrid")
    data_of(await inviter.post("/partnerships/invite", {"email": mallory.email}), 201)

    data_of(await ask_to_delete(mallory), 202)
    await run_jobs(app, clock)

    (invitation,) = items_of(await inviter.get("/partnerships/invitations"))
    assert invitation["inviteEmail"] == "victim@example.com"
    sent = await rows(app, "SELECT to_email FROM email_outbox")
    assert sent == [{"to_email": "victim@example.com"}]


async def test_an_open_invitation_is_withdrawn_with_its_email(
    factory: Factory, app: FastAPI, client: httpx.AsyncClient
) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    sent = data_of(await alice.post("/partnerships/invite", {"email": bob.email}), 201)
    token = sent["inviteUrl"].partition("invite_token=")[2]

    data_of(await ask_to_delete(alice), 202)

    gone = await client.get(f"/api/v1/partnerships/invite/{token}")
    assert_error(gone, 404, "invite_not_found")
    assert items_of(await bob.get("/partnerships/invitations")) == []
    assert await rows(app, "SELECT id FROM email_outbox") == []


async def test_the_address_can_be_used_for_a_new_account(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice", username="alice")
    data_of(await ask_to_delete(alice), 202)
    await run_jobs(app, clock)

    again = await factory.person("Alice", email=alice.email, username="alice")

    assert again.id != alice.id
    assert data_of(await again.get("/users/me"))["username"] == "alice"


async def traces(app: FastAPI, user_id: UUID, *words: str) -> list[str]:
    """Every column of every table that still holds the id or one of the words."""
    found = []
    async with app.state.database.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            for column in table.columns:
                needles = [str(user_id)]
                if isinstance(column.type, String | JSON):
                    needles += words
                elif not isinstance(column.type, Uuid):
                    continue
                held = func.lower(cast(column, String))
                hit = select(func.count()).where(
                    or_(*(held.contains(word.lower()) for word in needles))
                )
                if await connection.scalar(hit):
                    found.append(f"{table.name}.{column.name}")
    return found


async def dangling(app: FastAPI) -> list[Any]:
    """Comments, reactions and notifications whose target does not exist."""
    everything = " UNION ALL ".join(
        f"SELECT id::text FROM {table}"
        for table in ("checkins", "goals", "systems", "reflections", "direct_messages", "comments")
    )
    return [
        row
        for table in ("comments", "reactions", "notifications")
        for row in await rows(
            app,
            f"SELECT * FROM {table} WHERE target_id IS NOT NULL"
            f" AND target_id::text NOT IN ({everything})",
        )
    ]


async def test_logging_in_to_an_account_that_is_being_deleted_says_so(factory: Factory) -> None:
    alice = await factory.person("Alice")
    data_of(await ask_to_delete(alice), 202)

    credentials = {"email": alice.email, "password": PASSWORD}
    again = await alice.post("/auth/login", credentials)
    repeated = await ask_to_delete(alice)

    for refused in (again, repeated):
        body = assert_error(refused, 403, "account_disabled")
        assert body["message"] == "This account is being deleted."
