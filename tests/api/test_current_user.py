"""From a token to a profile: made just in time, and kept in line with Supabase."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from app.clients.supabase_auth import SupabaseUser
from app.local.supabase_auth import create_user
from app.services.account_service import AccountService
from tests.conftest import MakeApp, client_of
from tests.core.token_maker import USER_ID, TokenMaker, compact, hs
from tests.factories import API, CHEAP_HASH, PASSWORD, Factory, Person, fresh_token
from tests.support import (
    RACE_ROUNDS,
    FrozenClock,
    assert_error,
    change_rows,
    count_rows,
    data_of,
    rows,
)

SECRET = "a-legacy-shared-secret-of-40-characters!"


async def me_with(app: FastAPI, token: str) -> httpx.Response:
    async with client_of(app, headers={"Authorization": f"Bearer {token}"}) as browser:
        return await browser.get(f"{API}/users/me")


async def newcomer(app: FastAPI, clock: FrozenClock, metadata: Any, email: str) -> str:
    """A confirmed account without a profile; returns a token."""
    user_id = await create_user(
        app.state.database.engine,
        email=email,
        password=PASSWORD,
        confirmed=True,
        now=clock.now(),
        metadata=metadata,
        password_cost=CHEAP_HASH,
    )
    return await fresh_token(app, user_id, clock.now())


async def move(app: FastAPI, person: Person, email: str) -> None:
    """Supabase confirmed another address of somebody."""
    sql = "UPDATE auth.users SET email = :email WHERE id = :id"
    await change_rows(app, sql, email=email, id=person.id)


async def addresses(app: FastAPI) -> dict[str, str]:
    return {row["name"]: row["email"] for row in await rows(app, "SELECT name, email FROM users")}


# The first request ------------------------------------------------------------------------------


async def test_the_first_request_makes_the_profile(factory: Factory, app: FastAPI) -> None:
    alice = await factory.person(
        "Alice", username="alice_w", timezone="Europe/Berlin", with_profile=False
    )
    assert await count_rows(app, "users") == (0,)

    profile = data_of(await alice.get("/users/me"))

    assert profile == {
        "id": str(alice.id),
        "email": alice.email,
        "username": "alice_w",
        "name": "Alice",
        "avatarUrl": None,
        "bio": None,
        "timezone": "Europe/Berlin",
        "themePreference": "system",
        "isEmailVerified": True,
        "currentPartnershipId": None,
        "partnerDetails": None,
        "createdAt": "2026-03-10T09:00:00Z",
        "updatedAt": "2026-03-10T09:00:00Z",
    }
    assert data_of(await alice.get("/users/me")) == profile
    (zone,) = await rows(app, "SELECT * FROM user_timezones")
    assert (zone["user_id"], zone["timezone"]) == (alice.id, "Europe/Berlin")
    assert await count_rows(app, "users", "notifications", "email_outbox") == (1, 0, 0)


async def test_twenty_first_requests_at_once_make_one_profile(
    factory: Factory, app: FastAPI
) -> None:
    people = [
        await factory.person(f"P{number}", username=f"person_{number}", with_profile=False)
        for number in range(5)
    ]
    for person in people:
        answers = await asyncio.gather(*(person.get("/users/me") for _ in range(20)))

        profiles = [data_of(answer) for answer in answers]
        assert {profile["id"] for profile in profiles} == {str(person.id)}
        assert {profile["username"] for profile in profiles} == {f"person_{person.email[1]}"}
    assert await count_rows(app, "users", "user_timezones") == (5, 5)


async def test_first_requests_that_want_the_same_username_all_succeed(
    factory: Factory, app: FastAPI
) -> None:
    people = [await factory.person(username="popular", with_profile=False) for _ in range(10)]

    answers = await asyncio.gather(*(person.get("/users/me") for person in people))

    names = [data_of(answer)["username"] for answer in answers]
    assert sorted(names, key=str) == [None] * 9 + ["popular"]
    assert await count_rows(app, "users") == (10,)


@pytest.mark.parametrize(
    ("timezone", "expected"),
    [
        ("America/New_York", "America/New_York"),
        ("Mars/Olympus", "UTC"),
        ("../../etc/passwd", "UTC"),
        ("europe/berlin", "UTC"),
        ("", "UTC"),
        ("x" * 5000, "UTC"),
        (5, "UTC"),
        (["UTC"], "UTC"),
        ({"zone": "UTC"}, "UTC"),
        (None, "UTC"),
    ],
)
async def test_the_timezone_of_the_browser_is_taken_if_there_is_such_a_zone(
    app: FastAPI, clock: FrozenClock, timezone: Any, expected: str
) -> None:
    token = await newcomer(app, clock, {"timezone": timezone}, "a@example.com")

    assert data_of(await me_with(app, token))["timezone"] == expected

    assert [row["timezone"] for row in await rows(app, "SELECT * FROM user_timezones")] == [
        expected
    ]


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"username": "no spaces allowed", "name": 5},
        {"username": "x" * 31, "name": ""},
        {"username": ["alice"], "name": None},
        {"username": "UPPER", "name": {"first": "A"}},
        {"username": "trailing\n", "name": []},
        {"avatar_url": "javascript:alert(1)", "bio": "x" * 5000},
    ],
)
async def test_metadata_that_is_unfit_is_left_out(
    app: FastAPI, clock: FrozenClock, metadata: dict[str, Any]
) -> None:
    token = await newcomer(app, clock, metadata, "a@example.com")

    profile = data_of(await me_with(app, token))

    assert [profile[field] for field in ("username", "name", "avatarUrl", "bio")] == [None] * 4


async def test_a_long_name_is_cut_and_html_stays_text(app: FastAPI, clock: FrozenClock) -> None:
    token = await newcomer(app, clock, {"name": "<b>" + "é" * 200}, "a@example.com")

    assert data_of(await me_with(app, token))["name"] == "<b>" + "é" * 97


async def test_metadata_changes_nothing_after_the_first_request(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice", username="alice")
    before = data_of(await alice.get("/users/me"))
    metadata = '{"name": "Mallory", "username": "mallory", "timezone": "Asia/Tokyo"}'
    await change_rows(app, "UPDATE auth.users SET user_metadata = CAST(:m AS jsonb)", m=metadata)
    clock.advance(minutes=1)

    await me_with(app, await fresh_token(app, alice.id, clock.now()))

    assert data_of(await alice.get("/users/me")) == before


# Who may not ------------------------------------------------------------------------------------


async def test_a_user_deleted_in_supabase_gets_no_profile(factory: Factory, app: FastAPI) -> None:
    alice = await factory.person("Alice", with_profile=False)
    await change_rows(app, "DELETE FROM auth.users")

    assert_error(await alice.get("/users/me"), 401, "not_authenticated")

    assert await count_rows(app, "users") == (0,)


async def test_a_token_of_an_ended_session_makes_no_profile(factory: Factory, app: FastAPI) -> None:
    alice = await factory.person("Alice", with_profile=False)
    assert (await alice.post("/auth/logout")).status_code == 204

    assert_error(await alice.get("/users/me"), 401, "not_authenticated")

    assert await count_rows(app, "users") == (0,)


async def test_a_disabled_account_can_do_nothing(factory: Factory, app: FastAPI) -> None:
    alice = await factory.person("Alice")
    await change_rows(app, "UPDATE users SET is_active = false")

    answers = [
        await alice.get("/users/me"),
        await alice.patch("/users/me", {"name": "Mallory"}),
        await alice.post("/goals", {"title": "A goal"}),
        await alice.post("/partnerships/invite", {"email": "bob@example.com"}),
        await alice.post("/partnerships/invite/accept", {"token": "x"}),
    ]

    for answer in answers:
        assert_error(answer, 403, "account_disabled")
    assert await addresses(app) == {"Alice": alice.email}
    assert await count_rows(app, "goals", "partnerships", "email_outbox") == (0, 0, 0)


@pytest.mark.parametrize("claim", ["email_verified", "is_email_verified", "email_confirmed_at"])
async def test_nobody_confirms_their_address_by_writing_so_into_the_metadata(
    factory: Factory, app: FastAPI, claim: str
) -> None:
    inviter = await factory.person("Inviter")
    waiting = await factory.person("Waiting", confirmed=False, with_profile=False)
    sent = data_of(await inviter.post("/partnerships/invite", {"email": waiting.email}), 201)
    await change_rows(
        app,
        "UPDATE auth.users SET user_metadata = user_metadata || CAST(:more AS jsonb)",
        more=f'{{"{claim}": true, "email": "{waiting.email}"}}',
    )

    assert data_of(await waiting.get("/users/me"))["isEmailVerified"] is False

    token = sent["inviteUrl"].partition("=")[2]
    refused = await waiting.post("/partnerships/invite/accept", {"token": token})
    assert_error(refused, 403, "invite_for_another_email")
    assert data_of(await waiting.get("/users/me"))["isEmailVerified"] is False


async def test_a_confirmation_counts_as_soon_as_it_matters(factory: Factory, app: FastAPI) -> None:
    inviter = await factory.person("Inviter")
    waiting = await factory.person("Waiting", confirmed=False)
    sent = data_of(await inviter.post("/partnerships/invite", {"email": waiting.email}), 201)
    await change_rows(app, "UPDATE auth.users SET email_confirmed_at = now()")

    token = sent["inviteUrl"].partition("=")[2]
    data_of(await waiting.post("/partnerships/invite/accept", {"token": token}))

    assert data_of(await waiting.get("/users/me"))["isEmailVerified"] is True


# Addresses that change --------------------------------------------------------------------------


async def test_a_changed_address_is_taken_over_from_the_token(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    await move(app, alice, "moved@example.com")
    assert data_of(await alice.get("/users/me"))["email"] == alice.email
    token = await fresh_token(app, alice.id, clock.now())

    assert data_of(await me_with(app, token))["email"] == "moved@example.com"

    # A token from before the change does not bring the old address back.
    assert data_of(await alice.get("/users/me"))["email"] == "moved@example.com"
    assert await addresses(app) == {"Alice": "moved@example.com"}


async def test_the_address_of_a_deleted_account_is_free_again(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    former = await factory.person("Former", email="shared@example.com")
    await change_rows(app, "DELETE FROM auth.users")
    token = await newcomer(app, clock, {"name": "Next"}, "shared@example.com")

    profile = data_of(await me_with(app, token))

    assert profile["email"] == "shared@example.com"
    assert profile["id"] != str(former.id)
    assert await addresses(app) == {
        "Former": f"{former.id}@deleted.invalid",
        "Next": "shared@example.com",
    }


async def test_a_freed_address_is_given_to_all_of_many_first_requests(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    for _ in range(RACE_ROUNDS):
        await change_rows(app, "DELETE FROM users")
        await change_rows(app, "DELETE FROM auth.users")
        await factory.person("Former", email="shared@example.com")
        await change_rows(app, "DELETE FROM auth.users")
        token = await newcomer(app, clock, {"name": "Next"}, "shared@example.com")

        answers = await asyncio.gather(*(me_with(app, token) for _ in range(10)))

        assert {data_of(answer)["email"] for answer in answers} == {"shared@example.com"}
        assert await count_rows(app, "users") == (2,)


async def test_the_address_that_somebody_left_is_free_before_they_come_back(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice", email="shared@example.com")
    await move(app, alice, "moved@example.com")
    token = await newcomer(app, clock, {"name": "Next"}, "shared@example.com")

    data_of(await me_with(app, token))

    assert await addresses(app) == {"Alice": "moved@example.com", "Next": "shared@example.com"}


@pytest.mark.parametrize("first", ["Alice", "Bob", "Carol"])
async def test_addresses_that_went_round_are_sorted_out_whoever_comes_first(
    factory: Factory, app: FastAPI, clock: FrozenClock, first: str
) -> None:
    people = [await factory.person(name) for name in ("Alice", "Bob", "Carol")]
    # A unique index refuses to let them swap in one step, as it does in Supabase.
    for person in people:
        await move(app, person, f"{person.id}@on-the-way.example")
    wanted = dict(zip(("Alice", "Bob", "Carol"), people[1:] + people[:1], strict=True))
    for person, next_one in zip(people, wanted.values(), strict=True):
        await move(app, person, next_one.email)
    order = sorted(zip(wanted, people, strict=True), key=lambda pair: pair[0] != first)

    for name, person in order:
        token = await fresh_token(app, person.id, clock.now())
        assert data_of(await me_with(app, token))["email"] == wanted[name].email

    assert await addresses(app) == {name: person.email for name, person in wanted.items()}


# The legacy shared secret -----------------------------------------------------------------------


async def test_tokens_of_the_legacy_secret_work_where_it_is_configured(
    make_app: MakeApp, app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    legacy = await make_app(supabase_jwt_secret=SECRET)
    issuer = f"{str(legacy.state.settings.supabase_url).rstrip('/')}/auth/v1"
    signing_key = TokenMaker(key=None, kid="-", issuer=issuer, now=clock.now())  # type: ignore[arg-type]
    header = {"alg": "HS256", "typ": "JWT"}
    good, forged = [
        compact(header, signing_key.claims(), hs(secret.encode()))
        for secret in (SECRET, SECRET.upper())
    ]
    async with legacy.state.database.session() as session:
        accounts = AccountService(session=session, clock=clock, auth=legacy.state.auth)
        await accounts.synchronise(
            SupabaseUser(UUID(USER_ID), "alice@example.com", clock.now(), {})
        )

    assert data_of(await me_with(legacy, good))["id"] == USER_ID
    assert_error(await me_with(legacy, forged), 401, "not_authenticated")
    assert_error(await me_with(app, good), 401, "not_authenticated")
    assert await count_rows(app, "users") == (0,)
