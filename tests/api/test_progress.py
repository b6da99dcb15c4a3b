"""The progress page over small histories, each number worked out by hand."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from tests.factories import Factory
from tests.practising import consistencies, live, progress
from tests.support import FrozenClock, assert_error, change_rows, count_rows, data_of

MONDAY_EVENING = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)
NOTHING_YET = {
    "overallConsistency": None,
    "currentStreak": 0,
    "longestStreak": 0,
    "mostConsistentDay": None,
    "totalCheckIns": 0,
    "systemsCompleted": 0,
    "verifiedRate": None,
}


@pytest.fixture(autouse=True)
def _monday_evening(clock: FrozenClock) -> None:
    clock.set(MONDAY_EVENING)


async def test_a_week_of_one_daily_system(factory: Factory, clock: FrozenClock) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice, title="Read")
    await live(factory, clock, alice, {system["id"]: "xx.xsx"})

    data = await progress(alice)

    assert data["range"] == {"startDate": "2026-03-02", "endDate": "2026-03-08"}
    # Six dates are over, one skip of them is excused, four are done. Today is still open.
    assert data["personalStats"] == NOTHING_YET | {
        "overallConsistency": 80,
        "currentStreak": 2,
        "longestStreak": 2,
        "totalCheckIns": 4,
        "systemsCompleted": 1,
    }
    assert consistencies(data) == [100, 100, 0, 100, None, 100, None]
    assert data["consistencyOverTime"][0] == {
        "date": "2026-03-02",
        "dateLabel": "Mon 2 Mar",
        "userConsistency": 100,
        "partnerConsistency": None,
    }
    assert data["systemEngagement"] == [
        {
            "systemId": system["id"],
            "systemName": "Read",
            "userLoggedCount": 4,
            "partnerLoggedCount": None,
        }
    ]
    assert data["userSystemsList"] == [
        {"id": system["id"], "name": "Read", "goalId": None, "status": "active"}
    ]
    assert data["metricTotals"] == []
    assert data["goalTitle"] is data["partnerProfile"] is data["partnerStats"] is None


async def test_today_counts_once_it_is_done(factory: Factory, clock: FrozenClock) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)
    await live(factory, clock, alice, {system["id"]: "."})
    assert (await progress(alice))["personalStats"]["overallConsistency"] == 0

    await factory.checkin(alice, system["id"])

    data = await progress(alice)
    assert data["personalStats"]["overallConsistency"] == 50
    assert consistencies(data) == [None, None, None, None, None, 0, 100]


async def test_somebody_without_systems_has_empty_numbers_and_no_zeros_for_null(
    factory: Factory,
) -> None:
    alice = await factory.person("Alice")
    for preset in ("last7d", "allTime", "thisMonth"):
        data = await progress(alice, f"dateRangePreset={preset}&comparePartner=true")
        assert data["personalStats"] == NOTHING_YET
        assert set(consistencies(data)) == {None}
        assert data["systemEngagement"] == data["metricTotals"] == data["userSystemsList"] == []
        assert data["partnerStats"] is data["partnerProfile"] is None


async def test_off_days_count_for_totals_and_the_best_weekday_is_named(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    weekly = {"frequency": "weekly", "frequencyDetails": {"daysOfWeek": [0, 2]}}
    system = await factory.system(alice, **weekly)
    #                                                   MoTuWeThFrSaSu
    await live(factory, clock, alice, {system["id"]: "xxx...." + "..x...."})

    data = await progress(alice, "dateRangePreset=last30d")

    stats = data["personalStats"]
    assert stats["mostConsistentDay"] == "Wednesdays"
    assert stats["overallConsistency"] == 75  # two Mondays, two Wednesdays; the Tuesday is extra
    assert stats["totalCheckIns"] == 4
    # User streak: Wednesday; the Monday before it was missed.
    assert (stats["currentStreak"], stats["longestStreak"]) == (1, 3)


async def test_a_weekly_target_counts_as_a_week_when_it_ends(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    weekly = {"frequency": "weekly", "frequencyDetails": {"timesPerWeek": 3}}
    system = await factory.system(alice, **weekly)
    await live(factory, clock, alice, {system["id"]: "x.x...." + "x.x.x.." + "x"})

    data = await progress(alice, f"systemId={system['id']}&dateRangePreset=last30d")

    stats = data["personalStats"]
    assert stats["overallConsistency"] == 83  # 2 of 3 and 3 of 3; the present week is open
    assert (stats["currentStreak"], stats["longestStreak"]) == (1, 1)
    assert stats["totalCheckIns"] == 6
    assert stats["mostConsistentDay"] is None
    by_date = {point["date"]: point["userConsistency"] for point in data["consistencyOverTime"]}
    assert {day: share for day, share in by_date.items() if share is not None} == {
        "2026-03-08": 67,
        "2026-03-15": 100,
    }


async def test_the_verified_rate_is_about_what_the_partner_has_decided(
    factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, verificationRequired=True)
    other = await factory.system(alice)
    decisions = [
        {"decision": "verified_completed"},
        {"decision": "verified_completed"},
        {"decision": "queried_by_partner", "query": "Which pages?"},
        None,
    ]
    for decision in decisions:
        checkin = await factory.checkin(alice, system["id"])
        await factory.checkin(alice, other["id"])
        if decision:
            data_of(await bob.post(f"/verifications/{checkin['id']}/verify", decision))
        clock.advance(days=1)

    stats = (await progress(alice))["personalStats"]
    assert stats["verifiedRate"] == 67
    assert stats["overallConsistency"] == 100  # neither a query nor silence costs anything
    narrowed = await progress(alice, f"systemId={other['id']}")
    assert narrowed["personalStats"]["verifiedRate"] is None
    assert narrowed["personalStats"]["totalCheckIns"] == 4


async def test_metrics_are_added_up_by_system(factory: Factory, clock: FrozenClock) -> None:
    alice = await factory.person("Alice")
    run = await factory.system(
        alice, title="Run", metricType="duration", targetValue=30, targetUnit="minutes"
    )
    await factory.system(alice, title="Sleep")
    pages = await factory.system(alice, title="Read", metricType="pages")
    await factory.checkin(alice, run["id"], metricValueLogged=30)
    clock.advance(days=1)
    await factory.checkin(alice, run["id"], metricValueLogged=32.5)
    clock.advance(days=1)
    await factory.checkin(alice, run["id"], status="skipped")

    found = {row["systemName"]: row for row in (await progress(alice))["metricTotals"]}

    assert found.keys() == {"Run", "Read"}
    assert found["Run"] == {
        "systemId": run["id"],
        "systemName": "Run",
        "metricType": "duration",
        "unit": "minutes",
        "total": 62.5,
    }
    assert (found["Read"]["systemId"], found["Read"]["total"]) == (pages["id"], 0)
    only_yesterday = "dateRangePreset=custom&startDate=2026-03-03&endDate=2026-03-03"
    totals = (await progress(alice, only_yesterday))["metricTotals"]
    assert sorted(row["total"] for row in totals) == [0, 32.5]


async def test_a_goal_and_a_system_narrow_every_number(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    goal = await factory.goal(alice, title="Run far")
    run = await factory.system(alice, title="Run", goalId=goal["id"])
    stretch = await factory.system(alice, title="Stretch", goalId=goal["id"])
    sleep = await factory.system(alice, title="Sleep")
    logs = {run["id"]: "x.x", stretch["id"]: "..x", sleep["id"]: "xxx"}
    await live(factory, clock, alice, logs)

    whole = await progress(alice)
    of_goal = await progress(alice, f"goalId={goal['id']}")
    of_system = await progress(alice, f"systemId={run['id']}")
    of_both = await progress(alice, f"systemId={run['id']}&goalId={goal['id']}")

    def numbers(data: dict[str, Any]) -> list[Any]:
        stats = data["personalStats"]
        names = ("overallConsistency", "currentStreak", "longestStreak", "totalCheckIns")
        return [*(stats[name] for name in names), stats["systemsCompleted"]]

    assert numbers(whole) == [67, 3, 3, 6, 3]
    # As if the goal's two systems were all: the day on which neither was done breaks it.
    assert numbers(of_goal) == [50, 1, 1, 3, 2]
    assert numbers(of_system) == numbers(of_both) == [67, 1, 1, 2, 1]
    assert [whole["goalTitle"], of_goal["goalTitle"], of_system["goalTitle"]] == [
        None,
        "Run far",
        "Run far",
    ]
    assert (await progress(alice, f"systemId={sleep['id']}"))["goalTitle"] is None
    assert {row["systemName"] for row in of_goal["systemEngagement"]} == {"Run", "Stretch"}
    assert {row["systemName"] for row in of_system["systemEngagement"]} == {"Run"}
    # What the page can be narrowed to stays the same when it is.
    assert {row["name"] for row in of_system["userSystemsList"]} == {"Run", "Stretch", "Sleep"}
    assert {row["name"] for row in of_goal["userSystemsList"]} == {"Run", "Stretch"}


async def test_a_goal_without_systems_has_empty_numbers(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    goal = await factory.goal(alice, title="Some day")
    other = await factory.system(alice)
    await live(factory, clock, alice, {other["id"]: "xx"})

    data = await progress(alice, f"goalId={goal['id']}&dateRangePreset=allTime")

    assert data["goalTitle"] == "Some day"
    assert data["personalStats"] == NOTHING_YET
    assert data["range"] == {"startDate": "2026-03-04", "endDate": "2026-03-04"}


async def test_archiving_a_goal_keeps_the_longest_streak(
    factory: Factory, clock: FrozenClock, app: FastAPI
) -> None:
    alice = await factory.person("Alice")
    goal = await factory.goal(alice)
    system = await factory.system(alice, goalId=goal["id"])
    await live(factory, clock, alice, {system["id"]: "xxx.x"})
    before = (await progress(alice))["personalStats"]

    await change_rows(app, "UPDATE goals SET is_archived = true")

    after = (await progress(alice))["personalStats"]
    assert after["longestStreak"] == before["longestStreak"] == 3
    assert after["totalCheckIns"] == before["totalCheckIns"] == 4


async def test_what_is_somebody_elses_does_not_exist(factory: Factory, app: FastAPI) -> None:
    alice, stranger = await factory.person("Alice"), await factory.person("Mallory")
    goal = await factory.goal(alice)
    system = await factory.system(alice, goalId=goal["id"])
    apart = await factory.goal(alice)

    for person, query, code in (
        (stranger, f"goalId={goal['id']}", "goal_not_found"),
        (stranger, f"systemId={system['id']}", "system_not_found"),
        (alice, f"goalId={uuid4()}", "goal_not_found"),
        (alice, f"systemId={uuid4()}", "system_not_found"),
        (alice, f"systemId={system['id']}&goalId={apart['id']}", "system_not_found"),
    ):
        assert_error(await person.get(f"/progress?{query}"), 404, code)
    assert await count_rows(app, "notifications") == (0,)
