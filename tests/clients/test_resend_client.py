"""The e-mail client against a server that speaks Resend's API, in good and bad moods."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from time import perf_counter
from uuid import uuid4

import pytest
import resend

from app.clients.resend_client import EmailNotSent, OutgoingEmail, ResendSender
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
    }


async def test_sending_again_is_the_same_e_mail_to_the_vendor(
    server: ResendServer, sender: ResendSender
) -> None:
    await sender.send(EMAIL)
    await sender.send(EMAIL)
    await sender.send(replace(EMAIL, id=uuid4()))

    assert len(server.requests) == 3
    assert len(server.delivered) == 2


@pytest.mark.parametrize(
    ("behaviour", "permanent"),
    [
        (Behaviour.REFUSE, True),
        (Behaviour.NOT_ALLOWED, True),
        (Behaviour.LIMIT, False),
        (Behaviour.FAIL, False),
        (Behaviour.GARBAGE, False),
        (Behaviour.HALF, False),
        (Behaviour.HANG, False),
    ],
)
async def test_what_is_not_accepted_is_one_error_that_says_whether_to_try_again(
    behaviour: Behaviour, permanent: bool, server: ResendServer, sender: ResendSender
) -> None:
    server.behave(behaviour)
    started = perf_counter()

    with pytest.raises(EmailNotSent) as refusal:
        await sender.send(EMAIL)

    assert refusal.value.permanent is permanent
    assert perf_counter() - started < 1.0  # its timeout and half a second
    # The reason is stored and logged: neither the address, nor the text, nor the key.
    for private in ("bob@example.com", "Hällo", "re_s3cret", "field", "domain"):
        assert private not in str(refusal.value)
    assert len(server.requests) == 1
    await sender.send(EMAIL)  # nothing is broken for the next one


async def test_a_server_that_refuses_the_connection_is_worth_another_try(
    sender: ResendSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resend, "api_url", "http://127.0.0.1:1")
    with pytest.raises(EmailNotSent) as refusal:
        await sender.send(EMAIL)
    assert refusal.value.permanent is False


async def test_a_cancelled_sending_stays_cancelled(
    server: ResendServer, sender: ResendSender
) -> None:
    server.behave(Behaviour.HANG)
    sending = asyncio.create_task(sender.send(EMAIL))
    await asyncio.wait_for(server.arrived.wait(), 2)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
