"""Which dates the progress page is about, and which it refuses."""

from datetime import UTC, datetime

import pytest

from tests.factories import Factory
from tests.practising import consistencies, live, progress
from tests.support import FrozenClock, assert_error

MONDAY_EVENING = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _monday_evening(clock: FrozenClock) -> None:
    clock.set(MONDAY_EVENING)


async def test_all_time_starts_with_the_first_system_and_long_ranges_come_by_week(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)
    await live(factory, clock, alice, {system["id"]: "xx"})
    clock.advance(days=90)  # 4 March + 90: 92 dates are over, today is the 93rd

    data = await progress(alice, "dateRangePreset=allTime")

    assert data["range"] == {"startDate": "2026-03-02", "endDate": "2026-06-02"}
    points = data["consistencyOverTime"]
    assert len(points) == 14
    assert points[0]["dateLabel"] == "Week of 2 Mar 2026"
    assert [point["userConsistency"] for point in points[:2]] == [29, 0]
    assert points[-1]["date"] == "2026-06-01"
    assert data["personalStats"]["overallConsistency"] == 2
    assert data["personalStats"]["longestStreak"] == 2
    shorter = "dateRangePreset=custom&startDate=2026-03-03&endDate=2026-06-02"
    assert len((await progress(alice, shorter))["consistencyOverTime"]) == 92


async def test_this_month_has_the_days_to_come_and_month_to_date_ends_today(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)
    await factory.checkin(alice, system["id"])

    whole = await progress(alice, "dateRangePreset=thisMonth")
    so_far = await progress(alice, "dateRangePreset=Monthtodate")
    last = await progress(alice, "dateRangePreset=lastMonth")

    assert whole["range"] == {"startDate": "2026-03-01", "endDate": "2026-03-31"}
    assert consistencies(whole) == [None, 100, *[None] * 29]
    assert so_far["range"] == {"startDate": "2026-03-01", "endDate": "2026-03-02"}
    assert consistencies(so_far) == [None, 100]
    assert last["range"] == {"startDate": "2026-02-01", "endDate": "2026-02-28"}
    assert last["personalStats"]["currentStreak"] == 1  # streaks are about now
    assert last["personalStats"]["totalCheckIns"] == 0


CUSTOM = "dateRangePreset=custom"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (CUSTOM, "startDate"),
        (f"{CUSTOM}&startDate=2026-03-01", "endDate"),
        (f"{CUSTOM}&startDate=&endDate=2026-03-01", "startDate"),
        (f"{CUSTOM}&startDate=2026-03-02&endDate=2026-03-01", "endDate"),
        (f"{CUSTOM}&startDate=2016-03-01&endDate=2026-03-01", "endDate"),
        (f"{CUSTOM}&startDate=0001-01-01&endDate=9999-12-31", "startDate"),
        ("startDate=2026-03-01", "startDate"),
        ("dateRangePreset=allTime&endDate=2026-03-01", "endDate"),
        (f"{CUSTOM}&startDate=yesterday&endDate=2026-03-01", "startDate"),
        ("dateRangePreset=fortnight", "dateRangePreset"),
        ("goalId=7", "goalId"),
        ("comparePartner=perhaps", "comparePartner"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_its_field(
    factory: Factory, query: str, field: str
) -> None:
    alice = await factory.person("Alice")
    body = assert_error(await alice.get(f"/progress?{query}"), 422, "validation_failed")
    assert [error["field"] for error in body["errors"]] == [field]


async def test_clock_changes_neither_lose_nor_add_a_date(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice", timezone="America/New_York")
    clock.set(datetime(2026, 3, 7, 4, 30, tzinfo=UTC))  # Friday 6 March, 23:30
    system = await factory.system(alice)
    for hours in (24, 23, 24, 24):  # Sunday, 8 March has 23 hours: always 23:30 on the clock
        await factory.checkin(alice, system["id"])
        clock.advance(hours=hours)

    data = await progress(alice, "dateRangePreset=custom&startDate=2026-03-06&endDate=2026-03-10")

    assert consistencies(data) == [100, 100, 100, 100, None]
    assert data["personalStats"]["currentStreak"] == 4
