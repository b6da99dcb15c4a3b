"""What Supabase tells of accounts: asked back before anything changes, and safe to repeat."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from app.clients.supabase_auth import SupabaseUser
from tests.api.webhook_events import at_supabase, deletions, notifications_of, row
from tests.factories import Factory
from tests.fakes.webhook_sender import WebhookSender, row_event
from tests.support import FrozenClock, assert_error, data_of


@pytest.fixture
def send(client: httpx.AsyncClient, clock: FrozenClock) -> WebhookSender:
    return WebhookSender(client, clock)


async def test_a_changed_address_is_taken_over(
    app: FastAPI, factory: Factory, send: WebhookSender, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice", confirmed=False)
    await at_supabase(app, "PUT", alice.id, email="new@example.com", email_confirm=True)
    clock.advance(hours=1)

    assert (await send(row_event("UPDATE", alice.id))).status_code == 204

    changed = await row(app, alice.id)
    assert changed is not None
    assert changed["email"] == "new@example.com"
    assert changed["is_email_verified"] is True
    assert changed["email_verified_at"] is not None


async def test_what_an_event_claims_is_not_believed(
    app: FastAPI, factory: Factory, send: WebhookSender
) -> None:
    """An event that is old, or was made up by somebody with the secret, undoes nothing."""
    alice = await factory.person("Alice")
    before = await row(app, alice.id)
    claims = {"email": "old@example.com", "email_confirmed_at": None, "banned_until": "2999-01-01"}

    assert (await send(row_event("UPDATE", alice.id, **claims))).status_code == 204

    assert await row(app, alice.id) == before


async def test_a_repeated_event_changes_and_notifies_nothing(
    app: FastAPI, factory: Factory, send: WebhookSender, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    await at_supabase(app, "PUT", alice.id, email="new@example.com")
    event = row_event("UPDATE", alice.id)
    await send(event)
    once, told = await row(app, alice.id), await notifications_of(bob)
    clock.advance(minutes=1)

    for _ in range(3):  # retries carry a new id, and a new time
        assert (await send(event)).status_code == 204

    assert await row(app, alice.id) == once
    assert await notifications_of(bob) == told


async def test_the_first_confirmation_is_remembered(
    app: FastAPI, factory: Factory, send: WebhookSender, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    first = await row(app, alice.id)
    assert first is not None
    clock.advance(days=1)
    await at_supabase(app, "PUT", alice.id, email="new@example.com", email_confirm=True)

    await send(row_event("UPDATE", alice.id))

    changed = await row(app, alice.id)
    assert changed is not None
    assert changed["email_verified_at"] == first["email_verified_at"]


async def test_a_ban_disables_the_account_and_its_end_enables_it(
    app: FastAPI, factory: Factory, send: WebhookSender
) -> None:
    alice = await factory.person("Alice")
    await at_supabase(app, "PUT", alice.id, ban_duration="24h")
    await send(row_event("UPDATE", alice.id))
    assert_error(await alice.get("/users/me"), 403, "account_disabled")

    await at_supabase(app, "PUT", alice.id, ban_duration="none")
    await send(row_event("UPDATE", alice.id))
    assert data_of(await alice.get("/users/me"))["id"] == str(alice.id)


@pytest.mark.parametrize("confirmed", [True, False])
async def test_a_created_user_gets_no_profile_before_signing_in(
    app: FastAPI, factory: Factory, send: WebhookSender, confirmed: bool
) -> None:
    alice = await factory.person("Alice", confirmed=confirmed, with_profile=False)

    assert (await send(row_event("INSERT", alice.id, email=alice.email))).status_code == 204
    assert (await send(row_event("UPDATE", alice.id, email=alice.email))).status_code == 204

    assert await row(app, alice.id) is None


async def test_a_user_who_is_deleted_at_supabase_is_deleted_here_like_on_request(
    app: FastAPI, factory: Factory, send: WebhookSender
) -> None:
    alice, bob = await factory.partners()
    await at_supabase(app, "DELETE", alice.id)

    assert (await send(row_event("DELETE", alice.id))).status_code == 204

    assert await deletions(app) == [alice.id]
    assert_error(await alice.get("/users/me"), 403, "account_disabled")
    assert_error(await bob.get("/partnerships/current"), 404, "no_active_partnership")


async def test_a_repeated_deletion_has_no_effect(
    app: FastAPI, factory: Factory, send: WebhookSender, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    await at_supabase(app, "DELETE", alice.id)
    await send(row_event("DELETE", alice.id))
    once, told = await row(app, alice.id), await notifications_of(bob)
    clock.advance(minutes=1)

    assert (await send(row_event("DELETE", alice.id))).status_code == 204
    assert (await send(row_event("UPDATE", alice.id))).status_code == 204

    assert await row(app, alice.id) == once
    assert await deletions(app) == [alice.id]
    assert await notifications_of(bob) == told


async def test_a_deletion_that_supabase_does_not_confirm_is_ignored(
    app: FastAPI, factory: Factory, send: WebhookSender
) -> None:
    alice = await factory.person("Alice")

    assert (await send(row_event("DELETE", alice.id))).status_code == 204

    assert await deletions(app) == []
    assert (await alice.get("/users/me")).status_code == 200


async def test_two_users_who_swapped_their_addresses_keep_apart(
    app: FastAPI, factory: Factory, send: WebhookSender
) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    await at_supabase(app, "PUT", alice.id, email="parked@example.com")
    await at_supabase(app, "PUT", bob.id, email=alice.email)
    await at_supabase(app, "PUT", alice.id, email=bob.email)

    assert (await send(row_event("UPDATE", alice.id))).status_code == 204

    of_alice, of_bob = await row(app, alice.id), await row(app, bob.id)
    assert of_alice is not None
    assert of_bob is not None
    assert (of_alice["email"], of_bob["email"]) == (bob.email, alice.email)


async def test_an_event_that_was_overtaken_does_not_undo_the_later_one(
    app: FastAPI, factory: Factory, send: WebhookSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = await factory.person("Alice")
    asked, overtaken = asyncio.Event(), asyncio.Event()
    find_user = app.state.auth.find_user

    async def answer_the_first_late(*, user_id: UUID) -> SupabaseUser | None:
        user: SupabaseUser | None = await find_user(user_id=user_id)
        if not asked.is_set():
            asked.set()
            await overtaken.wait()
        return user

    monkeypatch.setattr(app.state.auth, "find_user", answer_the_first_late)
    await at_supabase(app, "PUT", alice.id, email="first@example.com")
    first = asyncio.create_task(send(row_event("UPDATE", alice.id)))
    await asked.wait()
    await at_supabase(app, "PUT", alice.id, email="second@example.com")
    assert (await send(row_event("UPDATE", alice.id))).status_code == 204
    overtaken.set()
    assert (await first).status_code == 204

    final = await row(app, alice.id)
    assert final is not None
    assert final["email"] == "second@example.com"


@pytest.mark.parametrize(
    "event",
    [
        {"type": "UPDATE", "table": "sessions", "schema": "auth", "record": {"id": str(uuid4())}},
        {"type": "UPDATE", "table": "users", "schema": "public", "record": {"id": str(uuid4())}},
        {"type": "TRUNCATE", "table": "users", "schema": "auth"},
        {"type": "UPDATE", "table": "users", "schema": "auth", "record": {"id": 1}},
        {"type": "UPDATE", "table": "users", "schema": "auth", "record": {"id": "x"}},
        {"metadata": {"name": "send-sms"}, "user": {"id": str(uuid4())}},
        {"metadata": {"name": "after-user-created"}, "user": {"id": str(uuid4())}},
        {"type": "user.updated", "data": {"id": str(uuid4())}},
        {},
    ],
)
async def test_other_events_are_accepted_and_ignored(
    app: FastAPI, factory: Factory, send: WebhookSender, event: dict[str, Any]
) -> None:
    alice = await factory.person("Alice")
    before = await row(app, alice.id)

    assert (await send(event)).status_code == 204

    assert await row(app, alice.id) == before


async def test_the_style_of_auth_hooks_is_understood(
    app: FastAPI, factory: Factory, send: WebhookSender
) -> None:
    alice = await factory.person("Alice")
    await at_supabase(app, "PUT", alice.id, email="new@example.com")

    assert (await send({"type": "user.updated", "user": {"id": str(alice.id)}})).status_code == 204

    changed = await row(app, alice.id)
    assert changed is not None
    assert changed["email"] == "new@example.com"
