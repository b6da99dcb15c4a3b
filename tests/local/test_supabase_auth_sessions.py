"""Sign-in, refresh and logout at the Supabase Auth stand-in."""

import asyncio

import pytest

from tests.local.conftest import PASSWORD, StandIn, code_of


async def test_a_wrong_password_and_an_unknown_address_are_answered_alike(
    standin: StandIn, address: str
) -> None:
    await standin.confirmed_user(address)
    answers = [
        await standin.call("POST", "/token?grant_type=password", credentials)
        for credentials in (
            {"email": address, "password": "wrong password"},
            {"email": f"un{address}", "password": PASSWORD},
            {"email": "not an address", "password": PASSWORD},
            {"email": address, "password": ""},
        )
    ]
    assert {code_of(answer) for answer in answers} == {(400, "invalid_credentials")}
    assert len({answer.text for answer in answers}) == 1


async def test_a_used_refresh_token_revokes_the_whole_session_family(
    standin: StandIn, address: str
) -> None:
    await standin.confirmed_user(address)
    first = (await standin.sign_in(address))["refresh_token"]
    second = (await standin.refresh(first)).json()["refresh_token"]
    third = (await standin.refresh(second)).json()["refresh_token"]
    standin.clock.advance(seconds=11)
    assert code_of(await standin.refresh(first)) == (400, "refresh_token_already_used")
    assert code_of(await standin.refresh(third)) == (400, "refresh_token_already_used")


async def test_a_lost_refresh_answer_can_be_asked_for_again(standin: StandIn, address: str) -> None:
    await standin.confirmed_user(address)
    first = (await standin.sign_in(address))["refresh_token"]
    second = (await standin.refresh(first)).json()["refresh_token"]
    standin.clock.advance(minutes=5)
    assert (await standin.refresh(first)).json()["refresh_token"] == second


async def test_within_ten_seconds_a_used_refresh_token_is_forgiven(
    standin: StandIn, address: str
) -> None:
    await standin.confirmed_user(address)
    first = (await standin.sign_in(address))["refresh_token"]
    second = (await standin.refresh(first)).json()["refresh_token"]
    await standin.refresh(second)
    standin.clock.advance(seconds=5)
    assert (await standin.refresh(first)).is_success


async def test_concurrent_refreshes_agree_on_the_next_token(standin: StandIn, address: str) -> None:
    await standin.confirmed_user(address)
    token = (await standin.sign_in(address))["refresh_token"]
    answers = await asyncio.gather(*(standin.refresh(token) for _ in range(10)))
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


async def test_a_banned_user_can_neither_sign_in_nor_refresh_until_the_ban_ends(
    standin: StandIn, address: str
) -> None:
    user_id = await standin.confirmed_user(address)
    token = (await standin.sign_in(address))["refresh_token"]
    await standin.admin("PUT", f"/users/{user_id}", {"ban_duration": "1h30m"})
    credentials = {"email": address, "password": PASSWORD}
    banned = await standin.call("POST", "/token?grant_type=password", credentials)
    assert code_of(banned) == (400, "user_banned")
    assert code_of(await standin.refresh(token)) == (400, "user_banned")
    standin.clock.advance(minutes=91)
    await standin.sign_in(address)


async def test_an_expired_access_token_is_refused_and_can_be_refreshed(
    standin: StandIn, address: str
) -> None:
    await standin.confirmed_user(address)
    session = await standin.sign_in(address)
    standin.clock.advance(minutes=61)
    answer = await standin.call("GET", "/user", token=session["access_token"])
    assert code_of(answer) == (403, "bad_jwt")
    fresh = (await standin.refresh(session["refresh_token"])).json()["access_token"]
    assert (await standin.call("GET", "/user", token=fresh)).is_success


@pytest.mark.parametrize(
    ("scope", "this_lives", "other_lives"),
    [("local", False, True), ("others", True, False), ("global", False, False)],
)
async def test_logout_ends_the_sessions_of_its_scope(
    standin: StandIn, address: str, scope: str, this_lives: bool, other_lives: bool
) -> None:
    await standin.confirmed_user(address)
    this, other = [(await standin.sign_in(address))["access_token"] for _ in range(2)]
    answer = await standin.call("POST", f"/logout?scope={scope}", token=this)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await standin.call("GET", "/user", token=this)).is_success is this_lives
    assert (await standin.call("GET", "/user", token=other)).is_success is other_lives


async def test_an_unknown_logout_scope_ends_nothing(standin: StandIn, address: str) -> None:
    await standin.confirmed_user(address)
    token = (await standin.sign_in(address))["access_token"]
    answer = await standin.call("POST", "/logout?scope=everyone", token=token)
    assert code_of(answer) == (400, "validation_failed")
    assert (await standin.call("GET", "/user", token=token)).is_success
