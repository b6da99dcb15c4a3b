"""Two devices that change the timezone at once: the profile and the calendar say the same."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from app.crud.crud_user import UserCrud
from tests.factories import Factory
from tests.support import FrozenClock, data_of, done_or_waiting, rows

USED = "SELECT timezone FROM user_timezones WHERE user_id = :id ORDER BY used_from"
SHOWN = "SELECT timezone FROM users WHERE id = :id"


@pytest.mark.parametrize(
    "later", ["Europe/Berlin", "Europe/Paris"], ids=["another", "the first again"]
)
async def test_the_last_of_two_changes_is_the_one_that_counts(
    later: str, factory: Factory, app: FastAPI, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = await factory.person("Alice", timezone="Europe/Paris")
    clock.advance(hours=1)
    update = UserCrud.update
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(users: UserCrud, user_id: UUID, changes: dict[str, Any], now: Any) -> None:
        if changes["timezone"] == "Asia/Tokyo":
            reached.set()
            await go_on.wait()
        await update(users, user_id, changes, now)

    monkeypatch.setattr(UserCrud, "update", slowly)
    phone = asyncio.create_task(alice.put("/users/me", {"timezone": "Asia/Tokyo"}))
    await reached.wait()
    clock.advance(milliseconds=50)
    laptop = asyncio.create_task(alice.put("/users/me", {"timezone": later}))
    await done_or_waiting(app, laptop)
    go_on.set()
    for answer in await asyncio.gather(phone, laptop):
        data_of(answer)

    (shown,) = await rows(app, SHOWN, id=alice.id)
    used = [row["timezone"] for row in await rows(app, USED, id=alice.id)]
    assert shown["timezone"] == used[-1] == later
    assert used == ["Europe/Paris", "Asia/Tokyo", later]


async def test_the_same_timezone_again_is_no_change(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice", timezone="Asia/Tokyo")
    clock.advance(hours=1)
    data_of(await alice.put("/users/me", {"timezone": "Asia/Tokyo"}))
    assert [row["timezone"] for row in await rows(app, USED, id=alice.id)] == ["Asia/Tokyo"]
