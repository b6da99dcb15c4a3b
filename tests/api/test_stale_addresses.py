"""Addresses that rows hold from before: whoever needs one gets it, however often it is in the way.

A person's first request and an event of Supabase make room in the same manner.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from app.crud.crud_user import UserCrud
from tests.api.webhook_events import at_supabase
from tests.factories import Factory, fresh_token
from tests.fakes.webhook_sender import WebhookSender, row_event
from tests.support import FrozenClock, assert_error, change_rows, rows

WANTED = "wanted@example.com"
Act = Callable[[], Awaitable[httpx.Response]]


@pytest.fixture(params=["request", "event"])
async def act(
    request: pytest.FixtureRequest,
    app: FastAPI,
    factory: Factory,
    client: httpx.AsyncClient,
    clock: FrozenClock,
) -> Act:
    """What brings the row of somebody with a new address in line."""
    alice = await factory.person("Alice")
    await at_supabase(app, "PUT", alice.id, email=WANTED, email_confirm=True)
    if request.param == "event":
        return lambda: WebhookSender(client, clock)(row_event("UPDATE", alice.id))
    token = await fresh_token(app, alice.id, clock.now())
    alice.client.headers["Authorization"] = f"Bearer {token}"
    return lambda: alice.get("/users/me")


async def hold(app: FastAPI) -> None:
    """A row of somebody whom Supabase does not know any more."""
    sql = "INSERT INTO users (id, email, name) VALUES (:id, :email, 'Former')"
    await change_rows(app, sql, id=uuid4(), email=WANTED)


def held_again(app: FastAPI, monkeypatch: pytest.MonkeyPatch, *, times: int) -> None:
    """Each time the address is free, another row takes it first."""
    replace_email, left = UserCrud.replace_email, iter(range(times))

    async def and_lose_it(users: UserCrud, *who: Any, **what: Any) -> None:
        await replace_email(users, *who, **what)
        if next(left, None) is not None:
            await hold(app)

    monkeypatch.setattr(UserCrud, "replace_email", and_lose_it)


@pytest.mark.parametrize("times", [0, 1, 3])
async def test_an_address_is_freed_as_often_as_it_is_in_the_way(
    times: int, act: Act, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hold(app)
    held_again(app, monkeypatch, times=times)

    assert (await act()).is_success

    found = await rows(app, "SELECT id, name, email FROM users")
    assert [row["name"] for row in found if row["email"] == WANTED] == ["Alice"]
    former = [row for row in found if row["name"] == "Former"]
    assert len(former) == times + 1
    assert all(row["email"] == f"{row['id']}@deleted.invalid" for row in former)


async def test_one_that_never_gets_free_is_asked_for_again_later(
    act: Act, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hold(app)
    held_again(app, monkeypatch, times=100)

    refused = await act()

    assert_error(refused, 503, "service_unavailable")
    assert refused.headers["retry-after"]
    monkeypatch.undo()
    assert (await act()).is_success


async def test_where_the_holder_moved_to_is_taken_this_very_moment_there_is_room_all_the_same(
    act: Act, app: FastAPI, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = await factory.person("Holder", email="holder@example.com")
    await change_rows(app, "UPDATE users SET email = :it WHERE id = :id", it=WANTED, id=holder.id)
    replace_email = UserCrud.replace_email
    taken: list[str] = []

    async def after_somebody_took_it(users: UserCrud, *who: Any, **what: Any) -> None:
        if not taken:
            taken.append(what["new"])
            sql = "INSERT INTO users (id, email, name) VALUES (:id, :email, 'Other')"
            await change_rows(app, sql, id=uuid4(), email=what["new"])
        await replace_email(users, *who, **what)

    monkeypatch.setattr(UserCrud, "replace_email", after_somebody_took_it)

    assert (await act()).is_success

    assert taken == ["holder@example.com"]
    found = {row["name"]: row["email"] for row in await rows(app, "SELECT name, email FROM users")}
    assert found["Alice"] == WANTED
