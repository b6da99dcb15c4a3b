"""Signing up, in and out, through the real `supabase` client (Specification §2.6)."""

import asyncio
import base64
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.conftest import client_of
from tests.factories import API, PASSWORD, Factory, Person
from tests.support import (
    FrozenClock,
    assert_error,
    change_rows,
    count_rows,
    data_of,
    emails_to,
    rows,
    subject_of,
    token_in,
)

NEW = {"email": "new@example.com", "password": PASSWORD}


async def post(client: httpx.AsyncClient, path: str, **fields: Any) -> httpx.Response:
    return await client.post(f"{API}/auth/{path}", json=fields)


async def log_in(client: httpx.AsyncClient, person: Person) -> dict[str, Any]:
    answer = await post(client, "login", email=person.email, password=PASSWORD)
    session: dict[str, Any] = data_of(answer)
    return session


async def me(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.get(f"{API}/users/me", headers={"Authorization": f"Bearer {token}"})


# Signing up -------------------------------------------------------------------------------------


async def test_signing_up_makes_an_account_to_confirm_and_no_profile(
    client: httpx.AsyncClient, app: FastAPI
) -> None:
    body = NEW | {"username": "Neo_1", "name": " Neo ", "timezone": "Asia/Tokyo"}

    signed_up = await post(client, "signup", **body)

    assert signed_up.json()["message"] == "Almost there: please confirm your e-mail address."
    assert data_of(signed_up, 201) == {
        "user": {
            "email": "new@example.com",
            "username": "neo_1",
            "name": "Neo",
            "timezone": "Asia/Tokyo",
        },
        "session": None,
        "emailConfirmationRequired": True,
    }
    (account,) = await rows(app, "SELECT * FROM auth.users")
    assert account["email_confirmed_at"] is None
    assert account["user_metadata"]["username"] == "neo_1"
    assert PASSWORD not in str(dict(account))
    assert len(await emails_to(app, "new@example.com")) == 1
    assert await count_rows(app, "users", "auth.sessions") == (0, 0)


async def test_signing_up_answers_alike_for_known_and_unknown_addresses(
    client: httpx.AsyncClient, factory: Factory, app: FastAPI
) -> None:
    known = await factory.person("Known")
    without_profile = await factory.person("Fresh", with_profile=False)
    unconfirmed = await factory.person("Unconfirmed", confirmed=False, with_profile=False)
    before = await rows(app, "SELECT id, password_hash, user_metadata FROM auth.users ORDER BY id")
    profile = await rows(app, "SELECT * FROM users")

    answers = []
    for email in ("new@example.com", known.email, without_profile.email, unconfirmed.email):
        answer = await post(client, "signup", email=email.upper(), password="another password")
        headers = sorted(set(answer.headers) - {"content-length"})
        shown = answer.text.replace(email, "ADDRESS")
        answers.append((answer.status_code, headers, shown))

    assert answers == [answers[0]] * 4
    assert answers[0][0] == 201
    assert await rows(app, "SELECT * FROM users") == profile
    after = await rows(
        app,
        "SELECT id, password_hash, user_metadata FROM auth.users"
        " WHERE email <> 'new@example.com' ORDER BY id",
    )
    assert after == before
    assert await emails_to(app, known.email) == []


async def test_signing_up_again_at_once_does_not_tell_that_the_first_time_worked(
    client: httpx.AsyncClient, factory: Factory
) -> None:
    known = await factory.person("Known")

    first, again = [await post(client, "signup", **NEW) for _ in range(2)]
    other = await post(client, "signup", email=known.email, password=PASSWORD)

    assert [answer.status_code for answer in (first, again, other)] == [201, 201, 201]
    assert data_of(first, 201) == data_of(again, 201)


@pytest.mark.parametrize("spelling", ["taken_name", "TAKEN_name", " Taken_Name "])
async def test_a_taken_username_is_refused_before_anything_is_made(
    client: httpx.AsyncClient, factory: Factory, app: FastAPI, spelling: str
) -> None:
    await factory.person(username="taken_name")

    refused = await post(client, "signup", **NEW, username=spelling)

    assert_error(refused, 409, "username_taken")
    assert await count_rows(app, "users", "auth.users") == (1, 1)
    assert await emails_to(app, NEW["email"]) == []


async def test_a_username_that_two_ask_for_goes_to_the_first_who_signs_in(
    client: httpx.AsyncClient, app: FastAPI
) -> None:
    profiles = []
    for email in ("one@example.com", "two@example.com"):
        answer = await post(client, "signup", email=email, password=PASSWORD, username="same_name")
        assert answer.status_code == 201
    for email in ("two@example.com", "one@example.com"):
        (message,) = await emails_to(app, email)
        answer = await post(client, "verify-email", token=token_in(message["links"][0]))
        profiles.append(data_of(answer)["user"]["username"])

    assert profiles == ["same_name", None]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "no address"}, "email"),
        ({"email": ""}, "email"),
        ({"email": None}, "email"),
        ({"email": "a\0b@example.com"}, "email"),
        ({"email": "x" * 400 + "@example.com"}, "email"),
        ({"password": "x" * 73}, "password"),
        ({"password": "x" * 100_000}, "password"),
        ({"password": None}, "password"),
        ({"password": ["a long list"]}, "password"),
        ({"password": "zero\0byte zero byte"}, "password"),
        ({"username": "ab"}, "username"),
        ({"username": "spa ce"}, "username"),
        ({"username": "ümlaut"}, "username"),
        ({"username": "newline\n1"}, "username"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"isEmailVerified": True}, "isEmailVerified"),
        ({"id": "5f0c1e0a-7a3b-4f7e-9a51-0d3f2b6c8e11"}, "id"),
        ({"data": {"role": "admin"}}, "data"),
    ],
)
async def test_a_sign_up_with_something_wrong_makes_nothing(
    client: httpx.AsyncClient, app: FastAPI, change: dict[str, Any], field: str
) -> None:
    refused = await post(client, "signup", **(NEW | change))

    body = assert_error(refused, 422, "validation_failed")
    assert [error["field"] for error in body["errors"]] == [field]
    assert body["errors"][0]["message"]
    assert await count_rows(app, "users", "auth.users", "local.emails") == (0, 0, 0)


async def test_a_sign_up_with_a_weak_password_says_why_and_makes_nothing(
    client: httpx.AsyncClient, app: FastAPI
) -> None:
    refused = await post(client, "signup", **(NEW | {"password": "seven77"}))

    body = assert_error(refused, 422, "weak_password")
    (problem,) = body["errors"]
    assert problem["field"] == "password"
    assert problem["message"] == "The password is too short: it needs 8 characters."
    assert await count_rows(app, "users", "auth.users", "local.emails") == (0, 0, 0)


# Logging in -------------------------------------------------------------------------------------


async def test_logging_in_answers_tokens_and_the_profile(
    client: httpx.AsyncClient, factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice", timezone="Europe/Berlin", with_profile=False)

    session = data_of(
        await post(client, "login", email=f" {alice.email.upper()} ", password=PASSWORD)
    )

    assert session["tokenType"] == "bearer"
    assert session["expiresIn"] == 3600
    assert session["expiresAt"] == "2026-03-10T10:00:00Z"
    assert session["user"]["id"] == str(alice.id)
    assert session["user"]["timezone"] == "Europe/Berlin"
    assert data_of(await me(client, session["token"])) == session["user"]
    assert await count_rows(app, "users") == (1,)


async def test_a_wrong_password_and_an_unknown_address_are_refused_alike(
    client: httpx.AsyncClient, factory: Factory, app: FastAPI
) -> None:
    alice = await factory.person("Alice")
    waiting = await factory.person("Waiting", confirmed=False)
    (sessions,) = await count_rows(app, "auth.sessions")

    refusals = [
        await post(client, "login", email=email, password="not the password")
        for email in (alice.email, waiting.email, "nobody@example.com")
    ]

    bodies = [assert_error(refused, 401, "invalid_credentials") for refused in refusals]
    assert len({body["message"] for body in bodies}) == 1
    assert all(refused.headers["www-authenticate"] == "Bearer" for refused in refusals)
    assert await count_rows(app, "auth.sessions") == (sessions,)


@pytest.mark.parametrize("path", ["login", "signup"])
@pytest.mark.parametrize(
    "content",
    [
        b'{"email": "a@example.com", "password": "lone \\ud800 surrogate"}',
        b'{"email": "\\ud800@example.com", "password": "a long password"}',
        b'{"email": "a@example.com", "password": "zero \\u0000 byte"}',
        b'{"email": "a@example.com", "password": "a long password", "\\ud800": 1}',
        b'["a@example.com"]',
        b"null",
    ],
)
async def test_what_cannot_be_stored_is_refused_before_supabase_is_asked(
    client: httpx.AsyncClient, app: FastAPI, path: str, content: bytes
) -> None:
    json = {"Content-Type": "application/json"}

    refused = await client.post(f"{API}/auth/{path}", content=content, headers=json)

    assert refused.status_code in (401, 422), refused.text
    assert refused.json()["code"] in ("invalid_credentials", "validation_failed")
    assert await count_rows(app, "auth.users") == (0,)


async def test_an_unconfirmed_address_cannot_log_in(
    client: httpx.AsyncClient, factory: Factory, app: FastAPI
) -> None:
    waiting = await factory.person("Waiting", confirmed=False, with_profile=False)

    for path in ("login", "token"):
        form = {"username": waiting.email, "password": PASSWORD}
        refused = (
            await client.post(f"{API}/auth/token", data=form)
            if path == "token"
            else await post(client, "login", email=waiting.email, password=PASSWORD)
        )
        assert_error(refused, 403, "email_not_confirmed")

    assert await count_rows(app, "users") == (0,)


async def test_a_disabled_account_gets_no_token(
    client: httpx.AsyncClient, factory: Factory, app: FastAPI
) -> None:
    alice = await factory.person("Alice")
    session = await log_in(client, alice)
    await change_rows(app, "UPDATE users SET is_active = false")

    form = {"username": alice.email, "password": PASSWORD}
    answers = [
        await post(client, "login", email=alice.email, password=PASSWORD),
        await client.post(f"{API}/auth/token", data=form),
        await post(client, "refresh", refreshToken=session["refreshToken"]),
        await me(client, session["token"]),
    ]

    for answer in answers:
        assert_error(answer, 403, "account_disabled")
        assert "token" not in answer.text


async def test_somebody_banned_in_supabase_cannot_log_in(
    client: httpx.AsyncClient, factory: Factory, app: FastAPI
) -> None:
    alice = await factory.person("Alice")
    await change_rows(app, "UPDATE auth.users SET banned_until = '2100-01-01Z'")

    refused = await post(client, "login", email=alice.email, password=PASSWORD)

    assert_error(refused, 403, "account_disabled")


async def test_interleaved_logins_never_mix_people_up(factory: Factory, app: FastAPI) -> None:
    people = [await factory.person(f"P{number}", with_profile=False) for number in range(10)]

    at_once = asyncio.Semaphore(20)  # as many as there are connections to the database

    async def log_in_and_look(person: Person) -> tuple[str, ...]:
        async with at_once, client_of(app) as browser:
            session = await log_in(browser, person)
            seen = data_of(await me(browser, session["token"]))
        return (session["user"]["id"], seen["id"], subject_of(session["token"]))

    order = [people[number * 7 % 10] for number in range(100)]
    seen = await asyncio.gather(*(log_in_and_look(person) for person in order))

    assert [set(ids) for ids in seen] == [{str(person.id)} for person in order]
    assert await count_rows(app, "users") == (10,)


# The Authorize button of the docs ---------------------------------------------------------------


async def test_the_authorize_button_gets_a_token_in_the_shape_of_oauth2(
    client: httpx.AsyncClient, factory: Factory
) -> None:
    alice = await factory.person("Alice", with_profile=False)
    form = {"grant_type": "password", "username": alice.email.upper(), "password": PASSWORD}
    basic = base64.b64encode(b"undefined:undefined").decode()  # as Swagger UI sends it

    answer = await client.post(
        f"{API}/auth/token", data=form, headers={"Authorization": f"Basic {basic}"}
    )

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    token = answer.json()
    assert token.keys() == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert (token["token_type"], token["expires_in"]) == ("bearer", 3600)
    assert data_of(await me(client, token["access_token"]))["id"] == str(alice.id)


@pytest.mark.parametrize(
    "form",
    [
        b"username=nobody%40example.com&password=x",
        b"username=no+address&password=x",
        b"username=%00&password=%00",
        b"username=a%00b%40example.com&password=x",
        b"username=%ED%A0%80&password=%ED%A0%80",
        b"username=" + b"x" * 10_000 + b"&password=x",
        b"username=x&password=" + b"x" * 10_000,
        b"username=%27%20OR%201%3D1--&password=x",
    ],
    ids=lambda form: form[:40].decode(),
)
async def test_the_authorize_button_refuses_whatever_is_no_account(
    client: httpx.AsyncClient, factory: Factory, app: FastAPI, form: bytes
) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}

    refused = await client.post(f"{API}/auth/token", content=form, headers=kind)

    assert_error(refused, 401, "invalid_credentials")
    assert refused.headers["www-authenticate"] == "Bearer"
    assert await count_rows(app, "users", "auth.sessions") == (0, 0)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"username": "alice@example.com"},
        {"password": PASSWORD},
        {"username": "a@example.com", "password": "x", "grant_type": "client_credentials"},
    ],
    ids=str,
)
async def test_an_incomplete_form_is_refused(
    client: httpx.AsyncClient, form: dict[str, str]
) -> None:
    assert_error(await client.post(f"{API}/auth/token", data=form), 422, "validation_failed")
