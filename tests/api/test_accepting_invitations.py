"""Accepting an invitation by its link, and the partnership that comes of it."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.api.test_partnerships import accept, invited, notified
from tests.factories import API, Factory, Person, fresh_token
from tests.support import assert_error, change_rows, count_rows, data_of, items_of, rows

PEOPLE = "SELECT id, current_partnership_id FROM users ORDER BY id"


@pytest.fixture
async def alice(factory: Factory) -> Person:
    return await factory.person("Alice", username="alice", timezone="Europe/Berlin")


@pytest.fixture
async def bob(factory: Factory) -> Person:
    return await factory.person("Bob", timezone="Asia/Tokyo")


async def test_accepting_makes_partners_of_both(alice: Person, bob: Person, app: FastAPI) -> None:
    accepted = data_of(await accept(bob, await invited(alice, bob.email, name="Early birds")))

    assert accepted == {
        "id": accepted["id"],
        "name": "Early birds",
        "status": "active",
        "partner": {
            "id": str(alice.id),
            "username": "alice",
            "name": "Alice",
            "avatarUrl": None,
            "bio": None,
            "timezone": "Europe/Berlin",
            "localTime": "2026-03-10T10:00:00+01:00",
        },
        "inviteEmail": bob.email,
        "inviteExpiresAt": None,
        "activatedAt": "2026-03-10T09:00:00Z",
        "dissolvedAt": None,
        "createdAt": "2026-03-10T09:00:00Z",
        "role": "invitee",
    }
    assert data_of(await bob.get("/partnerships/current")) == accepted
    hers = data_of(await alice.get("/partnerships/current"))
    assert (hers["id"], hers["role"]) == (accepted["id"], "inviter")
    assert hers["partner"]["id"] == str(bob.id)
    assert hers["partner"]["localTime"] == "2026-03-10T18:00:00+09:00"
    people = {row["current_partnership_id"] for row in await rows(app, PEOPLE)}
    assert {str(partnership_id) for partnership_id in people} == {accepted["id"]}


async def test_the_inviter_is_told_once_and_nobody_else(
    alice: Person, bob: Person, factory: Factory
) -> None:
    carol = await factory.person("Carol")
    token = await invited(alice, bob.email)

    data_of(await accept(bob, token))
    assert_error(await accept(bob, token), 404, "invite_not_found")

    (notification,) = items_of(await alice.get("/notifications"))
    assert notification["type"] == "partnership_accepted"
    assert notification["actor"] == {"id": str(bob.id), "name": "Bob", "avatarUrl": None}
    assert notification["actionLink"] == "/partnership"
    assert await notified(bob) == ["partnership_invited"]
    assert await notified(carol) == []


async def test_only_the_invited_address_accepts(
    alice: Person, bob: Person, factory: Factory, app: FastAPI
) -> None:
    carol = await factory.person("Carol")
    token = await invited(alice, bob.email)

    for other in (carol, alice):
        assert_error(await accept(other, token), 403, "invite_for_another_email")

    assert {row["current_partnership_id"] for row in await rows(app, PEOPLE)} == {None}
    assert await notified(alice) == []
    data_of(await accept(bob, token))


async def test_an_unconfirmed_address_does_not_accept(
    alice: Person, factory: Factory, app: FastAPI
) -> None:
    waiting = await factory.person("Waiting", confirmed=False)
    token = await invited(alice, waiting.email)

    assert_error(await accept(waiting, token), 403, "invite_for_another_email")

    assert {row["current_partnership_id"] for row in await rows(app, PEOPLE)} == {None}
    assert await notified(alice) == []


async def test_accepting_needs_somebody_signed_in(
    alice: Person, bob: Person, client: httpx.AsyncClient
) -> None:
    token = await invited(alice, bob.email)

    answer = await client.post(f"{API}/partnerships/invite/accept", json={"token": token})

    assert_error(answer, 401, "not_authenticated")
    data_of(await accept(bob, token))


async def test_ones_own_invitation_is_withdrawn_by_accepting_another(
    alice: Person, bob: Person, factory: Factory, app: FastAPI
) -> None:
    carol = await factory.person("Carol")
    to_carol, to_bob = await invited(bob, carol.email), await invited(alice, bob.email)

    accepted = data_of(await accept(bob, to_bob))

    assert_error(await accept(carol, to_carol), 404, "invite_not_found")
    (partnership,) = await rows(app, "SELECT id FROM partnerships")
    assert str(partnership["id"]) == accepted["id"]
    assert_error(await carol.get("/partnerships/current"), 404, "no_active_partnership")


@pytest.mark.parametrize("partnered", ["the invited", "the inviter"])
async def test_who_has_a_partner_by_then_gets_no_second_one(
    alice: Person, bob: Person, factory: Factory, app: FastAPI, partnered: str
) -> None:
    carol = await factory.person("Carol")
    token = await invited(alice, bob.email)
    await factory.partnership(carol, bob if partnered == "the invited" else alice)
    people = await rows(app, PEOPLE)

    assert_error(await accept(bob, token), 409, "already_partnered")

    assert await rows(app, PEOPLE) == people
    active = await rows(app, "SELECT user1_id FROM partnerships WHERE status = 'active'")
    assert [row["user1_id"] for row in active] == [carol.id]
    assert "partnership_accepted" not in await notified(alice)


async def test_nobody_becomes_the_partner_of_a_closed_account(
    alice: Person, bob: Person, app: FastAPI
) -> None:
    """An account that is being deleted has a row until the end, and so has its invitation."""
    token = await invited(alice, bob.email)
    (invitation,) = items_of(await bob.get("/partnerships/invitations"))
    await change_rows(app, "UPDATE users SET is_active = false WHERE id = :id", id=alice.id)
    before = await rows(app, "SELECT * FROM partnerships")

    assert_error(await accept(bob, token), 404, "invite_not_found")
    by_id = await bob.post(f"/partnerships/invitations/{invitation['id']}/accept")
    assert_error(by_id, 404, "invite_not_found")

    assert await rows(app, "SELECT * FROM partnerships") == before
    assert {row["current_partnership_id"] for row in await rows(app, PEOPLE)} == {None}
    assert await notified(bob) == ["partnership_invited"]
    assert await count_rows(app, "notifications", "email_outbox") == (1, 1)


async def test_accepting_is_all_or_nothing(alice: Person, bob: Person, app: FastAPI) -> None:
    token = await invited(alice, bob.email)
    before = await rows(app, "SELECT * FROM partnerships")
    await change_rows(
        app,
        "ALTER TABLE notifications ADD CONSTRAINT nobody_is_told"
        " CHECK (type <> 'partnership_accepted')",
    )
    try:
        answer = await accept(bob, token)
    finally:
        await change_rows(app, "ALTER TABLE notifications DROP CONSTRAINT nobody_is_told")

    assert_error(answer, 500, "internal_error")
    assert await rows(app, "SELECT * FROM partnerships") == before
    assert {row["current_partnership_id"] for row in await rows(app, PEOPLE)} == {None}
    assert await count_rows(app, "email_outbox") == (1,)  # the invitation itself
    data_of(await accept(bob, token))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "token"),
        ({"token": ""}, "token"),
        ({"token": None}, "token"),
        ({"token": 1}, "token"),
        ({"token": "x" * 201}, "token"),
        ({"token": "zero\0byte"}, "token"),
        ({"token": "x", "userId": "0e2d0f43-0c5a-4c0e-8f5a-5d0f4f6f1c9b"}, "userId"),
    ],
)
async def test_what_cannot_be_a_token_is_invalid(
    bob: Person, body: dict[str, Any], field: str
) -> None:
    answer = await bob.post("/partnerships/invite/accept", body)

    refused = assert_error(answer, 422, "validation_failed")
    assert [error["field"] for error in refused["errors"]] == [field]


@pytest.mark.parametrize("token", ["x", "0" * 43, "é", "' OR 1=1 --"])
async def test_a_made_up_token_makes_no_partners(
    alice: Person, bob: Person, app: FastAPI, token: str
) -> None:
    await invited(alice, bob.email)

    assert_error(await accept(bob, token), 404, "invite_not_found")

    assert {row["current_partnership_id"] for row in await rows(app, PEOPLE)} == {None}


async def test_without_a_partner_there_is_no_current_partnership(
    alice: Person, bob: Person, client: httpx.AsyncClient
) -> None:
    await invited(alice, bob.email)

    for person in (alice, bob):
        assert_error(await person.get("/partnerships/current"), 404, "no_active_partnership")
    anonymous = await client.get(f"{API}/partnerships/current")
    assert_error(anonymous, 401, "not_authenticated")


async def test_a_partnership_is_nobody_elses(factory: Factory) -> None:
    await factory.partners()
    carol = await factory.person("Carol")

    assert_error(await carol.get("/partnerships/current"), 404, "no_active_partnership")


async def test_an_invitation_to_what_became_ones_own_address_is_not_ones_to_answer(
    alice: Person, app: FastAPI
) -> None:
    token = await invited(alice, "new-alice@example.com")
    for table in ("auth.users", "users"):
        await change_rows(app, f"UPDATE {table} SET email = 'new-alice@example.com'")
    signed_in_again = await fresh_token(app, alice.id, app.state.clock.now())
    alice.client.headers["Authorization"] = f"Bearer {signed_in_again}"

    assert_error(await accept(alice, token), 403, "not_yours")
    declined = await alice.post("/partnerships/invite/decline", {"token": token})
    assert_error(declined, 403, "not_yours")

    (partnership,) = await rows(app, "SELECT status, invite_token FROM partnerships")
    assert partnership["status"] == "pending_invite"
    assert partnership["invite_token"], "it was not withdrawn"
    assert await notified(alice) == []
