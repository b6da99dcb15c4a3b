"""What `AuthClient` promises, against whatever speaks Supabase Auth (see conftest.py)."""

from datetime import timedelta
from uuid import uuid4

import pytest

from app.core.clock import SystemClock
from app.core.errors import (
    AccountDisabled,
    AppError,
    EmailNotConfirmed,
    InvalidCredentials,
    InvalidToken,
    NotAuthenticated,
    SamePassword,
    WeakPassword,
)
from app.core.security import TokenVerifier
from tests.contract.conftest import PASSWORD, Account, AuthServer

NEW_PASSWORD = "another horse battery"
MADE_UP_TOKEN = "0" * 56


async def sign_in(server: AuthServer, account: Account, password: str = PASSWORD) -> str:
    """The access token of a new session."""
    return (await server.client.sign_in(email=account.email, password=password)).access_token


async def test_a_sign_up_waits_for_the_confirmation_and_keeps_the_metadata(
    server: AuthServer,
) -> None:
    email = server.address()

    session = await server.client.sign_up(
        email=email, password=PASSWORD, metadata={"name": "Ada", "timezone": "Europe/Berlin"}
    )

    assert (session is None) is await server.confirms_addresses()
    user = await server.client.find_user(user_id=await server.id_of(email))
    assert user is not None
    assert user.email == email
    assert (user.email_confirmed_at is None) is await server.confirms_addresses()
    assert user.metadata["name"] == "Ada"
    assert user.metadata["timezone"] == "Europe/Berlin"


async def test_a_sign_up_with_a_known_address_says_nothing(server: AuthServer) -> None:
    known = await server.account()

    assert (
        await server.client.sign_up(email=known.email, password=NEW_PASSWORD, metadata={}) is None
    )

    assert await sign_in(server, known)  # the password is the old one


async def test_a_weak_password_is_refused_with_its_reasons(server: AuthServer) -> None:
    with pytest.raises(WeakPassword) as refused:
        await server.client.sign_up(email=server.address(), password="abc", metadata={})

    assert refused.value.field == "password"
    assert "The password is too short." in refused.value.reasons


async def test_signing_in_gives_a_session_of_that_user(server: AuthServer) -> None:
    account = await server.account(user_metadata={"name": "Ada"})

    session = await server.client.sign_in(email=account.email, password=PASSWORD)

    assert session.user.id == account.id
    assert session.user.email == account.email
    assert session.user.email_confirmed_at is not None
    assert session.user.metadata["name"] == "Ada"
    assert session.token_type == "bearer"
    assert session.refresh_token
    assert session.expires_in > 0
    lasts = session.expires_at - SystemClock().now()
    assert abs(lasts - timedelta(seconds=session.expires_in)) < timedelta(minutes=5)


async def test_the_access_token_verifies_with_the_published_keys(server: AuthServer) -> None:
    account = await server.account()
    verifier = TokenVerifier(
        issuer=f"{server.url}/auth/v1",
        shared_secret=server.jwt_secret,
        fetch_jwks=server.client.fetch_jwks,
        clock=SystemClock(),
    )

    token = await verifier.verify(await sign_in(server, account))

    assert token.user_id == account.id
    assert token.email == account.email
    assert token.session_id
    await verifier.aclose()


async def test_wrong_credentials_are_all_the_same(server: AuthServer) -> None:
    account = await server.account()
    for email, password in ((account.email, "wrong"), (server.address(), PASSWORD)):
        with pytest.raises(InvalidCredentials):
            await server.client.sign_in(email=email, password=password)


async def test_an_unconfirmed_address_cannot_sign_in(server: AuthServer) -> None:
    account = await server.account(confirmed=False)
    with pytest.raises(EmailNotConfirmed):
        await sign_in(server, account)


async def test_a_banned_user_cannot_sign_in_or_stay(server: AuthServer) -> None:
    account = await server.account()
    session = await server.client.sign_in(email=account.email, password=PASSWORD)
    await server.call("PUT", f"/admin/users/{account.id}", {"ban_duration": "24h"})

    with pytest.raises(AccountDisabled):
        await sign_in(server, account)
    with pytest.raises(AccountDisabled):
        await server.client.refresh(refresh_token=session.refresh_token)
    user = await server.client.find_user(user_id=account.id)
    assert user is not None
    assert user.is_banned(SystemClock().now())

    await server.call("PUT", f"/admin/users/{account.id}", {"ban_duration": "none"})
    assert await sign_in(server, account)
    user = await server.client.find_user(user_id=account.id)
    assert user is not None
    assert not user.is_banned(SystemClock().now())


async def test_a_refresh_token_gives_a_new_pair(server: AuthServer) -> None:
    account = await server.account()
    session = await server.client.sign_in(email=account.email, password=PASSWORD)

    renewed = await server.client.refresh(refresh_token=session.refresh_token)

    assert renewed.user.id == account.id
    assert renewed.refresh_token != session.refresh_token
    again = await server.client.refresh(refresh_token=renewed.refresh_token)
    assert again.user.id == account.id


async def test_an_unknown_refresh_token_is_refused(server: AuthServer) -> None:
    with pytest.raises(NotAuthenticated):
        await server.client.refresh(refresh_token="abcdefghijkl")


async def test_a_logout_ends_this_session_alone_and_may_be_repeated(server: AuthServer) -> None:
    account = await server.account()
    here = await server.client.sign_in(email=account.email, password=PASSWORD)
    there = await sign_in(server, account)

    await server.client.sign_out(access_token=here.access_token)
    await server.client.sign_out(access_token=here.access_token)

    with pytest.raises(NotAuthenticated):
        await server.client.get_user(access_token=here.access_token)
    with pytest.raises(NotAuthenticated):
        await server.client.refresh(refresh_token=here.refresh_token)
    assert (await server.client.get_user(access_token=there)).id == account.id


@pytest.mark.parametrize("token", ["nonsense", "e30.e30.e30"])
async def test_a_token_that_is_none_is_nobody(server: AuthServer, token: str) -> None:
    with pytest.raises(NotAuthenticated):
        await server.client.get_user(access_token=token)


async def test_users_are_found_and_deleted_by_their_id(server: AuthServer) -> None:
    account = await server.account()
    token = await sign_in(server, account)

    found = await server.client.find_user(user_id=account.id)
    assert found is not None
    assert (found.id, found.email) == (account.id, account.email)

    assert await server.client.delete_user(user_id=account.id) is True
    assert await server.client.find_user(user_id=account.id) is None
    assert await server.client.delete_user(user_id=account.id) is False
    with pytest.raises(NotAuthenticated):
        await server.client.get_user(access_token=token)
    assert await server.client.find_user(user_id=uuid4()) is None


async def test_the_link_of_the_email_confirms_once_and_signs_in(server: AuthServer) -> None:
    account = await server.account(confirmed=False)
    token = await server.confirmation_token(account)

    session = await server.client.verify_email(token=token)

    assert session.user.id == account.id
    assert session.user.email_confirmed_at is not None
    assert await sign_in(server, account)
    with pytest.raises(InvalidToken):
        await server.client.verify_email(token=token)


async def test_a_new_password_is_set_once_with_the_link_of_the_email(server: AuthServer) -> None:
    account = await server.account()
    token = await server.recovery_token(account)

    await server.client.reset_password(token=token, new_password=NEW_PASSWORD)

    assert await sign_in(server, account, NEW_PASSWORD)
    with pytest.raises(InvalidCredentials):
        await sign_in(server, account, PASSWORD)
    with pytest.raises(InvalidToken):
        await server.client.reset_password(token=token, new_password=PASSWORD)


@pytest.mark.parametrize(("password", "error"), [(PASSWORD, SamePassword), ("abc", WeakPassword)])
async def test_a_new_password_must_be_strong_and_new(
    server: AuthServer, password: str, error: type[AppError]
) -> None:
    account = await server.account()
    token = await server.recovery_token(account)

    with pytest.raises(error) as refused:
        await server.client.reset_password(token=token, new_password=password)

    assert isinstance(refused.value, AppError)
    assert refused.value.field == "newPassword"
    assert await sign_in(server, account)


async def test_the_link_for_a_new_password_confirms_no_address(server: AuthServer) -> None:
    account = await server.account()
    token = await server.recovery_token(account)

    with pytest.raises(InvalidToken):
        await server.client.verify_email(token=token)

    await server.client.reset_password(token=token, new_password=NEW_PASSWORD)
    assert await sign_in(server, account, NEW_PASSWORD)


async def test_made_up_links_are_refused(server: AuthServer) -> None:
    with pytest.raises(InvalidToken):
        await server.client.verify_email(token=MADE_UP_TOKEN)
    with pytest.raises(InvalidToken):
        await server.client.reset_password(token=MADE_UP_TOKEN, new_password=PASSWORD)


async def test_asking_for_an_email_to_nobody_is_no_error(server: AuthServer) -> None:
    await server.client.send_password_reset(email=server.address())
    await server.client.resend_verification(email=server.address())
