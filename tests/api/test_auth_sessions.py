"""Renewing a session and ending it (Specification §2.6)."""

from typing import Any

import httpx
import pytest

from tests.api.test_auth import log_in, post
from tests.factories import API, Factory
from tests.support import FrozenClock, assert_error, data_of


async def test_a_refresh_token_is_good_once_and_its_theft_ends_the_session(
    client: httpx.AsyncClient, factory: Factory, clock: FrozenClock
) -> None:
    first = await log_in(client, await factory.person("Alice"))

    second = data_of(await post(client, "refresh", refreshToken=first["refreshToken"]))
    third = data_of(await post(client, "refresh", refresh_token=second["refreshToken"]))
    clock.advance(minutes=1)
    stolen = await post(client, "refresh", refreshToken=first["refreshToken"])
    own = await post(client, "refresh", refreshToken=third["refreshToken"])

    assert second["user"] == first["user"]
    assert len({first["refreshToken"], second["refreshToken"], third["refreshToken"]}) == 3
    for refused in (stolen, own):
        assert_error(refused, 401, "not_authenticated")
        assert refused.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("token", ["x", "' OR 1=1 --", "é", "x" * 2000])
async def test_a_made_up_refresh_token_is_refused(client: httpx.AsyncClient, token: str) -> None:
    refused = await post(client, "refresh", refreshToken=token)

    body = assert_error(refused, 401, "not_authenticated")
    assert body["message"] == "Your session has ended. Please sign in again."


@pytest.mark.parametrize("token", ["", None, 1, "a\0b", "x" * 2001])
async def test_what_cannot_be_a_refresh_token_is_invalid(
    client: httpx.AsyncClient, token: Any
) -> None:
    assert_error(await post(client, "refresh", refreshToken=token), 422, "validation_failed")


async def test_logging_out_ends_this_session_and_no_other(
    client: httpx.AsyncClient, factory: Factory
) -> None:
    alice = await factory.person("Alice")
    here, there = await log_in(client, alice), await log_in(client, alice)
    bearer = {"Authorization": f"Bearer {here['token']}"}

    left = await client.post(f"{API}/auth/logout", headers=bearer)
    again = await client.post(f"{API}/auth/logout", headers=bearer)

    assert (left.status_code, left.content) == (204, b"")
    assert again.status_code == 204
    dead = await post(client, "refresh", refreshToken=here["refreshToken"])
    assert_error(dead, 401, "not_authenticated")
    data_of(await post(client, "refresh", refreshToken=there["refreshToken"]))


async def test_only_somebody_signed_in_can_log_out(client: httpx.AsyncClient) -> None:
    refused = await client.post(f"{API}/auth/logout")

    assert_error(refused, 401, "not_authenticated")
    assert refused.headers["www-authenticate"] == "Bearer"
