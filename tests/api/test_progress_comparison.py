"""The partner's progress beside one's own: each on their own calendar, within the partnership."""

from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI

from tests.factories import Factory, Person, end_partnership
from tests.support import FrozenClock, assert_error, data_of

COMPARED = "comparePartner=true"
MONDAY_EVENING = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _monday_evening(clock: FrozenClock) -> None:
    clock.set(MONDAY_EVENING)


async def progress(person: Person, query: str = COMPARED) -> dict[str, Any]:
    data: dict[str, Any] = data_of(await person.get(f"/progress?{query}"))
    return data


def both(data: dict[str, Any]) -> dict[str, tuple[int | None, int | None]]:
    return {
        point["date"]: (point["userConsistency"], point["partnerConsistency"])
        for point in data["consistencyOverTime"]
    }


async def test_both_are_shown_side_by_side(factory: Factory, clock: FrozenClock) -> None:
    alice, bob = await factory.partners()
    run = await factory.system(alice, title="Run")
    write = await factory.system(bob, title="Write", metricType="pages")
    for done in (True, False, True):
        await factory.checkin(alice, run["id"])
        if done:
            await factory.checkin(bob, write["id"], metricValueLogged=3)
        clock.advance(days=1)

    data = await progress(alice)

    assert data["partnerProfile"]["id"] == str(bob.id)
    assert data["partnerProfile"]["name"] == "Bob"
    assert data["personalStats"]["overallConsistency"] == 100
    partner = data["partnerStats"]
    assert partner["overallConsistency"] == 67
    assert (partner["currentStreak"], partner["longestStreak"]) == (1, 1)
    assert (partner["totalCheckIns"], partner["systemsCompleted"]) == (2, 1)
    assert both(data)["2026-03-03"] == (100, 0)
    assert [
        (row["systemName"], row["userLoggedCount"], row["partnerLoggedCount"])
        for row in data["systemEngagement"]
    ] == [("Run", 3, 0), ("Write", 0, 2)]
    # What can be chosen, and what was measured, is one's own.
    assert [row["name"] for row in data["userSystemsList"]] == ["Run"]
    assert data["metricTotals"] == []
    # Seen from the other side it is the same.
    theirs = await progress(bob)
    assert theirs["personalStats"] == partner
    assert theirs["partnerStats"] == data["personalStats"]


async def test_without_asking_nothing_of_the_partner_is_shown(factory: Factory) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(bob, title="Bob's own secret")
    await factory.checkin(bob, system["id"])

    answer = await alice.get("/progress?dateRangePreset=allTime")

    data = data_of(answer)
    assert data["partnerStats"] is data["partnerProfile"] is None
    assert "Bob" not in answer.text
    assert data["systemEngagement"] == []


async def test_what_the_partner_did_before_the_partnership_is_not_shown(
    factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    hers, his = await factory.system(alice), await factory.system(bob, verificationRequired=True)
    for _ in range(3):  # Monday to Wednesday, each on their own
        await factory.checkin(alice, hers["id"])
        await factory.checkin(bob, his["id"])
        clock.advance(days=1)
    clock.advance(days=1)  # Thursday: nobody does anything
    await factory.partnership(alice, bob)  # on Friday
    checkin = await factory.checkin(bob, his["id"])
    verdict = {"decision": "verified_completed"}
    data_of(await alice.post(f"/verifications/{checkin['id']}/verify", verdict))
    clock.advance(days=1)

    for query in (COMPARED, f"{COMPARED}&dateRangePreset=allTime"):
        data = await progress(alice, query)
        partner = data["partnerStats"]
        assert partner["overallConsistency"] == 100  # the missed Thursday was before, too
        assert (partner["currentStreak"], partner["longestStreak"]) == (1, 1)
        assert (partner["totalCheckIns"], partner["verifiedRate"]) == (1, 100)
        assert data["systemEngagement"][1]["partnerLoggedCount"] == 1
        assert both(data)["2026-03-04"] == (100, None)
        assert both(data)["2026-03-06"] == (0, 100)
        # One's own numbers do not depend on the comparison.
        assert data["personalStats"]["totalCheckIns"] == 3
        assert data["personalStats"]["longestStreak"] == 3
    assert (await progress(bob))["personalStats"]["longestStreak"] == 3


async def test_each_date_is_that_of_its_owners_calendar(
    factory: Factory, clock: FrozenClock
) -> None:
    clock.set(datetime(2026, 3, 8, 8, 30, tzinfo=UTC))
    # Sunday 22:30 in Kiritimati, and 00:30 in Los Angeles, an hour and a half before the gap.
    alice, bob = await factory.partners(timezones=("Pacific/Kiritimati", "America/Los_Angeles"))
    hers, his = await factory.system(alice), await factory.system(bob)
    await factory.checkin(alice, hers["id"])
    await factory.checkin(bob, his["id"])
    clock.advance(hours=3)  # Monday 01:30 and, of the same Sunday, 04:30

    data = await progress(alice)

    assert data["range"] == {"startDate": "2026-03-03", "endDate": "2026-03-09"}
    assert both(data)["2026-03-08"] == (100, 100)
    assert both(data)["2026-03-09"] == (None, None)
    clock.advance(hours=20)  # Monday 21:30, and 00:30
    await factory.checkin(alice, hers["id"])
    theirs = await progress(bob)
    assert theirs["range"]["endDate"] == "2026-03-09"
    assert both(theirs)["2026-03-09"] == (None, 100)


async def test_what_happened_on_the_local_date_of_the_beginning_belongs_to_it(
    factory: Factory, clock: FrozenClock
) -> None:
    clock.set(datetime(2026, 3, 3, 6, 0, tzinfo=UTC))  # Monday 22:00 in Los Angeles
    alice = await factory.person("Alice")
    bob = await factory.person("Bob", timezone="America/Los_Angeles")
    his = await factory.system(bob)
    await factory.checkin(bob, his["id"])
    await factory.partnership(alice, bob)
    clock.advance(hours=1)

    data = await progress(alice)

    assert both(data)["2026-03-02"] == (None, 100)
    assert data["partnerStats"]["totalCheckIns"] == 1


async def test_nothing_is_left_of_the_comparison_after_the_end(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    goal = await factory.goal(bob)
    system = await factory.system(bob, goalId=goal["id"])
    await factory.checkin(bob, system["id"])
    assert (await progress(alice))["partnerStats"]["totalCheckIns"] == 1

    await end_partnership(app, alice, bob)

    data = await progress(alice)
    assert data["partnerStats"] is data["partnerProfile"] is None
    assert data["systemEngagement"] == []
    for query, code in (
        (f"goalId={goal['id']}", "goal_not_found"),
        (f"systemId={system['id']}", "system_not_found"),
    ):
        assert_error(await alice.get(f"/progress?{query}"), 404, code)


async def test_a_goal_of_the_partner_narrows_the_partners_side(
    factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    goal = await factory.goal(bob, title="Write a book")
    write = await factory.system(bob, title="Write", goalId=goal["id"])
    await factory.system(bob, title="Sleep")
    run = await factory.system(alice, title="Run")
    await factory.checkin(bob, write["id"])
    await factory.checkin(alice, run["id"])
    clock.advance(days=1)

    whole = await progress(alice)
    assert whole["partnerStats"]["overallConsistency"] == 50
    for query in (f"goalId={goal['id']}", f"systemId={write['id']}"):
        data = await progress(alice, f"{COMPARED}&{query}")
        assert data["goalTitle"] == "Write a book"
        assert data["partnerStats"]["overallConsistency"] == 100
        assert data["partnerStats"]["currentStreak"] == 1
        assert data["personalStats"] == whole["personalStats"]
        assert [row["systemName"] for row in data["systemEngagement"]] == ["Run", "Write"]


async def test_an_own_goal_narrows_only_ones_own_side(factory: Factory, clock: FrozenClock) -> None:
    alice, bob = await factory.partners()
    goal = await factory.goal(alice)
    run = await factory.system(alice, goalId=goal["id"])
    await factory.system(alice)
    his = await factory.system(bob)
    await factory.checkin(alice, run["id"])
    await factory.checkin(bob, his["id"])
    clock.advance(days=1)

    data = await progress(alice, f"{COMPARED}&goalId={goal['id']}")

    assert data["personalStats"]["overallConsistency"] == 100
    assert data["partnerStats"]["overallConsistency"] == 100
    assert data["partnerStats"]["totalCheckIns"] == 1
