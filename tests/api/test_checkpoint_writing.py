"""Checkpoints of long histories: when they are written, moved on and believed."""

import asyncio
from datetime import date, timedelta
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import text

from app.core.schedule import Earlier
from app.core.streak_checkpoints import Checkpoint
from app.crud.crud_streak_checkpoint import StreakCheckpointCrud
from app.services.person_history import HistoryReader
from tests.factories import Factory
from tests.long_history import TODAY, UNTIL, checkpoints, history_of, lived, oldest_of
from tests.support import (
    FrozenClock,
    change_rows,
    count_rows,
    data_of,
    items_of,
    rows,
    somebody_waits_for_a_lock,
)


async def test_reading_too_much_for_a_list_writes_a_checkpoint(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    goal = await factory.goal(alice)
    await lived(app, await factory.system(alice, goalId=goal["id"]), 500)
    system_id = items_of(await alice.get("/systems"))[0]["id"]
    paths = ("/systems", "/goals", f"/goals/{goal['id']}", f"/systems/{system_id}")

    for person, path in ((alice, paths[0]), (alice, paths[1]), (bob, paths[2]), (bob, paths[3])):
        await change_rows(app, "DELETE FROM streak_checkpoints")
        data_of(await person.get(path))
        assert await rows(app, "SELECT user_id, until FROM streak_checkpoints") == [
            {"user_id": alice.id, "until": UNTIL}
        ]


async def test_deleting_a_system_takes_its_past_along(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    long, short = await factory.system(alice), await factory.system(alice)
    await lived(app, long, 500)
    await lived(app, short, 300, missed=(TODAY - timedelta(days=100),))
    assert (await history_of(app, clock, alice)).longest_streak() == 500
    await change_rows(app, "DELETE FROM systems WHERE id = :id", id=UUID(long["id"]))
    assert await count_rows(app, "streak_checkpoints") == (0,)

    person = await history_of(app, clock, alice)
    again = await history_of(app, clock, alice)

    assert (person.streak(), person.longest_streak()) == (99, 200)
    assert (again.streak(), again.longest_streak()) == (99, 200)
    assert [oldest_of(history) for history in again.systems.values()] == [UNTIL]
    (kept,) = await checkpoints(app)
    assert list(kept["systems"]) == [short["id"]]


async def test_deleting_a_system_leaves_the_past_of_others_alone(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    goal = await factory.goal(alice)
    for person, details in ((alice, {"goalId": goal["id"]}), (bob, {})):
        await lived(app, await factory.system(person, **details), 500)
        await history_of(app, clock, person)

    await alice.delete(f"/goals/{goal['id']}")

    assert await rows(app, "SELECT user_id FROM streak_checkpoints") == [{"user_id": bob.id}]


async def test_who_read_before_a_deletion_writes_nothing_after_it(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    gone, left = UUID((await factory.system(alice))["id"]), UUID((await factory.system(bob))["id"])
    made = Earlier(UNTIL, 3, 2)
    await alice.delete(f"/systems/{gone}")

    async with app.state.database.session() as session:
        await StreakCheckpointCrud(session).keep(
            {
                alice.id: Checkpoint(made, {gone: made}),
                bob.id: Checkpoint(made, {left: made}),
            }
        )

    assert await rows(app, "SELECT user_id FROM streak_checkpoints") == [{"user_id": bob.id}]


async def test_a_deletion_that_has_begun_is_not_waited_for(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    await lived(app, await factory.system(alice), 500)

    async with app.state.database.engine.connect() as connection:
        await connection.execute(text("DELETE FROM systems"))
        person = await asyncio.wait_for(history_of(app, clock, alice), 1)
        await connection.rollback()

    assert person.streak() == 500
    assert await count_rows(app, "streak_checkpoints") == (0,)
    await history_of(app, clock, alice)
    assert await count_rows(app, "streak_checkpoints") == (1,)


async def test_a_deletion_finds_what_was_written_while_it_waited(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    await lived(app, await factory.system(alice), 500)
    system_id = UUID((await factory.system(alice))["id"])
    made = Earlier(UNTIL, 3, 2)

    async with app.state.database.session() as session, session.begin():
        await StreakCheckpointCrud(session).keep({alice.id: Checkpoint(made, {system_id: made})})
        deletion = asyncio.create_task(change_rows(app, "DELETE FROM systems"))
        await somebody_waits_for_a_lock(app)
    await deletion

    assert await count_rows(app, "systems", "streak_checkpoints") == (0, 0)


async def test_it_moves_on_after_four_weeks_and_never_back(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)
    await lived(app, system, 500)
    await history_of(app, clock, alice)
    moved_on: dict[date, date] = {}
    for _ in range(36):
        await factory.checkin(alice, system["id"])  # which looks for a milestone
        moved_on.setdefault((await checkpoints(app))[0]["until"], clock.now().date())
        clock.advance(days=1)

    person = await history_of(app, clock, alice)

    assert moved_on == {
        UNTIL: TODAY,
        UNTIL + timedelta(weeks=5): UNTIL + timedelta(weeks=6),
    }
    assert person.streak() == 500 + 36
    (kept,) = await checkpoints(app)
    assert kept["until"] == UNTIL + timedelta(weeks=5)
    async with app.state.database.session() as session:
        stale: Checkpoint[UUID] = Checkpoint(Earlier(UNTIL + timedelta(weeks=4), 1, 1), {})
        await StreakCheckpointCrud(session).keep({alice.id: stale})
    assert await checkpoints(app) == [kept]


async def test_nobody_without_old_history_gets_one(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    await lived(app, await factory.system(alice), 35)

    await history_of(app, clock, alice)
    await history_of(app, clock, bob)
    await alice.get("/systems")

    assert await count_rows(app, "streak_checkpoints") == (0,)


async def test_none_is_written_inside_a_transaction(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    """It could miss a system whose deletion is undone."""
    alice = await factory.person("Alice")
    await lived(app, await factory.system(alice), 500)

    async with app.state.database.session() as session, session.begin():
        await session.execute(text("DELETE FROM systems"))
        person = await HistoryReader(session, clock).of_person(alice.id)
        await session.rollback()

    assert person.longest_streak() == 0
    assert await count_rows(app, "streak_checkpoints") == (0,)
    assert (await history_of(app, clock, alice)).longest_streak() == 500


async def test_readers_at_once_write_the_same(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    await lived(app, await factory.system(alice), 500)

    read = await asyncio.gather(*(history_of(app, clock, alice) for _ in range(8)))

    assert {person.streak() for person in read} == {500}
    (kept,) = await checkpoints(app)
    assert (kept["until"], kept["longest"]) == (UNTIL, 492)


async def test_a_person_who_is_locked_is_not_waited_for(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    await lived(app, await factory.system(alice), 500)

    async with app.state.database.engine.begin() as connection:
        await connection.execute(
            text("SELECT FROM users WHERE id = :id FOR UPDATE"), {"id": alice.id}
        )
        person = await asyncio.wait_for(history_of(app, clock, alice), 1)

    assert person.streak() == 500
    assert await count_rows(app, "streak_checkpoints") == (0,)


async def test_a_failed_write_fails_no_read(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    await lived(app, await factory.system(alice), 500)
    await change_rows(
        app, "ALTER TABLE streak_checkpoints ADD CONSTRAINT no_room CHECK (false) NOT VALID"
    )
    try:
        person = await history_of(app, clock, alice)
    finally:
        await change_rows(app, "ALTER TABLE streak_checkpoints DROP CONSTRAINT no_room")

    assert person.streak() == 500
    assert await count_rows(app, "streak_checkpoints") == (0,)


async def test_it_is_kept_behind_a_transaction_pooler(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    """There each statement runs in a transaction of its own."""
    alice = await factory.person("Alice")
    made: Checkpoint[UUID] = Checkpoint(Earlier(UNTIL, 3, 2), {})

    async with app.state.database.session() as session, session.begin():
        await StreakCheckpointCrud(session).keep({alice.id: made})

    (kept,) = await checkpoints(app)
    assert (kept["until"], kept["longest"], kept["running"]) == (UNTIL, 3, 2)
