"""Invitations from inside the app: finding, answering, renewing and taking them back."""

from typing import Any

import pytest
from fastapi import FastAPI

from tests.factories import Factory, Person
from tests.support import FrozenClock, assert_error, data_of, items_of, rows


async def invited(alice: Person, bob: Person, **fields: Any) -> dict[str, Any]:
    """Alice invites Bob; returns the invitation as Bob sees it."""
    data_of(await alice.post("/partnerships/invite", {"email": bob.email} | fields), 201)
    (invitation,) = items_of(await bob.get("/partnerships/invitations?direction=incoming"))
    return dict(invitation)


async def types_of_notifications(person: Person) -> list[str]:
    return [item["type"] for item in items_of(await person.get("/notifications"))]


async def test_a_new_user_finds_the_invitation_without_the_link(factory: Factory) -> None:
    alice, bob, carol = [await factory.person(name) for name in ("Alice", "Bob", "Carol")]

    invitation = await invited(alice, bob, message="Shall we?", name="Early birds")

    assert invitation["direction"] == "incoming"
    assert invitation["inviter"]["name"] == "Alice"
    assert invitation["message"] == "Shall we?"
    assert invitation["partnershipName"] == "Early birds"
    assert invitation["isExpired"] is False
    (sent,) = items_of(await alice.get("/partnerships/invitations"))
    assert sent["id"] == invitation["id"]
    assert sent["direction"] == "outgoing"
    assert items_of(await alice.get("/partnerships/invitations?direction=incoming")) == []
    assert items_of(await bob.get("/partnerships/invitations?direction=OUTGOING")) == []
    assert items_of(await carol.get("/partnerships/invitations")) == []


async def test_an_unconfirmed_address_finds_nothing_and_cannot_answer(factory: Factory) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob", confirmed=False)
    data_of(await alice.post("/partnerships/invite", {"email": bob.email}), 201)
    (sent,) = items_of(await alice.get("/partnerships/invitations"))

    assert items_of(await bob.get("/partnerships/invitations")) == []
    refused = await bob.post(f"/partnerships/invitations/{sent['id']}/accept")

    assert_error(refused, 404, "invite_not_found")
    assert_error(await alice.get("/partnerships/current"), 404, "no_active_partnership")


async def test_accepting_in_the_app_makes_partners_and_tells_the_inviter(factory: Factory) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    invitation = await invited(alice, bob)

    accepted = data_of(await bob.post(f"/partnerships/invitations/{invitation['id']}/accept"))

    assert accepted["status"] == "active"
    assert accepted["role"] == "invitee"
    assert accepted["partner"]["id"] == str(alice.id)
    assert data_of(await alice.get("/partnerships/current"))["partner"]["id"] == str(bob.id)
    assert await types_of_notifications(alice) == ["partnership_accepted"]
    assert await types_of_notifications(bob) == ["partnership_invited"]
    again = await bob.post(f"/partnerships/invitations/{invitation['id']}/accept")
    assert_error(again, 404, "invite_not_found")


@pytest.mark.parametrize("by_link", [True, False], ids=["by link", "in the app"])
async def test_declining_kills_the_link_and_leaves_the_inviter_free(
    factory: Factory, app: FastAPI, by_link: bool
) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    sent = data_of(await alice.post("/partnerships/invite", {"email": bob.email}), 201)
    token = sent["inviteUrl"].partition("invite_token=")[2]
    invitation_id = sent["partnership"]["id"]

    data_of(
        await bob.post("/partnerships/invite/decline", {"token": token})
        if by_link
        else await bob.post(f"/partnerships/invitations/{invitation_id}/decline")
    )

    assert await types_of_notifications(alice) == ["partnership_declined"]
    assert items_of(await bob.get("/partnerships/invitations")) == []
    assert_error(await bob.get(f"/partnerships/invite/{token}"), 404, "invite_not_found")
    refused = await bob.post("/partnerships/invite/accept", {"token": token})
    assert_error(refused, 404, "invite_not_found")
    assert_error(await bob.get("/partnerships/current"), 404, "no_active_partnership")
    (partnership,) = await rows(app, "SELECT status, invite_email, invite_token FROM partnerships")
    assert tuple(partnership.values()) == ("pending_invite", None, None)


async def test_only_the_invited_can_decline_by_link(factory: Factory) -> None:
    alice, bob, carol = [await factory.person(name) for name in ("Alice", "Bob", "Carol")]
    sent = data_of(await alice.post("/partnerships/invite", {"email": bob.email}), 201)
    token = sent["inviteUrl"].partition("invite_token=")[2]

    refused = await carol.post("/partnerships/invite/decline", {"token": token})

    assert "accept" not in assert_error(refused, 403, "invite_for_another_email")["message"]
    assert await types_of_notifications(alice) == []
    assert len(items_of(await bob.get("/partnerships/invitations"))) == 1


async def test_resending_renews_link_and_expiry_and_leaves_the_email_of_that_day_good(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    first = data_of(await alice.post("/partnerships/invite", {"email": bob.email}), 201)
    clock.advance(hours=2)

    renewed = data_of(
        await alice.post(f"/partnerships/invitations/{first['partnership']['id']}/resend")
    )

    assert renewed["partnership"]["id"] == first["partnership"]["id"]
    assert renewed["inviteUrl"] != first["inviteUrl"]
    assert renewed["partnership"]["inviteExpiresAt"] == "2026-03-17T11:00:00Z"
    old = first["inviteUrl"].partition("invite_token=")[2]
    assert_error(await bob.get(f"/partnerships/invite/{old}"), 404, "invite_not_found")
    new = renewed["inviteUrl"].partition("invite_token=")[2]
    assert data_of(await bob.get(f"/partnerships/invite/{new}"))["inviter"]["name"] == "Alice"
    (email,) = await rows(app, "SELECT payload FROM email_outbox")
    mailed = email["payload"]["invite_url"].partition("invite_token=")[2]
    shown = data_of(await bob.get(f"/partnerships/invite/{mailed}"))
    assert shown["expiresAt"] == "2026-03-17T11:00:00Z"
    joined = await bob.post("/partnerships/invite/accept", {"token": mailed})
    assert data_of(joined)["status"] == "active"
    for used in (mailed, new):
        assert_error(await bob.get(f"/partnerships/invite/{used}"), 404, "invite_not_found")


async def test_an_expired_invitation_is_shown_to_its_sender_and_can_be_renewed(
    factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    invitation = await invited(alice, bob)
    clock.advance(days=8)

    assert items_of(await bob.get("/partnerships/invitations")) == []
    refused = await bob.post(f"/partnerships/invitations/{invitation['id']}/accept")
    assert_error(refused, 410, "invite_expired")
    (sent,) = items_of(await alice.get("/partnerships/invitations"))
    assert sent["isExpired"] is True

    data_of(await alice.post(f"/partnerships/invitations/{invitation['id']}/resend"))

    (received,) = items_of(await bob.get("/partnerships/invitations"))
    assert received["id"] == invitation["id"]
    data_of(await bob.post(f"/partnerships/invitations/{invitation['id']}/accept"))


async def test_cancelling_kills_the_link(factory: Factory) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    invitation = await invited(alice, bob)

    cancelled = await alice.delete(f"/partnerships/invitations/{invitation['id']}")

    assert cancelled.status_code == 204
    assert cancelled.content == b""
    assert items_of(await bob.get("/partnerships/invitations")) == []
    assert items_of(await alice.get("/partnerships/invitations")) == []
    refused = await bob.post(f"/partnerships/invitations/{invitation['id']}/accept")
    assert_error(refused, 404, "invite_not_found")
    again = await alice.delete(f"/partnerships/invitations/{invitation['id']}")
    assert_error(again, 404, "invite_not_found")


@pytest.mark.parametrize("act", ["accept", "decline"])
async def test_the_sender_cannot_answer_the_own_invitation(factory: Factory, act: str) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    invitation = await invited(alice, bob)

    refused = await alice.post(f"/partnerships/invitations/{invitation['id']}/{act}")

    assert_error(refused, 403, "not_yours")
    assert len(items_of(await bob.get("/partnerships/invitations"))) == 1


async def test_the_invited_cannot_renew_or_cancel(factory: Factory) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    path = f"/partnerships/invitations/{(await invited(alice, bob))['id']}"

    assert_error(await bob.post(f"{path}/resend"), 403, "not_yours")
    assert_error(await bob.delete(path), 403, "not_yours")
    assert len(items_of(await bob.get("/partnerships/invitations"))) == 1


@pytest.mark.parametrize("act", ["accept", "decline", "resend"])
async def test_a_stranger_learns_nothing(factory: Factory, act: str) -> None:
    alice, bob, carol = [await factory.person(name) for name in ("Alice", "Bob", "Carol")]
    path = f"/partnerships/invitations/{(await invited(alice, bob))['id']}"

    assert_error(await carol.post(f"{path}/{act}"), 404, "invite_not_found")
    assert_error(await carol.delete(path), 404, "invite_not_found")
    assert len(items_of(await bob.get("/partnerships/invitations"))) == 1
