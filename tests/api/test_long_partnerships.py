"""The partner's streaks within a partnership of years, from the rows of a few weeks."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from fastapi import FastAPI

from app.core.occurrences import excused_skips
from app.services.person_history import HistoryReader
from tests.factories import Factory, Person
from tests.long_history import TEN_YEARS, TODAY, UNTIL, checkpoints, history_of, lived, oldest_of
from tests.support import FrozenClock, change_rows, data_of, rows

BEGAN = TODAY - timedelta(days=1000)


async def old_partners(factory: Factory, app: FastAPI) -> tuple[Person, Person]:
    """Partners since BEGAN."""
    alice, bob = await factory.partners()
    await change_rows(
        app,
        "UPDATE partnerships SET activated_at = :began",
        began=datetime.combine(BEGAN, datetime.min.time(), UTC),
    )
    return alice, bob


async def streaks(person: Person, query: str = "") -> tuple[int, int]:
    data = data_of(await person.get(f"/progress?comparePartner=true{query}"))
    stats: dict[str, Any] = data["partnerStats"]
    return stats["currentStreak"], stats["longestStreak"]


async def test_they_are_those_since_it_began_whatever_came_before(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await old_partners(factory, app)
    goal = await factory.goal(bob)
    run = await factory.system(bob, goalId=goal["id"])
    await lived(app, run, missed=(TODAY - timedelta(days=300),))

    for _ in range(2):
        for query in ("", f"&systemId={run['id']}", f"&goalId={goal['id']}"):
            assert await streaks(alice, query) == (299, 700)
        assert await streaks(alice, "&dateRangePreset=allTime") == (299, 700)
        own = data_of(await bob.get("/progress"))["personalStats"]
        assert (own["currentStreak"], own["longestStreak"]) == (299, TEN_YEARS - 300)

    kept = await rows(app, "SELECT user_id, begun, until, longest FROM streak_checkpoints")
    assert sorted((row["begun"], row["longest"]) for row in kept) == [
        (date.min, TEN_YEARS - 300),
        (BEGAN, 700),
    ]
    assert {row["user_id"] for row in kept} == {bob.id}
    await factory.checkin(bob, run["id"])
    assert await streaks(alice) == (300, 700)


async def test_they_are_told_from_the_dates_since_the_checkpoint(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    _, bob = await old_partners(factory, app)
    saturday, tuesday = UNTIL - timedelta(days=2), UNTIL + timedelta(days=1)
    await lived(app, await factory.system(bob), skipped=(saturday, tuesday))

    async with app.state.database.session() as session:
        reader = HistoryReader(session, clock)
        first, second = [(await reader.of_people([bob.id], begun=BEGAN))[bob.id] for _ in range(2)]

    # The skip on Tuesday was a miss, since the one on Saturday was excused.
    assert first.streak() == second.streak() == 6
    assert first.longest_streak() == second.longest_streak() == 992
    (whole,), (shortened,) = first.systems.values(), second.systems.values()
    assert oldest_of(shortened) == UNTIL
    assert {day for day in excused_skips(whole) if day >= UNTIL} == set()
    assert {day for day in excused_skips(shortened) if day >= UNTIL} == set()


async def test_a_deleted_system_takes_its_part_of_them_along(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await old_partners(factory, app)
    long, short = await factory.system(bob), await factory.system(bob)
    await lived(app, long)
    await lived(app, short, 300, missed=(TODAY - timedelta(days=100),))
    assert await streaks(alice) == (1000, 1000)
    await change_rows(app, "DELETE FROM systems WHERE id = :id", id=UUID(long["id"]))

    for _ in range(2):
        assert await streaks(alice) == (99, 200)


async def test_it_may_have_begun_after_the_checkpoint(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()  # this morning
    system = await factory.system(bob)
    await lived(app, system)
    await history_of(app, clock, bob)
    await factory.checkin(bob, system["id"])

    for _ in range(2):
        assert await streaks(alice) == (1, 1)
    (kept,) = await checkpoints(app)
    assert kept["until"] == UNTIL
