"""Twenty at once: one effect, one notification, no fault.

What holds is read from the database. `DUOTRAK_RACE_ROUNDS=50` runs as many rounds of each race.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from tests.conftest import MakeApp
from tests.factories import Factory
from tests.support import (
    RACE_ROUNDS,
    FrozenClock,
    assert_error,
    data_of,
    rows,
    somebody_waits_for_a_lock,
)

AT_ONCE = 20


@pytest.fixture
async def app(make_app: MakeApp) -> FastAPI:
    """With a connection for each request: none waits for another before they meet."""
    return await make_app(database_pool_size=AT_ONCE + 5)


@pytest.fixture
async def factory(app: FastAPI, clock: FrozenClock) -> AsyncIterator[Factory]:
    async with AsyncExitStack() as stack:
        yield Factory(app, clock, stack)


async def checkins_of(app: FastAPI, *systems: dict[str, Any]) -> list[Any]:
    ids = [system["id"] for system in systems]
    return await rows(app, "SELECT * FROM checkins WHERE system_id::text = ANY(:ids)", ids=ids)


@pytest.mark.parametrize("required", [True, False])
async def test_one_of_twenty_checkins_for_one_date_wins(
    factory: Factory, app: FastAPI, required: bool
) -> None:
    alice, bob = await factory.partners()
    for round_number in range(RACE_ROUNDS):
        system = await factory.system(alice, verificationRequired=required)
        body = {"systemId": system["id"]}

        answers = await asyncio.gather(*(alice.post("/checkins", body) for _ in range(AT_ONCE)))

        assert Counter(answer.status_code for answer in answers) == {201: 1, 409: AT_ONCE - 1}
        for answer in answers:
            if answer.status_code == 409:
                assert_error(answer, 409, "already_checked_in")
        (won,) = [data_of(answer, 201) for answer in answers if answer.status_code == 201]
        (row,) = await checkins_of(app, system)
        assert str(row["id"]) == won["id"]
        told = await rows(app, "SELECT recipient_id, target_id FROM notifications")
        assert len(told) == round_number + 1
        assert (bob.id, won["id"]) in {(row["recipient_id"], row["target_id"]) for row in told}


async def test_one_of_twenty_decisions_wins(factory: Factory, app: FastAPI) -> None:
    verify = {"decision": "verified_completed"}
    ask = {"decision": "queried_by_partner", "query": "Which route?"}
    kinds = {"verified_completed": "checkin_verified", "queried_by_partner": "checkin_queried"}
    for _ in range(RACE_ROUNDS):
        alice, bob = await factory.partners()
        system = await factory.system(alice, verificationRequired=True)
        checkin = await factory.checkin(alice, system["id"])
        path = f"/verifications/{checkin['id']}/verify"

        answers = await asyncio.gather(
            *(bob.post(path, ask if number % 2 else verify) for number in range(AT_ONCE))
        )

        assert Counter(answer.status_code for answer in answers) == {200: 1, 409: AT_ONCE - 1}
        for answer in answers:
            if answer.status_code == 409:
                assert_error(answer, 409, "not_awaiting_verification")
        (won,) = [data_of(answer) for answer in answers if answer.status_code == 200]
        (row,) = await checkins_of(app, system)
        assert row["status"] == won["status"]
        assert row["verifier_query"] == won["verifierQuery"]
        told = await rows(app, "SELECT * FROM notifications WHERE recipient_id = :id", id=alice.id)
        assert [row["type"] for row in told] == [kinds[won["status"]]]


async def test_checkins_of_many_systems_at_once_all_succeed(factory: Factory, app: FastAPI) -> None:
    for _ in range(RACE_ROUNDS):
        alice, bob = await factory.partners()
        systems = [await factory.system(alice) for _ in range(AT_ONCE)]

        answers = await asyncio.gather(
            *(alice.post("/checkins", {"systemId": system["id"]}) for system in systems)
        )

        assert {answer.status_code for answer in answers} == {201}
        assert len(await checkins_of(app, *systems)) == AT_ONCE
        told = await rows(app, "SELECT id FROM notifications WHERE recipient_id = :id", id=bob.id)
        assert len(told) == AT_ONCE


async def test_one_of_twenty_with_the_same_key_has_an_effect(
    factory: Factory, app: FastAPI
) -> None:
    headers = {"Idempotency-Key": "the same"}
    for _ in range(RACE_ROUNDS):
        alice, bob = await factory.partners()
        system = await factory.system(alice)
        body = {"systemId": system["id"]}

        answers = await asyncio.gather(
            *(alice.post("/checkins", body, headers=headers) for _ in range(AT_ONCE))
        )

        first = [
            answer
            for answer in answers
            if answer.status_code == 201 and "idempotency-replayed" not in answer.headers
        ]
        assert len(first) == 1
        for answer in answers:
            if answer.status_code == 201:
                assert answer.content == first[0].content
            else:
                assert_error(answer, 409, "request_in_progress")
        assert len(await checkins_of(app, system)) == 1
        told = await rows(app, "SELECT id FROM notifications WHERE recipient_id = :id", id=bob.id)
        assert len(told) == 1


async def test_each_of_twenty_keys_has_an_effect_of_its_own_and_only_one(
    factory: Factory, app: FastAPI
) -> None:
    for _ in range(RACE_ROUNDS):
        alice = await factory.person("Alice")

        answers = await asyncio.gather(
            *(
                alice.post(
                    "/goals", {"title": str(number)}, headers={"Idempotency-Key": str(number)}
                )
                for number in [*range(AT_ONCE // 2)] * 2
            )
        )

        done = {data_of(answer, 201)["id"] for answer in answers if answer.status_code == 201}
        for answer in answers:
            if answer.status_code != 201:
                assert_error(answer, 409, "request_in_progress")
        goals = await rows(app, "SELECT id, title FROM goals WHERE user_id = :id", id=alice.id)
        assert sorted(row["title"] for row in goals) == sorted(map(str, range(AT_ONCE // 2)))
        assert done == {str(row["id"]) for row in goals}


@pytest.mark.parametrize(
    ("act", "status", "code"),
    [
        ("UPDATE systems SET status = 'paused' WHERE id = :id", 409, "system_not_active"),
        ("DELETE FROM systems WHERE id = :id", 404, "system_not_found"),
    ],
    ids=["paused", "deleted"],
)
async def test_a_system_that_is_paused_or_deleted_at_that_moment_takes_no_checkin(
    factory: Factory, app: FastAPI, act: str, status: int, code: str
) -> None:
    alice, _ = await factory.partners()
    system = await factory.system(alice)

    async with app.state.database.engine.begin() as other:
        await other.execute(
            text("SELECT id FROM systems WHERE id = :id FOR UPDATE"), {"id": system["id"]}
        )
        await other.execute(text(act), {"id": system["id"]})
        checking_in = asyncio.create_task(alice.post("/checkins", {"systemId": system["id"]}))
        await somebody_waits_for_a_lock(app)

    assert_error(await checking_in, status, code)
    assert await rows(app, "SELECT id FROM checkins") == []
    assert await rows(app, "SELECT id FROM notifications") == []
