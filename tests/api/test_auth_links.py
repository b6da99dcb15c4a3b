"""What the links of account e-mails do: confirming an address, setting a new password."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.conftest import client_of
from tests.factories import API, PASSWORD, Factory
from tests.support import (
    FrozenClock,
    assert_error,
    change_rows,
    count_rows,
    data_of,
    emails_to,
    token_in,
)

ADDRESS = "new@example.com"
NEW_PASSWORD = "another long phrase"


class Visitor:
    """Somebody without a session, who reads the e-mails to any address."""

    def __init__(self, app: FastAPI, client: httpx.AsyncClient) -> None:
        self.app = app
        self.client = client

    async def post(self, path: str, **fields: Any) -> httpx.Response:
        answer = await self.client.post(f"{API}/auth/{path}", json=fields)
        await self.app.state.errands.finish()  # what goes on after the answer
        return answer

    async def link_token(self, address: str) -> str:
        newest, *_ = await emails_to(self.app, address)
        return token_in(newest["links"][0])

    async def sign_up(self, address: str = ADDRESS) -> str:
        """Returns the token of the link."""
        data_of(await self.post("signup", email=address, password=PASSWORD), 201)
        return await self.link_token(address)

    async def ask_for_reset(self, address: str) -> str:
        data_of(await self.post("forgot-password", email=address), 202)
        return await self.link_token(address)


@pytest.fixture
async def visitor(app: FastAPI, client: httpx.AsyncClient) -> Visitor:
    return Visitor(app, client)


# Confirming an address --------------------------------------------------------------------------


async def test_the_link_confirms_the_address_and_signs_in(visitor: Visitor, app: FastAPI) -> None:
    session = data_of(await visitor.post("verify-email", token=await visitor.sign_up()))

    assert session["user"]["email"] == ADDRESS
    assert session["user"]["isEmailVerified"] is True
    bearer = {"Authorization": f"Bearer {session['token']}"}
    async with client_of(app, headers=bearer) as browser:
        assert data_of(await browser.get(f"{API}/users/me")) == session["user"]
    data_of(await visitor.post("login", email=ADDRESS, password=PASSWORD))
    assert await count_rows(app, "users") == (1,)


async def test_a_link_confirms_only_once(visitor: Visitor, app: FastAPI) -> None:
    token = await visitor.sign_up()
    data_of(await visitor.post("verify-email", token=token))
    sessions = await count_rows(app, "auth.sessions")

    assert_error(await visitor.post("verify-email", token=token), 400, "invalid_token")

    assert await count_rows(app, "auth.sessions") == sessions


@pytest.mark.parametrize("token", ["x", "0" * 64, "pkce_" + "0" * 56, "' OR 1=1 --", "é" * 20])
@pytest.mark.parametrize("path", ["verify-email", "reset-password"])
async def test_a_made_up_link_does_nothing(
    visitor: Visitor, app: FastAPI, path: str, token: str
) -> None:
    await visitor.sign_up()
    more = {"newPassword": NEW_PASSWORD} if path == "reset-password" else {}

    assert_error(await visitor.post(path, token=token, **more), 400, "invalid_token")

    assert await count_rows(app, "users", "auth.sessions") == (0, 0)
    unconfirmed = await visitor.post("login", email=ADDRESS, password=PASSWORD)
    assert_error(unconfirmed, 403, "email_not_confirmed")


@pytest.mark.parametrize("token", ["", None, 7, "a\0b", "x" * 501])
async def test_what_cannot_be_a_link_is_invalid(visitor: Visitor, token: Any) -> None:
    assert_error(await visitor.post("verify-email", token=token), 422, "validation_failed")


async def test_an_old_link_is_dead(visitor: Visitor, clock: FrozenClock) -> None:
    token = await visitor.sign_up()
    clock.advance(hours=25)

    assert_error(await visitor.post("verify-email", token=token), 400, "invalid_token")


async def test_a_disabled_account_is_not_signed_in_by_a_link(
    visitor: Visitor, factory: Factory, app: FastAPI
) -> None:
    waiting = await factory.person("Waiting", confirmed=False)
    data_of(await visitor.post("resend-verification", email=waiting.email), 202)
    await change_rows(app, "UPDATE users SET is_active = false")

    refused = await visitor.post("verify-email", token=await visitor.link_token(waiting.email))

    assert_error(refused, 403, "account_disabled")


async def test_sending_the_confirmation_again_replaces_the_link(
    visitor: Visitor, clock: FrozenClock
) -> None:
    old = await visitor.sign_up()
    clock.advance(minutes=2)

    data_of(await visitor.post("resend-verification", email=ADDRESS.upper()), 202)
    new = await visitor.link_token(ADDRESS)

    assert new != old
    assert_error(await visitor.post("verify-email", token=old), 400, "invalid_token")
    data_of(await visitor.post("verify-email", token=new))


@pytest.mark.parametrize("path", ["resend-verification", "forgot-password"])
async def test_asking_for_an_email_is_answered_alike_whoever_asks(
    visitor: Visitor, factory: Factory, app: FastAPI, path: str
) -> None:
    confirmed = await factory.person("Known")
    waiting = await factory.person("Waiting", confirmed=False, with_profile=False)
    addresses = [confirmed.email, waiting.email, "nobody@example.com"]

    # Twice: a limit that only known addresses run into would tell them apart too.
    asked = [address for address in addresses for _ in range(2)]
    answers = [await visitor.post(path, email=address) for address in asked]

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["data"] is None
    assert await emails_to(app, "nobody@example.com") == []
    written = waiting if path == "resend-verification" else confirmed
    assert len(await emails_to(app, written.email)) >= 1
    if path == "resend-verification":
        assert await emails_to(app, confirmed.email) == []
    assert await count_rows(app, "users", "auth.users") == (1, 2)


@pytest.mark.parametrize("path", ["resend-verification", "forgot-password"])
@pytest.mark.parametrize("email", ["", "no address", None, "a\0@example.com"])
async def test_an_email_needs_an_address(
    visitor: Visitor, app: FastAPI, path: str, email: Any
) -> None:
    assert_error(await visitor.post(path, email=email), 422, "validation_failed")
    assert await count_rows(app, "local.emails") == (0,)


# A new password ---------------------------------------------------------------------------------


async def test_a_new_password_replaces_the_old_one_and_ends_other_sessions(
    visitor: Visitor, factory: Factory, app: FastAPI
) -> None:
    alice = await factory.person("Alice")
    elsewhere = data_of(await visitor.post("login", email=alice.email, password=PASSWORD))
    token = await visitor.ask_for_reset(alice.email)
    (email,) = await emails_to(app, alice.email)
    assert email["links"][0].startswith("https://app.test/auth/reset-password?token=")

    answer = await visitor.post("reset-password", token=token, new_password=NEW_PASSWORD)

    assert data_of(answer) is None
    old = await visitor.post("login", email=alice.email, password=PASSWORD)
    assert_error(old, 401, "invalid_credentials")
    data_of(await visitor.post("login", email=alice.email, password=NEW_PASSWORD))
    stale = await visitor.post("refresh", refreshToken=elsewhere["refreshToken"])
    assert_error(stale, 401, "not_authenticated")


async def test_a_reset_link_works_once(visitor: Visitor, factory: Factory) -> None:
    alice = await factory.person("Alice")
    token = await visitor.ask_for_reset(alice.email)
    data_of(await visitor.post("reset-password", token=token, newPassword=NEW_PASSWORD))

    again = await visitor.post("reset-password", token=token, newPassword="a third long phrase")

    assert_error(again, 400, "invalid_token")
    data_of(await visitor.post("login", email=alice.email, password=NEW_PASSWORD))


async def test_a_reset_link_is_dead_after_an_hour(
    visitor: Visitor, factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    token = await visitor.ask_for_reset(alice.email)
    clock.advance(minutes=61)

    late = await visitor.post("reset-password", token=token, newPassword=NEW_PASSWORD)

    assert_error(late, 400, "invalid_token")
    data_of(await visitor.post("login", email=alice.email, password=PASSWORD))


async def test_the_new_password_must_be_another_one(visitor: Visitor, factory: Factory) -> None:
    alice = await factory.person("Alice")
    token = await visitor.ask_for_reset(alice.email)

    refused = await visitor.post("reset-password", token=token, newPassword=PASSWORD)

    body = assert_error(refused, 422, "same_password")
    assert body["errors"][0]["field"] == "newPassword"


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "weak_password"),
        ("seven77", "weak_password"),
        ("x" * 73, "validation_failed"),
        ("", "validation_failed"),
        (None, "validation_failed"),
        ("zero\0byte zero byte", "validation_failed"),
    ],
)
async def test_an_unfit_password_is_refused_and_leaves_the_link_usable(
    visitor: Visitor, factory: Factory, password: Any, code: str
) -> None:
    alice = await factory.person("Alice")
    token = await visitor.ask_for_reset(alice.email)

    refused = await visitor.post("reset-password", token=token, newPassword=password)

    body = assert_error(refused, 422, code)
    assert body["errors"][0]["field"] == "newPassword"
    data_of(await visitor.post("login", email=alice.email, password=PASSWORD))
    data_of(await visitor.post("reset-password", token=token, newPassword=NEW_PASSWORD))


async def test_a_confirmation_link_sets_no_password(visitor: Visitor) -> None:
    token = await visitor.sign_up()

    refused = await visitor.post("reset-password", token=token, newPassword=NEW_PASSWORD)

    assert_error(refused, 400, "invalid_token")
    data_of(await visitor.post("verify-email", token=token))
    data_of(await visitor.post("login", email=ADDRESS, password=PASSWORD))
