"""Many at once: one reflection for a person and date, told once.

`DUOTRAK_RACE_ROUNDS=50` runs as many rounds of each race.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import date, timedelta

import pytest
from fastapi import FastAPI

from tests.conftest import MakeApp
from tests.factories import Factory
from tests.support import FrozenClock, assert_error, data_of, rows

ROUNDS = int(os.environ.get("DUOTRAK_RACE_ROUNDS", "5"))
AT_ONCE = 20


@pytest.fixture
async def app(make_app: MakeApp) -> FastAPI:
    """With a connection for each request: none waits for another before they meet."""
    return await make_app(database_pool_size=AT_ONCE + 5)


@pytest.fixture
async def factory(app: FastAPI, clock: FrozenClock) -> AsyncIterator[Factory]:
    async with AsyncExitStack() as stack:
        yield Factory(app, clock, stack)


async def test_one_of_twenty_reflections_on_a_date_wins(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    for number in range(ROUNDS):
        day = date(2026, 3, 10) - timedelta(number)
        bodies = [
            {"reflectionContent": f"Try {attempt}", "date": day.isoformat()}
            for attempt in range(AT_ONCE)
        ]

        answers = await asyncio.gather(*(alice.post("/reflections", body) for body in bodies))

        assert Counter(answer.status_code for answer in answers) == {201: 1, 409: AT_ONCE - 1}
        (won,) = [data_of(answer, 201) for answer in answers if answer.status_code == 201]
        for answer in answers:
            if answer.status_code == 409:
                assert assert_error(answer, 409, "reflection_exists")["existingId"] == won["id"]
        stored = await rows(
            app, "SELECT * FROM reflections WHERE reflection_date_local = :day", day=day
        )
        assert [(str(row["id"]), row["content"]) for row in stored] == [
            (won["id"], won["reflectionContent"])
        ]
        told = await rows(app, "SELECT * FROM notifications WHERE target_id = :id", id=won["id"])
        assert [row["recipient_id"] for row in told] == [bob.id]
    assert len(await rows(app, "SELECT id FROM notifications")) == ROUNDS


async def test_nobody_is_told_of_a_reflection_after_the_end(factory: Factory, app: FastAPI) -> None:
    for _ in range(ROUNDS):
        alice, bob = await factory.partners()

        saved, ended = await asyncio.gather(
            alice.post("/reflections", {"reflectionContent": "The last one?"}),
            bob.post("/partnerships/dissolve"),
        )

        data_of(ended)
        reflection = data_of(saved, 201)
        told = await rows(
            app, "SELECT id FROM notifications WHERE target_id = :id", id=reflection["id"]
        )
        assert len(told) == (0 if reflection["partnershipId"] is None else 1)
