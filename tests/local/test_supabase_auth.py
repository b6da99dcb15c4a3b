"""The Supabase Auth stand-in: accounts from sign-up on, with the real `supabase` client."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from supabase_auth.errors import AuthApiError, AuthWeakPasswordError

from app.local import supabase_auth
from tests.local.conftest import (
    FRONTEND_URL,
    ISSUER,
    PASSWORD,
    SECRET_KEY,
    MakeDatabase,
    MakeStandIn,
    StandIn,
    code_of,
)


async def test_an_account_from_sign_up_to_logout_with_the_real_client(
    standin: StandIn, address: str
) -> None:
    client = await standin.supabase()
    signed_up = await client.auth.sign_up(
        {"email": address.upper(), "password": PASSWORD, "options": {"data": {"name": "Ada"}}}
    )
    assert signed_up.session is None
    assert signed_up.user is not None
    assert signed_up.user.email == address
    assert signed_up.user.user_metadata["name"] == "Ada"
    assert signed_up.user.email_confirmed_at is None

    with pytest.raises(AuthApiError) as unconfirmed:
        await client.auth.sign_in_with_password({"email": address, "password": PASSWORD})
    assert (unconfirmed.value.status, unconfirmed.value.code) == (400, "email_not_confirmed")

    (email,) = await standin.emails_to(address)
    assert email.subject == "Confirm your e-mail address"
    assert email.links[0].startswith(f"{FRONTEND_URL}/auth/verify-email?token=")
    assert "Hello Ada," in email.text
    token_hash = await standin.token_in_last_email(address)
    confirmed = await client.auth.verify_otp({"token_hash": token_hash, "type": "email"})
    assert confirmed.user is not None
    assert confirmed.user.email_confirmed_at is not None
    with pytest.raises(AuthApiError) as used:
        await client.auth.verify_otp({"token_hash": token_hash, "type": "email"})
    assert (used.value.status, used.value.code) == (403, "otp_expired")

    signed_in = await client.auth.sign_in_with_password({"email": address, "password": PASSWORD})
    assert signed_in.session is not None
    assert signed_in.session.expires_in == 3600
    refreshed = await client.auth.refresh_session(signed_in.session.refresh_token)
    assert refreshed.session is not None
    assert refreshed.session.refresh_token != signed_in.session.refresh_token
    access_token = refreshed.session.access_token
    current = await client.auth.get_user(access_token)
    assert current is not None
    assert current.user.id == signed_up.user.id

    await client.auth.sign_out()
    with pytest.raises(AuthApiError) as dead:
        await client.auth.get_user(access_token)
    assert (dead.value.status, dead.value.code) == (403, "session_not_found")
    assert code_of(await standin.refresh(refreshed.session.refresh_token)) == (
        400,
        "refresh_token_not_found",
    )


async def test_access_tokens_verify_against_the_published_keys(
    standin: StandIn, address: str
) -> None:
    user_id = await standin.confirmed_user(address)
    client = await standin.supabase()
    signed_in = await client.auth.sign_in_with_password({"email": address, "password": PASSWORD})
    assert signed_in.session is not None
    verified = await client.auth.get_claims(signed_in.session.access_token)
    assert verified is not None
    assert verified["headers"]["alg"] == "ES256"
    claims: dict[str, Any] = {**verified["claims"]}
    assert (claims["iss"], claims["sub"], claims["aud"]) == (ISSUER, user_id, "authenticated")
    assert (claims["role"], claims["aal"], claims["phone"]) == ("authenticated", "aal1", "")
    assert (claims["email"], claims["is_anonymous"]) == (address, False)
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["amr"][0]["method"] == "password"
    UUID(claims["session_id"])

    published = (await standin.call("GET", "/.well-known/jwks.json", headers={"apikey": ""})).json()
    assert [key["kid"] for key in published["keys"]] == [verified["headers"]["kid"]]
    assert "d" not in published["keys"][0]


async def test_a_forgotten_password_is_replaced_and_every_other_session_ends(
    standin: StandIn, address: str
) -> None:
    await standin.confirmed_user(address)
    elsewhere = await standin.sign_in(address)
    client = await standin.supabase()
    await client.auth.reset_password_for_email(address)
    (email,) = await standin.emails_to(address)
    assert email.links[0].startswith(f"{FRONTEND_URL}/auth/reset-password?token=")

    token_hash = await standin.token_in_last_email(address)
    await client.auth.verify_otp({"token_hash": token_hash, "type": "recovery"})
    with pytest.raises(AuthWeakPasswordError) as weak:
        await client.auth.update_user({"password": "short"})
    assert weak.value.reasons == ["length"]
    with pytest.raises(AuthApiError) as same:
        await client.auth.update_user({"password": PASSWORD})
    assert (same.value.status, same.value.code) == (422, "same_password")
    await client.auth.update_user({"password": "battery staple"})

    await standin.sign_in(address, "battery staple")
    credentials = {"email": address, "password": PASSWORD}
    old = await standin.call("POST", "/token?grant_type=password", credentials)
    assert code_of(old) == (400, "invalid_credentials")
    other = await standin.call("GET", "/user", token=elsewhere["access_token"])
    assert code_of(other) == (403, "session_not_found")
    current = await client.auth.get_user()
    assert current is not None
    assert current.user.email == address


async def test_the_real_client_administers_users(standin: StandIn, address: str) -> None:
    admin = (await standin.supabase(SECRET_KEY)).auth.admin
    created = await admin.create_user(
        {"email": address, "password": PASSWORD, "email_confirm": True, "user_metadata": {"a": 1}}
    )
    user_id = created.user.id
    session = await standin.sign_in(address)
    assert (await admin.get_user_by_id(user_id)).user.email_confirmed_at is not None
    changed = await admin.update_user_by_id(user_id, {"user_metadata": {"b": 2}})
    assert changed.user.user_metadata == {"a": 1, "b": 2}
    assert user_id in [user.id for user in await admin.list_users(page=1, per_page=1000)]
    with pytest.raises(AuthApiError) as taken:
        await admin.create_user({"email": address, "password": PASSWORD})
    assert (taken.value.status, taken.value.code) == (422, "email_exists")

    await admin.delete_user(user_id)
    with pytest.raises(AuthApiError) as gone:
        await admin.get_user_by_id(user_id)
    assert (gone.value.status, gone.value.code) == (404, "user_not_found")
    answer = await standin.call("GET", "/user", token=session["access_token"])
    assert code_of(answer) == (403, "user_not_found")
    assert code_of(await standin.refresh(session["refresh_token"]))[1] == "refresh_token_not_found"


async def test_signing_up_with_a_known_address_invents_a_user_and_writes_to_nobody(
    standin: StandIn, address: str
) -> None:
    user_id = await standin.confirmed_user(address)
    body = {"email": address, "password": "another password", "data": {"name": "Eve"}}
    known = await standin.call("POST", "/signup", body)
    assert known.status_code == 200
    assert known.json()["id"] != user_id
    assert known.json()["identities"] == []
    assert known.json()["user_metadata"] == {"name": "Eve"}
    assert await standin.emails_to(address) == []
    await standin.sign_in(address)

    unknown = await standin.call("POST", "/signup", body | {"email": f"new.{address}"})
    assert unknown.status_code == 200
    assert set(known.json()) == set(unknown.json())
    assert len(unknown.json()["identities"]) == 1


async def test_signing_up_again_before_confirming_repeats_the_email_and_keeps_the_password(
    standin: StandIn, address: str
) -> None:
    first = await standin.call("POST", "/signup", {"email": address, "password": PASSWORD})
    old_link = await standin.token_in_last_email(address)
    again = {"email": address, "password": "of somebody else", "data": {"name": "Eve"}}
    second = await standin.call("POST", "/signup", again)
    assert second.json()["id"] == first.json()["id"]
    assert "name" not in second.json()["user_metadata"]
    assert len(await standin.emails_to(address)) == 2

    replaced = await standin.call("POST", "/verify", {"token_hash": old_link, "type": "signup"})
    assert code_of(replaced) == (403, "otp_expired")
    link = await standin.token_in_last_email(address)
    confirmed = await standin.call("POST", "/verify", {"token_hash": link, "type": "signup"})
    assert confirmed.json()["user"]["user_metadata"]["email_verified"] is True
    await standin.sign_in(address)


async def test_twenty_sign_ups_at_once_make_one_user(standin: StandIn, address: str) -> None:
    body = {"email": address, "password": PASSWORD}
    answers = await asyncio.gather(*(standin.call("POST", "/signup", body) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_with_autoconfirm_sign_up_signs_in_and_a_known_address_is_an_error(
    make_standin: MakeStandIn, address: str
) -> None:
    standin = make_standin(autoconfirm=True)
    body = {"email": address, "password": PASSWORD}
    first = await standin.call("POST", "/signup", body)
    assert first.json()["user"]["email_confirmed_at"]
    assert (await standin.call("GET", "/user", token=first.json()["access_token"])).is_success
    assert await standin.emails_to(address) == []
    assert code_of(await standin.call("POST", "/signup", body)) == (422, "user_already_exists")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (422, "anonymous_provider_disabled")),
        ({"data": {}}, (422, "anonymous_provider_disabled")),
        ({"email": "a@example.com"}, (400, "validation_failed")),
        ({"email": "a@example.com", "password": "seven77"}, (422, "weak_password")),
        ({"email": "a@example.com", "password": "x" * 73}, (400, "validation_failed")),
        ({"email": "no address", "password": PASSWORD}, (400, "validation_failed")),
        ({"email": "a@b.invalid", "password": PASSWORD}, (400, "email_address_invalid")),
        ({"email": "a\n@example.com", "password": PASSWORD}, (400, "validation_failed")),
        ({"email": "a" * 300 + "@example.com", "password": PASSWORD}, (400, "validation_failed")),
        ({"phone": "+4912345", "password": PASSWORD}, (400, "phone_provider_disabled")),
        ({"email": 5, "password": PASSWORD}, (400, "bad_json")),
    ],
)
async def test_a_sign_up_that_cannot_be_says_why(
    standin: StandIn, body: dict[str, object], expected: tuple[int, str]
) -> None:
    assert code_of(await standin.call("POST", "/signup", body)) == expected


async def test_errors_have_the_shape_of_the_api_version_that_the_client_asks_for(
    standin: StandIn,
) -> None:
    body = {"email": "a@example.com", "password": "short"}
    old = await standin.call("POST", "/signup", body)
    assert old.json() == {
        "code": 422,
        "error_code": "weak_password",
        "msg": "Password should be at least 8 characters.",
        "weak_password": {"reasons": ["length"]},
    }
    version = {"X-Supabase-Api-Version": "2024-01-01"}
    new = await standin.call("POST", "/signup", body, headers=version)
    assert new.headers["X-Supabase-Api-Version"] == "2024-01-01"
    assert new.json() == {
        "code": "weak_password",
        "message": "Password should be at least 8 characters.",
        "weak_password": {"reasons": ["length"]},
    }


async def test_preparing_at_once_in_several_processes_makes_one_signing_key(
    make_database: MakeDatabase,
) -> None:
    engine = await make_database()
    await asyncio.gather(*(supabase_auth.prepare(engine) for _ in range(5)))
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM auth.signing_keys")) == 1


async def test_tokens_survive_a_restart(make_standin: MakeStandIn, address: str) -> None:
    before = make_standin()
    await before.confirmed_user(address)
    token = (await before.sign_in(address))["access_token"]
    await supabase_auth.prepare(before.engine)
    assert (await make_standin().call("GET", "/user", token=token)).is_success


async def test_the_schema_of_a_real_supabase_project_is_left_alone(
    make_database: MakeDatabase,
) -> None:
    engine = await make_database()
    async with engine.begin() as connection:
        await connection.execute(text("CREATE SCHEMA auth"))
        await connection.execute(text("CREATE TABLE auth.schema_migrations (version text)"))
    with pytest.raises(supabase_auth.RealSupabaseSchemaError, match="SUPABASE_URL"):
        await supabase_auth.prepare(engine)
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT to_regclass('auth.users')")) is None


async def test_sample_users_and_minted_tokens_work(standin: StandIn, address: str) -> None:
    now = standin.clock.now()
    user_id = await supabase_auth.create_user(
        standin.engine, email=address, password=PASSWORD, confirmed=True, now=now, name="Ada"
    )
    token = await supabase_auth.mint_token(standin.engine, issuer=ISSUER, now=now, user_id=user_id)
    user = (await standin.call("GET", "/user", token=token)).json()
    assert (user["id"], user["user_metadata"]["name"]) == (str(user_id), "Ada")
    with pytest.raises(LookupError):
        await supabase_auth.mint_token(
            standin.engine, issuer=ISSUER, now=now, email=f"{uuid4()}@example.com"
        )
