"""Ten years of history: exact streaks, from the rows of a few weeks."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from fastapi import FastAPI

from app.core.occurrences import excused_skips
from app.core.paging import PageRequest
from app.crud.crud_history import HistoryCrud
from app.crud.crud_system import SystemCrud
from tests.factories import Factory
from tests.long_history import TEN_YEARS, TODAY, UNTIL, checkpoints, history_of, lived, oldest_of
from tests.support import FrozenClock, data_of, items_of


async def test_an_unbroken_streak_of_ten_years_is_told_from_its_last_days(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    run, read = [await factory.system(alice, title=title) for title in ("Run", "Read")]
    for system in (run, read):
        await lived(app, system)

    first = await history_of(app, clock, alice)
    second = await history_of(app, clock, alice)

    for person in (first, second):
        assert (person.streak(), person.longest_streak()) == (TEN_YEARS, TEN_YEARS)
        for system in (run, read):
            assert person.system_streak(UUID(system["id"])) == TEN_YEARS
            assert person.longest_system_streak(UUID(system["id"])) == TEN_YEARS
    assert [len(history.credited) for history in first.systems.values()] == [TEN_YEARS] * 2
    assert [oldest_of(history) for history in second.systems.values()] == [UNTIL] * 2
    (kept,) = await checkpoints(app)
    assert (kept["until"], kept["running"]) == (UNTIL, TEN_YEARS - 8)
    assert set(kept["systems"]) == {run["id"], read["id"]}


async def test_system_and_goal_lists_read_no_older_rows(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    goal = await factory.goal(alice)
    system = await factory.system(alice, goalId=goal["id"])
    await lived(app, system)
    await history_of(app, clock, alice)

    async with app.state.database.session() as session:
        listed, _ = await SystemCrud(session).list_visible([alice.id], page=PageRequest(1, 20))
        goals = await HistoryCrud(session).of_goals(
            [UUID(goal["id"])], [alice.id], lately=TODAY - timedelta(37)
        )

    assert [min(row["credited"]) for row in listed] == [UNTIL]
    assert [len(row["credited"]) for row in goals] == [37]
    for person in (alice, bob):
        read = data_of(await person.get(f"/systems/{system['id']}"))
        assert read["currentStreak"] == TEN_YEARS
    assert items_of(await alice.get("/systems"))[0]["currentStreak"] == TEN_YEARS
    (of_goal,) = data_of(await bob.get(f"/goals/{goal['id']}"))["systems"]
    assert of_goal["currentStreak"] == TEN_YEARS
    assert items_of(await alice.get("/goals"))[0]["progressValue"] == 100


@pytest.mark.parametrize(
    ("started", "target", "read_from"),
    [
        (500, -100, UNTIL),
        (600, -100, UNTIL),
        (500, 8, UNTIL),
        (500, 9, TODAY - timedelta(days=501)),  # it ends before the checkpoint
        (400, -100, TODAY - timedelta(days=401)),  # the system began before it
    ],
)
async def test_the_progress_of_a_goal_counts_dates_before_the_checkpoint(
    factory: Factory,
    app: FastAPI,
    clock: FrozenClock,
    started: int,
    target: int,
    read_from: date,
) -> None:
    alice = await factory.person("Alice")
    start, end = TODAY - timedelta(days=started), TODAY - timedelta(days=target)
    goal = await factory.goal(alice, startDate=start.isoformat(), targetDate=end.isoformat())
    missed = tuple(TODAY - timedelta(days=n) for n in range(2, 600, 3))
    await lived(app, await factory.system(alice, goalId=goal["id"]), 500, missed=missed)

    (whole,) = items_of(await alice.get("/goals"))
    (shortened,) = items_of(await alice.get("/goals"))

    credited = sum(n % 3 != 2 for n in range(1, 501) if target <= n <= started)
    required = min(started, 500) - target + 1
    assert whole["progressValue"] == shortened["progressValue"] == round(100 * credited / required)
    async with app.state.database.session() as session:
        (row,) = await HistoryCrud(session).of_goals([UUID(goal["id"])], [alice.id], lately=TODAY)
    expected = [TODAY - timedelta(days=n) for n in range(500, 0, -1) if n % 3 != 2]
    assert sorted(row["credited"]) == [day for day in expected if day >= read_from]


async def test_a_broken_streak_and_the_longest_one_before_the_checkpoint(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    await lived(
        app,
        await factory.system(alice),
        1000,
        missed=(TODAY - timedelta(days=200), TODAY - timedelta(days=3)),
    )
    await history_of(app, clock, alice)

    person = await history_of(app, clock, alice)

    assert (person.streak(), person.longest_streak()) == (2, 800)
    assert [oldest_of(history) for history in person.systems.values()] == [UNTIL]


async def test_a_skip_just_after_the_checkpoint_knows_the_one_before(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    saturday, tuesday = UNTIL - timedelta(days=2), UNTIL + timedelta(days=1)
    await lived(app, await factory.system(alice), 500, skipped=(saturday, tuesday))
    whole = await history_of(app, clock, alice)

    person = await history_of(app, clock, alice)

    # Wednesday to Monday: the skip on Tuesday was a miss.
    assert person.streak() == whole.streak() == 6
    assert person.longest_streak() == whole.longest_streak() == 492


@pytest.mark.parametrize("days_before", [8, 30, 90, 400])
async def test_a_range_before_the_checkpoint_has_its_dates_and_the_skips_that_decide_them(
    factory: Factory, app: FastAPI, clock: FrozenClock, days_before: int
) -> None:
    alice = await factory.person("Alice")
    weekends = tuple(
        day
        for n in range(1, 300)
        if (day := TODAY - timedelta(days=n)).weekday() in (5, 6) and n not in range(150, 170)
    )
    await lived(app, await factory.system(alice), 1000, skipped=weekends)
    whole = await history_of(app, clock, alice, since=date.min)
    since = TODAY - timedelta(days=days_before)

    person = await history_of(app, clock, alice, since=since)

    (history,), (complete,) = person.systems.values(), whole.systems.values()
    since = min(since, UNTIL)
    assert history.credited == {day for day in complete.credited if day >= since}
    excused = excused_skips(complete)
    assert {day for day in excused_skips(history) if day >= since} == {
        day for day in excused if day >= since
    }
    assert person.longest_streak() == whole.longest_streak()


async def test_whole_histories_are_read_as_they_are(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    await lived(app, await factory.system(alice), 500)
    await history_of(app, clock, alice)

    person = await history_of(app, clock, alice, since=date.min)

    (history,) = person.systems.values()
    assert (history.earlier, person.earlier) == (None, None)
    assert len(history.credited) == 500
    assert person.streak() == 500


async def test_a_system_made_after_the_checkpoint_begins_there(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    await lived(app, await factory.system(alice), 500)
    await history_of(app, clock, alice)
    new = await factory.system(alice)
    await factory.checkin(alice, new["id"])

    person = await history_of(app, clock, alice)

    assert person.system_streak(UUID(new["id"])) == 1
    assert person.streak() == 501
    assert data_of(await alice.get(f"/systems/{new['id']}"))["currentStreak"] == 1
