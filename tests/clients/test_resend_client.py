"""The e-mail client against a server that speaks Resend's API, in good and bad moods."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from time import perf_counter
from uuid import uuid4

import pytest
import resend

from app.clients.resend_client import EmailNotSent, OutgoingEmail, Refusal, ResendSender
from app.emails.render import RenderedEmail
from tests.fakes.resend_server import Behaviour, ResendServer, resend_server

EMAIL = OutgoingEmail(
    id=uuid4(),
    to="bob@example.com",
    content=RenderedEmail(subject="Hällo", html="<p>Hällo</p>", text="Hällo"),
)


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ResendServer]:
    async with resend_server() as fake:
        monkeypatch.setattr(resend, "api_url", fake.url)
        yield fake


@pytest.fixture
def sender() -> ResendSender:
    return ResendSender(api_key="re_s3cret", sender="DuoTrak <hello@x.test>", timeout_seconds=0.5)


async def test_an_e_mail_is_handed_over_whole_with_its_id_as_the_idempotency_key(
    server: ResendServer, sender: ResendSender
) -> None:
    await sender.send(EMAIL)

    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/emails")
    assert request.headers["authorization"] == "Bearer re_s3cret"
    assert request.idempotency_key == str(EMAIL.id)
    assert request.body == {
        "from": "DuoTrak <hello@x.test>",
        "to": "bob@example.com",
        "subject": "Hällo",
        "html": "<p>Hällo</p>",
        "text": "Hällo",
        "tags": [{"name": "email_id", "value": str(EMAIL.id)}],
    }


async def test_sending_again_is_the_same_e_mail_to_the_vendor(
    server: ResendServer, sender: ResendSender
) -> None:
    await sender.send(EMAIL)
    await sender.send(EMAIL)
    await sender.send(replace(EMAIL, id=uuid4()))

    assert len(server.requests) == 3
    assert len(server.delivered) == 2


async def test_headers_of_an_e_mail_go_with_it(server: ResendServer, sender: ResendSender) -> None:
    headers = {"List-Unsubscribe": "<https://api.test/u>"}
    await sender.send(replace(EMAIL, headers=headers))
    assert server.requests[0].body["headers"] == headers


async def test_another_wording_of_an_e_mail_that_was_accepted_is_no_second_one(
    server: ResendServer, sender: ResendSender
) -> None:
    server.behave(Behaviour.HANG)  # accepted, without saying so
    with pytest.raises(EmailNotSent):
        await sender.send(EMAIL)
    reworded = replace(EMAIL.content, subject="Later")

    await sender.send(replace(EMAIL, content=reworded))

    assert [body["subject"] for body in server.delivered.values()] == ["Hällo"]


@pytest.mark.parametrize(
    ("behaviour", "refusal"),
    [
        (Behaviour.REFUSE, Refusal.FOR_EVER),
        (Behaviour.NOT_ALLOWED, Refusal.CONFIGURATION),
        (Behaviour.WRONG_KEY, Refusal.CONFIGURATION),
        (Behaviour.LIMIT, Refusal.LATER),
        (Behaviour.BUSY_WITH_IT, Refusal.UNCLEAR),
        (Behaviour.FAIL, Refusal.UNCLEAR),
        (Behaviour.GARBAGE, Refusal.UNCLEAR),
        (Behaviour.HALF, Refusal.UNCLEAR),
        (Behaviour.HANG, Refusal.UNCLEAR),
    ],
)
async def test_what_is_not_accepted_is_one_error_that_says_what_that_means(
    behaviour: Behaviour, refusal: Refusal, server: ResendServer, sender: ResendSender
) -> None:
    server.behave(behaviour)
    started = perf_counter()

    with pytest.raises(EmailNotSent) as raised:
        await sender.send(EMAIL)

    assert raised.value.refusal is refusal
    assert perf_counter() - started < 3  # its timeout is half a second
    # The reason is stored and logged: neither the address, nor the text, nor the key.
    for private in ("bob@example.com", "Hällo", "re_s3cret", "field", "domain"):
        assert private not in str(raised.value)
    assert len(server.requests) == 1
    await sender.send(EMAIL)  # nothing is broken for the next one


async def test_a_server_that_refuses_the_connection_is_worth_another_try(
    sender: ResendSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resend, "api_url", "http://127.0.0.1:1")
    with pytest.raises(EmailNotSent) as raised:
        await sender.send(EMAIL)
    assert raised.value.refusal is Refusal.LATER


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ("7", timedelta(seconds=7)),
        ("999999999999", timedelta(hours=1)),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("-5", None),
        (None, None),
    ],
)
async def test_how_long_the_vendor_wants_to_be_left_alone_is_passed_on(
    header: str | None, pause: timedelta | None, server: ResendServer, sender: ResendSender
) -> None:
    server.behave(Behaviour.LIMIT)
    server.retry_after = header
    with pytest.raises(EmailNotSent) as raised:
        await sender.send(EMAIL)
    assert raised.value.retry_after == pause


async def test_a_cancelled_sending_stays_cancelled(
    server: ResendServer, sender: ResendSender
) -> None:
    server.behave(Behaviour.HANG)
    sending = asyncio.create_task(sender.send(EMAIL))
    await asyncio.wait_for(server.arrived.wait(), 2)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
