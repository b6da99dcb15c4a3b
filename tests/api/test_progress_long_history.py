"""A year and more of everything, read again and again, against the slow reference."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from random import Random
from typing import Any

from fastapi import FastAPI

from app.core.enums import SystemFrequency
from app.core.progress_ranges import DateRange
from app.core.schedule import Pause, SchedulePeriod, SystemHistory, clipped
from tests.core.streak_reference import DAY, counts, percent, system_runs, user_runs
from tests.factories import Factory, Person
from tests.support import FrozenClock, change_rows, data_of

BEGIN = date(2025, 3, 3)  # a Monday
TODAY = date(2026, 3, 10)
EVENING = datetime(2026, 3, 10, 20, 0, tzinfo=UTC)
LOGGED = (TODAY - BEGIN).days  # today is still to come
KINDS: list[tuple[SystemFrequency, dict[str, Any] | None]] = [
    (SystemFrequency.DAILY, None),
    (SystemFrequency.WEEKLY, {"days_of_week": [0, 2, 4]}),
    (SystemFrequency.WEEKLY, {"times_per_week": 3}),
]


async def grow_old(
    factory: Factory, app: FastAPI, owner: Person, *, goal_id: str | None = None
) -> dict[str, SystemHistory]:
    """One system of each kind, done on most dates, skipped on some, paused for a while."""
    found = {}
    for number, (frequency, details) in enumerate(KINDS):
        chance = Random(f"{goal_id is None} {number}")
        system = await factory.system(
            owner, frequency=frequency, frequencyDetails=details, goalId=goal_id
        )
        logged = {BEGIN + n * DAY: chance.random() for n in range(LOGGED)}
        history = SystemHistory(
            (SchedulePeriod.from_details(BEGIN, frequency, details),),
            (Pause(date(2025, 7, 1), date(2025, 7, 15)),),
            frozenset(day for day, luck in logged.items() if luck < 0.8),
            frozenset(day for day, luck in logged.items() if luck > 0.9),
        )
        for status, days in (("completed", history.credited), ("skipped", history.skipped)):
            await change_rows(
                app,
                "INSERT INTO checkins (user_id, system_id, checkin_timestamp_utc,"
                " checkin_date_local, checkin_timezone, status)"
                " SELECT :user_id, :system_id, day + interval '21 hours', day, 'UTC', :status"
                " FROM unnest(CAST(:days AS date[])) day",
                user_id=owner.id,
                system_id=system["id"],
                status=status,
                days=sorted(days),
            )
        await change_rows(
            app,
            "INSERT INTO system_pauses (system_id, starts_on, ends_on)"
            " VALUES (:system_id, '2025-07-01', '2025-07-15')",
            system_id=system["id"],
        )
        found[system["id"]] = history
    return found


async def progress(person: Person, query: str) -> dict[str, Any]:
    data: dict[str, Any] = data_of(await person.get(f"/progress?{query}"))
    return data


def expected(systems: Sequence[SystemHistory], start: date, end: date) -> int | None:
    credited, required, excused = counts(systems, start, end, TODAY, {TODAY})
    return percent(credited, required - excused)


async def test_every_number_is_that_of_the_whole_history(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    clock.set(datetime(2025, 3, 3, 9, 0, tzinfo=UTC))
    alice = await factory.person("Alice")
    goal = await factory.goal(alice)
    of_goal = await grow_old(factory, app, alice, goal_id=goal["id"])
    others = await grow_old(factory, app, alice)
    clock.set(EVENING)
    whole = [*of_goal.values(), *others.values()]
    in_goal = [*of_goal.values()]
    ranges = {
        "dateRangePreset=last7d": (TODAY - 6 * DAY, TODAY),
        "dateRangePreset=last90d": (TODAY - 89 * DAY, TODAY),
        "dateRangePreset=allTime": (BEGIN, TODAY),
        "dateRangePreset=custom&startDate=2025-06-20&endDate=2025-08-01": (
            date(2025, 6, 20),
            date(2025, 8, 1),
        ),
    }
    points = {
        query: [expected(whole, *bucket) for bucket in DateRange(*range_).buckets()]
        for query, range_ in ranges.items()
    }
    user_streaks = user_runs(whole, TODAY, {TODAY})
    goal_streaks = user_runs(in_goal, TODAY, {TODAY})
    system_streaks = {key: system_runs(one, TODAY, {TODAY}) for key, one in of_goal.items()}

    for _ in range(2):  # what the first reading may have noted down changes nothing
        for query, (start, end) in ranges.items():
            data = await progress(alice, query)
            stats = data["personalStats"]
            assert stats["overallConsistency"] == expected(whole, start, end)
            assert (stats["currentStreak"], stats["longestStreak"]) == (
                user_streaks[-1],
                max(user_streaks),
            )
            series = [point["userConsistency"] for point in data["consistencyOverTime"]]
            assert series == points[query]

            narrowed = (await progress(alice, f"{query}&goalId={goal['id']}"))["personalStats"]
            assert narrowed["overallConsistency"] == expected(in_goal, start, end)
            assert (narrowed["currentStreak"], narrowed["longestStreak"]) == (
                goal_streaks[-1],
                max(goal_streaks),
            )
            for system_id, history in of_goal.items():
                stats = (await progress(alice, f"{query}&systemId={system_id}"))["personalStats"]
                runs = system_streaks[system_id]
                assert stats["overallConsistency"] == expected([history], start, end)
                assert (stats["currentStreak"], stats["longestStreak"]) == (runs[-1], max(runs))


async def test_the_partners_numbers_are_those_since_the_partnership_began(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    clock.set(datetime(2025, 3, 3, 9, 0, tzinfo=UTC))
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    his = await grow_old(factory, app, bob)
    began = date(2025, 5, 15)  # a Thursday
    clock.set(datetime(2025, 5, 15, 9, 0, tzinfo=UTC))
    await factory.partnership(alice, bob)
    clock.set(EVENING)
    within = [clipped(history, began) for history in his.values()]
    runs = user_runs(within, TODAY, {TODAY})

    for _ in range(2):
        for query, start in (
            ("dateRangePreset=last30d", TODAY - 29 * DAY),
            ("dateRangePreset=custom&startDate=2025-04-01&endDate=2026-03-10", date(2025, 4, 1)),
        ):
            data = await progress(alice, f"comparePartner=true&{query}")
            stats = data["partnerStats"]
            assert (stats["currentStreak"], stats["longestStreak"]) == (runs[-1], max(runs))
            since = max(start, began)
            assert stats["totalCheckIns"] == sum(
                since <= day for history in his.values() for day in history.credited
            )
            # Which skips are excused is not compared here: the whole history decides that.
            assert abs(stats["overallConsistency"] - (expected(within, start, TODAY) or 0)) <= 1
        await progress(bob, "")
