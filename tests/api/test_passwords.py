"""Passwords are taken as they are typed, and a link is not used up for one that cannot be."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.local.supabase_auth import create_user
from tests.factories import API, PASSWORD, Factory
from tests.support import (
    FrozenClock,
    assert_error,
    count_rows,
    data_of,
    emails_to,
    token_in,
)

ADDRESS = "new@example.com"
SPACED = "  spaced pass  "
LONGEST = "é" * 36  # 72 bytes


async def post(client: httpx.AsyncClient, path: str, **fields: Any) -> httpx.Response:
    return await client.post(f"{API}/auth/{path}", json=fields)


async def log_in(client: httpx.AsyncClient, path: str, password: str) -> httpx.Response:
    if path == "login":
        return await post(client, "login", email=ADDRESS, password=password)
    form = {"username": ADDRESS, "password": password}
    return await client.post(f"{API}/auth/token", data=form)


async def reset_token(app: FastAPI, client: httpx.AsyncClient, address: str) -> str:
    data_of(await post(client, "forgot-password", email=address), 202)
    newest, *_ = await emails_to(app, address)
    return token_in(newest["links"][0])


@pytest.mark.parametrize("path", ["login", "token"])
async def test_spaces_around_a_password_belong_to_it(
    app: FastAPI, client: httpx.AsyncClient, clock: FrozenClock, path: str
) -> None:
    engine = app.state.database.engine
    await create_user(engine, email=ADDRESS, password=SPACED, confirmed=True, now=clock.now())

    assert (await log_in(client, path, SPACED)).status_code == 200
    for other in (SPACED.strip(), SPACED.lstrip(), SPACED.rstrip()):
        assert_error(await log_in(client, path, other), 401, "invalid_credentials")


async def test_a_sign_up_keeps_the_spaces_around_the_password(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    data_of(await post(client, "signup", email=f" {ADDRESS} ", password=SPACED), 201)
    (email,) = await emails_to(app, ADDRESS)
    data_of(await post(client, "verify-email", token=token_in(email["links"][0])))

    for path in ("login", "token"):
        assert (await log_in(client, path, SPACED)).status_code == 200
        assert_error(await log_in(client, path, SPACED.strip()), 401, "invalid_credentials")


@pytest.mark.parametrize("name", ["newPassword", "new_password"])
async def test_a_reset_keeps_the_spaces_around_the_password(
    app: FastAPI, client: httpx.AsyncClient, factory: Factory, name: str
) -> None:
    alice = await factory.person("Alice")
    token = await reset_token(app, client, alice.email)

    data_of(await post(client, "reset-password", token=f" {token} ", **{name: SPACED}))

    data_of(await post(client, "login", email=alice.email, password=SPACED))
    stripped = await post(client, "login", email=alice.email, password=SPACED.strip())
    assert_error(stripped, 401, "invalid_credentials")


async def test_spaces_count_as_characters_of_a_password(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    data_of(await post(client, "signup", email=ADDRESS, password="   x    "), 201)
    short = await post(client, "signup", email="other@example.com", password="  x    ")

    assert_error(short, 422, "weak_password")
    assert await count_rows(app, "auth.users") == (1,)


@pytest.mark.parametrize(
    "password",
    ["é" * 40, "x" * 73, "🎉" * 19],
    ids=["two bytes each", "one too many", "four bytes each"],
)
async def test_a_password_of_more_than_72_bytes_is_refused_before_the_link_is_used_up(
    app: FastAPI, client: httpx.AsyncClient, factory: Factory, password: str
) -> None:
    alice = await factory.person("Alice")
    token = await reset_token(app, client, alice.email)

    refused = await post(client, "reset-password", token=token, newPassword=password)
    body = assert_error(refused, 422, "validation_failed")
    (error,) = body["errors"]
    assert error["field"] == "newPassword"
    assert "72" in error["message"]
    assert "items" not in body["message"]
    signing_up = await post(client, "signup", email=ADDRESS, password=password)
    (error,) = assert_error(signing_up, 422, "validation_failed")["errors"]
    assert error["field"] == "password"

    data_of(await post(client, "reset-password", token=token, newPassword=LONGEST))
    data_of(await post(client, "login", email=alice.email, password=LONGEST))


async def test_the_old_password_uses_the_link_up_and_the_answer_says_what_to_do(
    app: FastAPI, client: httpx.AsyncClient, factory: Factory
) -> None:
    alice = await factory.person("Alice")
    token = await reset_token(app, client, alice.email)

    refused = await post(client, "reset-password", token=token, newPassword=PASSWORD)
    again = await post(client, "reset-password", token=token, newPassword="another long phrase")

    for answer, code in ((refused, (422, "same_password")), (again, (400, "invalid_token"))):
        assert "ask for a new" in assert_error(answer, *code)["message"].lower()
    data_of(await post(client, "login", email=alice.email, password=PASSWORD))


async def test_the_link_for_a_new_password_confirms_nothing_and_signs_nobody_in(
    app: FastAPI, client: httpx.AsyncClient, factory: Factory
) -> None:
    waiting = await factory.person("Waiting", confirmed=False)
    token = await reset_token(app, client, waiting.email)
    sessions = await count_rows(app, "auth.sessions")

    assert_error(await post(client, "verify-email", token=token), 400, "invalid_token")

    assert await count_rows(app, "auth.sessions") == sessions
    refused = await post(client, "login", email=waiting.email, password=PASSWORD)
    assert_error(refused, 403, "email_not_confirmed")
    data_of(await post(client, "reset-password", token=token, newPassword="another long phrase"))


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("signup", {"email": ADDRESS, "password": ""}),
        ("signup", {"email": ADDRESS, "password": "x" * 100}),
        ("login", {"email": ADDRESS, "password": ""}),
        ("login", {"email": ADDRESS, "password": "x" * 201}),
        ("signup", {"email": ADDRESS, "password": PASSWORD, "username": "no spaces!"}),
        ("signup", {"email": ADDRESS, "password": PASSWORD, "username": "ab"}),
    ],
)
async def test_a_field_that_cannot_be_is_explained_in_words(
    client: httpx.AsyncClient, path: str, fields: dict[str, str]
) -> None:
    body = assert_error(await post(client, path, **fields), 422, "validation_failed")

    for jargon in ("validation,", "items", "pattern", "string should"):
        assert jargon not in body["message"]
    (error,) = body["errors"]
    assert error["field"] == ("username" if "username" in fields else "password")
