"""The encouragement to make a first goal: a day after the address was confirmed, once ever."""

import asyncio

import pytest
from fastapi import FastAPI

from app.jobs.scans.first_goal import encourage_everybody_else, encourage_new_people
from tests.factories import Factory
from tests.jobs.scanning import outbox, run, switch, unconfirm
from tests.jobs.working import deliver_due
from tests.support import RACE_ROUNDS, FrozenClock, change_rows, emails_to

KIND = "first_goal"


async def test_it_comes_a_day_after_the_address_was_confirmed_and_never_again(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person()
    clock.advance(hours=24, seconds=-1)
    assert await run(app, encourage_new_people) == 0
    clock.advance(seconds=1)

    assert await run(app, encourage_new_people) == 1
    await deliver_due(app)

    (email,) = await emails_to(app, alice.email)
    assert email["subject"] == "Your first goal on DuoTrak"
    assert "Well done, Alice: you are set up" in email["text"]
    assert "https://app.test/goals/new" in email["links"]
    for _ in range(5):
        clock.advance(days=1)
        assert await run(app, encourage_new_people) == 0
        assert await run(app, encourage_everybody_else) == 0
    assert len(await outbox(app, KIND)) == 1


async def test_whoever_was_missed_is_found_later(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person()
    clock.advance(days=20)

    assert await run(app, encourage_new_people) == 0
    assert await run(app, encourage_everybody_else) == 1

    (row,) = await outbox(app, KIND)
    assert row["user_id"] == alice.id


async def test_nobody_is_encouraged_who_has_a_goal_or_does_not_want_it_or_is_not_confirmed(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    names = ("Busy", "Off", "Unconfirmed")
    busy, off, unconfirmed = [await factory.person(name) for name in names]
    await factory.goal(busy)
    await switch(off, "onboardingEmail", enabled=False)
    await unconfirm(app, unconfirmed)
    await factory.person("Never", confirmed=False)
    clock.advance(hours=30)

    assert await run(app, encourage_new_people) == 0
    assert await run(app, encourage_everybody_else) == 0
    assert await outbox(app, KIND) == []


async def test_a_goal_made_meanwhile_makes_it_needless(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person()
    clock.advance(hours=30)
    await run(app, encourage_new_people)
    await factory.goal(alice)

    await deliver_due(app)

    (row,) = await outbox(app, KIND)
    assert (row["status"], row["last_error"]) == ("cancelled", "there is a goal")
    assert await emails_to(app, alice.email) == []


@pytest.mark.parametrize("has_partner", [True, False])
async def test_it_speaks_of_the_partner_only_where_there_is_one(
    has_partner: bool, app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice = (await factory.partners())[0] if has_partner else await factory.person()
    clock.advance(hours=30)
    await run(app, encourage_new_people)

    await deliver_due(app)

    (email,) = await emails_to(app, alice.email)
    assert ("You have a partner" in email["text"]) == has_partner


async def test_of_scans_at_once_one_encourages(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    await factory.person()
    clock.advance(hours=30)
    scans = (encourage_new_people, encourage_everybody_else) * 2
    for number in range(1, RACE_ROUNDS + 1):
        written = await asyncio.gather(*(run(app, scan) for scan in scans))
        assert sum(written) == 1
        assert len(await outbox(app, KIND)) == number
        await change_rows(app, "UPDATE users SET first_goal_email_sent = false")


async def test_somebody_whose_row_is_locked_is_left_for_the_next_time_and_holds_up_nobody(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    clock.advance(hours=30)
    async with app.state.database.engine.begin() as connection:
        await connection.exec_driver_sql(
            f"SELECT FROM users WHERE id = '{alice.id}' FOR SHARE"  # as logging a check-in does
        )
        async with asyncio.timeout(1.5):
            assert await run(app, encourage_new_people) == 1
    assert [row["user_id"] for row in await outbox(app, KIND)] == [bob.id]

    clock.advance(hours=1)
    assert await run(app, encourage_new_people) == 1
