"""A milestone is told once, and not missed, whatever is checked in at the same moment.

`DUOTRAK_RACE_ROUNDS=50` runs as many rounds of each race.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from fastapi import FastAPI

from tests.api.test_milestones import told, with_streak
from tests.conftest import MakeApp
from tests.factories import Factory
from tests.support import FrozenClock, data_of, rows

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


async def test_many_systems_checked_in_at_once_reach_it_once(
    factory: Factory, app: FastAPI
) -> None:
    for _ in range(ROUNDS):
        alice, bob = await factory.partners()
        first = await with_streak(factory, app, alice, 6)
        systems = [first, *[await factory.system(alice) for _ in range(AT_ONCE // 2 - 1)]]

        answers = await asyncio.gather(
            *(alice.post("/checkins", {"systemId": system["id"]}) for system in systems * 2)
        )

        statuses = Counter(answer.status_code for answer in answers)
        assert statuses == {201: len(systems), 409: len(systems)}
        sql = "SELECT length FROM streak_milestones WHERE user_id = :id"
        assert [row["length"] for row in await rows(app, sql, id=alice.id)] == [7]
        assert len(await told(alice)) == len(await told(bob)) == 1


async def test_two_dates_checked_in_at_once_do_not_miss_it(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    clock.advance(days=1)  # the 10th and the 11th are open
    for _ in range(ROUNDS):
        alice, bob = await factory.partners()
        system = await with_streak(factory, app, alice, 5)

        answers = await asyncio.gather(
            *(
                alice.post("/checkins", {"systemId": system["id"], "localDate": day})
                for day in ("2026-03-10", "2026-03-11") * (AT_ONCE // 2)
            )
        )

        assert Counter(answer.status_code for answer in answers) == {201: 2, 409: AT_ONCE - 2}
        sql = "SELECT length FROM streak_milestones WHERE user_id = :id"
        assert [row["length"] for row in await rows(app, sql, id=alice.id)] == [7]
        assert len(await told(alice)) == len(await told(bob)) == 1


@pytest.mark.parametrize("by", [0, 1])
async def test_the_end_of_the_partnership_is_before_it_or_after_it(
    factory: Factory, app: FastAPI, by: int
) -> None:
    for _ in range(ROUNDS):
        couple = await factory.partners()
        alice, bob = couple
        system = await with_streak(factory, app, alice, 6, verificationRequired=True)

        made, ended = await asyncio.gather(
            alice.post("/checkins", {"systemId": system["id"]}),
            couple[by].post("/partnerships/dissolve"),
        )

        assert ended.status_code == 200
        checkin = data_of(made, 201)
        sql = "SELECT partnership_id FROM streak_milestones WHERE user_id = :id"
        (row,) = await rows(app, sql, id=alice.id)
        assert str(row["partnership_id"]) == str(checkin["partnershipId"])
        assert await told(alice) == ["You reached a streak of 7 days."]
        with_bob = checkin["partnershipId"] is not None
        assert len(await told(bob)) == with_bob
        (status,) = await rows(app, "SELECT status FROM checkins WHERE id = :id", id=checkin["id"])
        assert status["status"] == "completed"


async def test_skips_completed_at_once_on_both_sides_block_nobody(
    factory: Factory, app: FastAPI
) -> None:
    for _ in range(ROUNDS):
        couple = await factory.partners()
        acts = []
        for person in couple:
            first = await with_streak(factory, app, person, 6)
            systems = [first, *[await factory.system(person) for _ in range(4)]]
            for system in systems:
                made = await factory.checkin(person, system["id"], status="skipped")
                acts += [(person, f"/checkins/{made['id']}")] * 2

        answers = await asyncio.gather(
            *(person.put(path, {"status": "completed"}) for person, path in acts)
        )

        assert {answer.status_code for answer in answers} == {200}
        for person in couple:
            sql = "SELECT length FROM streak_milestones WHERE user_id = :id"
            assert [row["length"] for row in await rows(app, sql, id=person.id)] == [7]
            assert sorted(await told(person))[1] == "You reached a streak of 7 days."
            assert len(await told(person)) == 2
