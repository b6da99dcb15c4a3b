"""What Resend reports: kept in the e-mail's history, heeded where an address refuses."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from app.jobs.scans.daily_summary import write_daily_summaries
from tests.conftest import MakeApp, client_of
from tests.factories import Factory, Person
from tests.fakes.webhook_sender import KEY, OTHER_KEY, signature
from tests.jobs.scanning import KeptSender, outbox, run
from tests.jobs.working import deliver_due
from tests.support import FrozenClock, assert_error, count_rows, data_of, rows

WEBHOOK = "/api/v1/email/webhooks/resend"
EVENING = datetime(2026, 3, 10, 20, 0, tzinfo=UTC)


def event(kind: str, email_id: object, to: str, **data: Any) -> dict[str, Any]:
    return {
        "type": f"email.{kind}",
        "created_at": "2026-03-10T20:01:00.000Z",
        "data": {
            "email_id": str(uuid4()),  # the vendor's own
            "from": "DuoTrak <hello@example.com>",
            "to": [to],
            "subject": "A subject",
            "tags": {"email_id": str(email_id)},
        }
        | data,
    }


async def post(
    client: httpx.AsyncClient,
    clock: FrozenClock,
    sent: Any,
    *,
    key: bytes = KEY,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    body = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    message_id, now = f"msg_{uuid4().hex}", clock.now()
    right = {
        "content-type": "application/json",
        "svix-id": message_id,
        "svix-timestamp": str(int(now.timestamp())),
        "svix-signature": signature(body=body, at=now, message_id=message_id, key=key),
    }
    return await client.post(WEBHOOK, content=body, headers=right | (headers or {}))


@pytest.fixture
async def summary(app: FastAPI, factory: Factory, clock: FrozenClock) -> tuple[Person, Any]:
    """Somebody whose daily summary was sent, and its id."""
    alice, sender = await factory.person(), KeptSender()
    await factory.system(alice)
    clock.set(EVENING)
    await run(app, write_daily_summaries)
    await deliver_due(app, sender)
    return alice, sender.sent[0].id


async def statuses(app: FastAPI) -> list[str]:
    (row,) = await outbox(app, "daily_summary")
    return [entry["status"] for entry in row["history"]]


async def next_evening(app: FastAPI, clock: FrozenClock) -> int:
    clock.set(EVENING + timedelta(days=1))
    return await run(app, write_daily_summaries)


@pytest.mark.parametrize("key", [KEY, OTHER_KEY], ids=["new", "old"])
async def test_what_became_of_an_e_mail_is_noted_once(
    key: bytes,
    app: FastAPI,
    clock: FrozenClock,
    client: httpx.AsyncClient,
    summary: tuple[Person, Any],
) -> None:
    alice, email_id = summary
    before = await statuses(app)
    for _ in range(2):
        answer = await post(client, clock, event("delivered", email_id, alice.email), key=key)
        assert answer.status_code == 204

    assert await statuses(app) == [*before, "delivered"]
    assert await count_rows(app, "email_suppressions") == (0,)
    assert await next_evening(app, clock) == 1


async def test_an_address_that_bounces_for_good_gets_no_optional_e_mails(
    app: FastAPI, clock: FrozenClock, client: httpx.AsyncClient, summary: tuple[Person, Any]
) -> None:
    alice, email_id = summary
    bounce = {"type": "Permanent", "subType": "General", "message": f"{alice.email} unknown"}
    for _ in range(2):
        sent = event("bounced", email_id, alice.email.upper(), bounce=bounce)
        assert (await post(client, clock, sent)).status_code == 204

    (row,) = await outbox(app, "daily_summary")
    assert row["history"][-1]["status"] == "bounced"
    assert row["history"][-1]["detail"] == "Permanent"
    (kept,) = await rows(app, "SELECT * FROM email_suppressions")
    assert kept["reason"] == "bounced"
    assert alice.email not in str(kept)
    assert await next_evening(app, clock) == 0
    preferences = data_of(await alice.get("/users/me/notification-preferences"))["preferences"]
    assert all(item["enabled"] for item in preferences)


async def test_a_bounce_that_may_pass_changes_nothing_but_the_history(
    app: FastAPI, clock: FrozenClock, client: httpx.AsyncClient, summary: tuple[Person, Any]
) -> None:
    alice, email_id = summary
    for kind in ("Transient", "Undetermined"):
        await post(client, clock, event("bounced", email_id, alice.email, bounce={"type": kind}))

    assert (await statuses(app))[-1] == "bounced"
    assert await count_rows(app, "email_suppressions") == (0,)
    assert await next_evening(app, clock) == 1


async def test_who_complains_gets_none_and_finds_them_switched_off(
    app: FastAPI,
    factory: Factory,
    clock: FrozenClock,
    client: httpx.AsyncClient,
    summary: tuple[Person, Any],
) -> None:
    alice, email_id = summary
    bob = await factory.person("Bob")
    await post(client, clock, event("complained", email_id, f"Alice <{alice.email}>"))

    preferences = data_of(await alice.get("/users/me/notification-preferences"))["preferences"]
    off = [item["id"] for item in preferences if not item["enabled"]]
    assert off == ["dailySummaryEmail", "verificationEmail", "onboardingEmail"]
    assert (await statuses(app))[-1] == "complained"
    (kept,) = await rows(app, "SELECT reason FROM email_suppressions")
    assert kept["reason"] == "complained"
    bobs = data_of(await bob.get("/users/me/notification-preferences"))["preferences"]
    assert all(item["enabled"] for item in bobs)


async def test_an_invitation_still_goes_to_an_address_that_bounced(
    app: FastAPI, factory: Factory, clock: FrozenClock, client: httpx.AsyncClient
) -> None:
    """It is wanted by somebody else, and the one act that may prove the address alive again."""
    alice, sender = await factory.person(), KeptSender()
    await post(client, clock, event("bounced", uuid4(), "new@example.com"))
    data_of(await alice.post("/partnerships/invite", {"email": "new@example.com"}), 201)

    await deliver_due(app, sender)

    assert [email.to for email in sender.sent] == ["new@example.com"]
    assert sender.sent[0].headers == {}


@pytest.mark.parametrize(
    "sent",
    [
        event("opened", uuid4(), "a@example.com"),
        event("delivered", "no-uuid", "a@example.com"),
        event("delivered", uuid4(), "a@example.com"),
        event("delivered", uuid4(), "a@example.com", tags=[{"name": "email_id", "value": "x"}]),
        event("delivered", uuid4(), "a@example.com", tags=None),
        {"type": "contact.created", "created_at": "2026-03-10T20:01:00Z", "data": {}},
    ],
    ids=["opened", "no id", "unknown", "list", "no tags", "contact"],
)
async def test_what_is_not_understood_or_not_ours_is_accepted_and_ignored(
    sent: dict[str, Any], app: FastAPI, clock: FrozenClock, client: httpx.AsyncClient
) -> None:
    assert (await post(client, clock, sent)).status_code == 204
    assert await count_rows(app, "email_suppressions", "email_outbox") == (0, 0)


@pytest.mark.parametrize(
    "sent",
    [b"{", b"[]", b'{"type": "email.bounced"}', b'{"type": 1, "created_at": 1, "data": 1}'],
    ids=["cut", "list", "no data", "types"],
)
async def test_a_signed_body_that_is_no_event_is_refused(
    sent: bytes, app: FastAPI, clock: FrozenClock, client: httpx.AsyncClient
) -> None:
    assert_error(await post(client, clock, sent), 422, "validation_failed")


@pytest.mark.parametrize(
    "headers",
    [
        {"svix-signature": "v1,AAAA"},
        {"svix-signature": ""},
        {"svix-timestamp": "1"},
        {"svix-id": "another"},
    ],
    ids=["wrong", "none", "old", "other id"],
)
async def test_what_resend_did_not_sign_changes_nothing(
    headers: dict[str, str],
    app: FastAPI,
    clock: FrozenClock,
    client: httpx.AsyncClient,
    summary: tuple[Person, Any],
) -> None:
    alice, email_id = summary
    before = await statuses(app)

    answer = await post(client, clock, event("complained", email_id, alice.email), headers=headers)

    assert_error(answer, 401, "invalid_signature")
    assert await statuses(app) == before
    assert await count_rows(app, "email_suppressions") == (0,)


async def test_without_a_secret_nothing_is_believed(make_app: MakeApp, clock: FrozenClock) -> None:
    app = await make_app(resend_webhook_secret=None)
    async with client_of(app) as client:
        answer = await post(client, clock, event("bounced", uuid4(), "a@example.com"))
    body = assert_error(answer, 404, "webhooks_not_configured")
    assert "RESEND_WEBHOOK_SECRET" in body["message"]
