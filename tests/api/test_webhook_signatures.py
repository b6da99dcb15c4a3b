"""Whose webhooks are believed."""

import json

import httpx
import pytest
from fastapi import FastAPI

from tests.api.webhook_events import at_supabase, deletions, row
from tests.conftest import MakeApp, client_of
from tests.factories import Factory
from tests.fakes.webhook_sender import (
    KEY,
    OTHER_KEY,
    WEBHOOK,
    WebhookSender,
    row_event,
    signature,
)
from tests.support import FrozenClock, assert_error


@pytest.fixture
def send(client: httpx.AsyncClient, clock: FrozenClock) -> WebhookSender:
    return WebhookSender(client, clock)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"record": 1}', b"\xff"])
async def test_a_signed_body_that_is_no_event_is_refused(send: WebhookSender, body: bytes) -> None:
    assert_error(await send(body), 422, "validation_failed")


@pytest.mark.parametrize("rotated", [KEY, OTHER_KEY])
async def test_while_secrets_rotate_both_are_good(send: WebhookSender, rotated: bytes) -> None:
    assert (await send({}, key=rotated)).status_code == 204


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook-signature": ""},
        {"webhook-signature": "v1," + "A" * 43 + "="},
        {"webhook-signature": "v1,"},
        {"webhook-timestamp": "0"},
        {"webhook-id": "another"},
    ],
)
async def test_a_wrong_signature_is_refused_and_does_nothing(
    app: FastAPI, factory: Factory, send: WebhookSender, headers: dict[str, str]
) -> None:
    alice = await factory.person("Alice")
    await at_supabase(app, "DELETE", alice.id)
    before = await row(app, alice.id)

    refused = await send(row_event("DELETE", alice.id), headers=headers)

    assert_error(refused, 401, "invalid_signature")
    assert await row(app, alice.id) == before
    assert await deletions(app) == []


async def test_an_unsigned_event_is_refused_before_it_is_read(client: httpx.AsyncClient) -> None:
    for body in (b"{", b"{}", b""):
        assert_error(await client.post(WEBHOOK, content=body), 401, "invalid_signature")


async def test_an_event_of_ten_minutes_ago_is_refused(
    app: FastAPI, factory: Factory, send: WebhookSender, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    await at_supabase(app, "PUT", alice.id, email="new@example.com")
    body = json.dumps(row_event("UPDATE", alice.id)).encode()
    then = clock.now()
    clock.advance(minutes=10)

    refused = await send(
        body,
        headers={
            "webhook-id": "1",
            "webhook-timestamp": str(int(then.timestamp())),
            "webhook-signature": signature(body=body, at=then, message_id="1"),
        },
    )

    assert_error(refused, 401, "invalid_signature")
    unchanged = await row(app, alice.id)
    assert unchanged is not None
    assert unchanged["email"] == alice.email


async def test_without_secrets_there_is_no_webhook(make_app: MakeApp, clock: FrozenClock) -> None:
    async with client_of(await make_app(supabase_webhook_secrets=None)) as client:
        assert_error(await WebhookSender(client, clock)({}), 404, "webhooks_not_configured")
