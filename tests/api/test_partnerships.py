"""From an e-mail address to a partner: inviting, looking, accepting (Specification §4.2)."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.core.invitations import hash_token
from tests.factories import API, Factory, Person
from tests.support import (
    FrozenClock,
    assert_error,
    count_rows,
    data_of,
    items_of,
    rows,
    token_in,
)

STRANGER = "stranger@example.com"


async def invite(inviter: Person, email: str, **fields: Any) -> httpx.Response:
    return await inviter.post("/partnerships/invite", {"email": email} | fields)


async def invited(inviter: Person, email: str, **fields: Any) -> str:
    """The token of a new invitation."""
    return token_in(data_of(await invite(inviter, email, **fields), 201)["inviteUrl"])


async def accept(person: Person, token: str) -> httpx.Response:
    return await person.post("/partnerships/invite/accept", {"token": token})


async def preview(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.get(f"{API}/partnerships/invite/{token}")


async def notified(person: Person) -> list[str]:
    return [item["type"] for item in items_of(await person.get("/notifications"))]


async def invitations_sent(app: FastAPI) -> list[str]:
    sql = "SELECT kind, to_email FROM email_outbox WHERE status <> 'cancelled' ORDER BY id"
    found = await rows(app, sql)
    return [row["to_email"] for row in found if row["kind"] == "partnership_invitation"]


@pytest.fixture
async def alice(factory: Factory) -> Person:
    return await factory.person("Alice", username="alice", timezone="Europe/Berlin")


@pytest.fixture
async def bob(factory: Factory) -> Person:
    return await factory.person("Bob", timezone="Asia/Tokyo")


# Inviting ---------------------------------------------------------------------------------------


async def test_an_invitation_waits_with_a_link_and_an_email(alice: Person, app: FastAPI) -> None:
    sent = data_of(
        await invite(alice, " Stranger@Example.com ", message="Shall we?", name="Early birds"), 201
    )

    (stored,) = await rows(app, "SELECT * FROM partnerships")
    assert sent["partnership"] == {
        "id": str(stored["id"]),
        "name": "Early birds",
        "status": "pending_invite",
        "partner": None,
        "inviteEmail": STRANGER,
        "inviteExpiresAt": "2026-03-17T09:00:00Z",
        "activatedAt": None,
        "dissolvedAt": None,
        "createdAt": "2026-03-10T09:00:00Z",
        "role": "inviter",
    }
    assert sent["inviteUrl"].startswith("https://app.test/partner-invite/accept?invite_token=")
    token = token_in(sent["inviteUrl"])
    assert len(token) >= 43  # 256 bits
    assert stored["invite_token"] == hash_token(token)
    assert token not in str(dict(stored))
    (email,) = await rows(app, "SELECT * FROM email_outbox")
    assert (email["to_email"], email["status"]) == (STRANGER, "pending")
    mailed = token_in(email["payload"]["invite_url"])
    assert mailed != token
    assert stored["mailed_invite_token"] == hash_token(mailed)
    assert mailed not in str(dict(stored))
    assert email["payload"]["personal_message"] == "Shall we?"
    assert await count_rows(app, "notifications") == (0,)


async def test_an_invitee_with_an_account_is_notified_and_nobody_else(
    alice: Person, bob: Person, factory: Factory
) -> None:
    carol = await factory.person("Carol")

    await invited(alice, bob.email.upper())

    (notification,) = items_of(await bob.get("/notifications"))
    assert notification["type"] == "partnership_invited"
    assert notification["actor"]["name"] == "Alice"
    assert "token" not in notification["actionLink"]
    assert await notified(alice) == await notified(carol) == []


async def test_the_answer_does_not_tell_who_has_an_account_or_a_partner(
    factory: Factory, app: FastAPI
) -> None:
    inviters = [await factory.person("Inviter") for _ in range(4)]
    single, (partnered, _) = await factory.person("Single"), await factory.partners()
    unconfirmed = await factory.person("Unconfirmed", confirmed=False)

    answers = []
    for inviter, email in zip(
        inviters, [STRANGER, single.email, partnered.email, unconfirmed.email], strict=True
    ):
        answer = await invite(inviter, email)
        sent = data_of(answer, 201)
        partnership = sent["partnership"]
        shown = answer.text
        for secret in (partnership["id"], token_in(sent["inviteUrl"]), email):
            shown = shown.replace(secret, "?")
        answers.append(shown)

    assert len(set(answers)) == 1
    assert len(await invitations_sent(app)) == 4


async def test_inviting_again_renews_the_link_and_the_old_one_is_dead(
    alice: Person, client: httpx.AsyncClient, app: FastAPI, clock: FrozenClock
) -> None:
    old = await invited(alice, STRANGER, name="First name", message="First words")
    clock.advance(days=3)

    renewed = data_of(await invite(alice, STRANGER), 201)

    assert renewed["partnership"]["inviteExpiresAt"] == "2026-03-20T09:00:00Z"
    assert renewed["partnership"]["name"] == "First name"
    assert_error(await preview(client, old), 404, "invite_not_found")
    shown = data_of(await preview(client, token_in(renewed["inviteUrl"])))
    assert shown["message"] is None
    assert await count_rows(app, "partnerships") == (1,)


async def test_inviting_somebody_else_replaces_the_invitation(
    alice: Person, bob: Person, factory: Factory, app: FastAPI
) -> None:
    carol = await factory.person("Carol")
    old = await invited(alice, bob.email)

    new = await invited(alice, carol.email)

    assert_error(await accept(bob, old), 404, "invite_not_found")
    assert_error(await accept(bob, new), 403, "invite_for_another_email")
    assert data_of(await accept(carol, new))["partner"]["id"] == str(alice.id)
    assert await count_rows(app, "partnerships") == (1,)


@pytest.mark.parametrize("spelling", [str, str.upper, "  {}  ".format])
async def test_nobody_invites_themselves(alice: Person, app: FastAPI, spelling: Any) -> None:
    assert_error(await invite(alice, spelling(alice.email)), 400, "cannot_invite_self")

    assert await count_rows(app, "partnerships", "email_outbox", "rate_limits") == (0, 0, 0)


async def test_who_has_a_partner_invites_nobody(factory: Factory, app: FastAPI) -> None:
    for partner in await factory.partners():
        assert_error(await invite(partner, STRANGER), 409, "already_partnered")

    assert await count_rows(app, "partnerships", "email_outbox", "rate_limits") == (1, 0, 0)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "email"),
        ({"email": ""}, "email"),
        ({"email": None}, "email"),
        ({"email": "no address"}, "email"),
        ({"email": "a@example.com, b@example.com"}, "email"),
        ({"email": "a@example.com\nBcc: b@example.com"}, "email"),
        ({"email": "a\0@example.com"}, "email"),
        ({"email": ["a@example.com"]}, "email"),
        ({"email": STRANGER, "message": "x" * 501}, "message"),
        ({"email": STRANGER, "message": "zero\0byte"}, "message"),
        ({"email": STRANGER, "name": "x" * 101}, "name"),
        ({"email": STRANGER, "name": "\0"}, "name"),
        ({"email": STRANGER, "status": "active"}, "status"),
        ({"email": STRANGER, "user2Id": "0e2d0f43-0c5a-4c0e-8f5a-5d0f4f6f1c9b"}, "user2Id"),
        ({"email": STRANGER, "inviteToken": "mine"}, "inviteToken"),
    ],
)
async def test_an_invitation_with_something_wrong_invites_nobody(
    alice: Person, app: FastAPI, body: dict[str, Any], field: str
) -> None:
    refused = assert_error(await alice.post("/partnerships/invite", body), 422, "validation_failed")

    assert [error["field"] for error in refused["errors"]] == [field]
    assert await count_rows(app, "partnerships", "email_outbox", "rate_limits") == (0, 0, 0)


@pytest.mark.parametrize("blank", ["", "   ", None])
async def test_a_blank_message_or_name_is_none(
    alice: Person, client: httpx.AsyncClient, blank: str | None
) -> None:
    shown = data_of(
        await preview(client, await invited(alice, STRANGER, message=blank, name=blank))
    )

    assert (shown["message"], shown["partnershipName"]) == (None, None)


async def test_the_sixth_invitation_of_a_day_is_refused_until_the_next(
    alice: Person, client: httpx.AsyncClient, app: FastAPI, clock: FrozenClock
) -> None:
    tokens = [await invited(alice, f"friend{number}@example.com") for number in range(5)]

    refused = await invite(alice, STRANGER)

    assert_error(refused, 429, "rate_limited")
    wait = int(refused.headers["retry-after"])
    assert 0 < wait <= 24 * 3600
    assert STRANGER not in await invitations_sent(app)
    data_of(await preview(client, tokens[-1]))  # the last good one still stands
    clock.advance(seconds=wait - 1)
    assert_error(await invite(alice, STRANGER), 429, "rate_limited")
    clock.advance(seconds=1)
    data_of(await invite(alice, STRANGER), 201)


async def test_the_limit_is_each_persons_own(alice: Person, bob: Person) -> None:
    for number in range(5):
        await invited(alice, f"friend{number}@example.com")

    data_of(await invite(bob, STRANGER), 201)


async def test_an_address_gets_one_email_a_day_whoever_invites(
    alice: Person, bob: Person, client: httpx.AsyncClient, app: FastAPI, clock: FrozenClock
) -> None:
    await invited(alice, STRANGER)
    second, third = await invited(alice, STRANGER), await invited(bob, STRANGER.upper())

    assert await invitations_sent(app) == [STRANGER]
    for token in (second, third):  # the links work all the same
        data_of(await preview(client, token))

    clock.advance(days=1)
    await invited(bob, STRANGER)
    assert await invitations_sent(app) == [STRANGER] * 2


async def test_an_invitation_and_its_email_are_written_together_or_not_at_all(
    alice: Person, bob: Person, app: FastAPI
) -> None:
    async with app.state.database.engine.begin() as connection:
        await connection.exec_driver_sql(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$"
        )
        await connection.exec_driver_sql(
            "CREATE CONSTRAINT TRIGGER refuse_at_commit AFTER INSERT ON email_outbox"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    try:
        answer = await invite(alice, bob.email)
    finally:
        async with app.state.database.engine.begin() as connection:
            await connection.exec_driver_sql("DROP FUNCTION refuse() CASCADE")

    assert_error(answer, 500, "internal_error")
    tables = ("partnerships", "email_outbox", "notifications", "rate_limits")
    assert await count_rows(app, *tables) == (0, 0, 0, 0)


# Looking ----------------------------------------------------------------------------------------


async def test_the_holder_of_a_link_sees_who_invites_and_nothing_more(
    alice: Person, client: httpx.AsyncClient
) -> None:
    token = await invited(alice, STRANGER, message="<b>Shall we?</b>")

    assert data_of(await preview(client, token)) == {
        "inviter": {"username": "alice", "name": "Alice", "profileImageUrl": None},
        "partnershipName": None,
        "message": "<b>Shall we?</b>",
        "expiresAt": "2026-03-17T09:00:00Z",
    }


@pytest.mark.parametrize("token", ["x", "0" * 43, "%00", "%FF", "..%2f..", "' OR 1=1 --", "é"])
async def test_a_made_up_link_shows_nothing(
    alice: Person, client: httpx.AsyncClient, token: str
) -> None:
    await invited(alice, STRANGER)

    answer = await preview(client, token)

    assert answer.status_code in (404, 422), answer.text
    assert answer.json()["code"] in ("invite_not_found", "not_found", "validation_failed")


async def test_the_stored_hash_is_not_a_link(
    alice: Person, client: httpx.AsyncClient, app: FastAPI
) -> None:
    await invited(alice, STRANGER)
    (stored,) = await rows(app, "SELECT invite_token FROM partnerships")

    assert_error(await preview(client, stored["invite_token"]), 404, "invite_not_found")


async def test_an_invitation_expires_after_seven_days(
    alice: Person, bob: Person, client: httpx.AsyncClient, app: FastAPI, clock: FrozenClock
) -> None:
    token = await invited(alice, bob.email)
    clock.advance(days=7, microseconds=-1)
    data_of(await preview(client, token))
    clock.advance(microseconds=1)

    for _ in range(2):
        assert_error(await preview(client, token), 410, "invite_expired")
        assert_error(await accept(bob, token), 410, "invite_expired")

    (stored,) = await rows(app, "SELECT status, user2_id FROM partnerships")
    assert tuple(stored.values()) == ("expired_invite", None)
    assert await notified(alice) == []
    assert_error(await bob.get("/partnerships/current"), 404, "no_active_partnership")


async def test_an_expired_invitation_is_revived_by_inviting_again(
    alice: Person, bob: Person, app: FastAPI, clock: FrozenClock
) -> None:
    old = await invited(alice, bob.email)
    clock.advance(days=8)
    assert_error(await accept(bob, old), 410, "invite_expired")

    new = await invited(alice, bob.email)

    assert_error(await accept(bob, old), 404, "invite_not_found")
    assert data_of(await accept(bob, new))["status"] == "active"
    assert await count_rows(app, "partnerships") == (1,)
