"""What clocks show everywhere, against the slow and obvious way: asking of every time."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.local_moments import (
    WallTimes,
    local_days,
    merged,
    wall_times,
    wall_times_everywhere,
)
from app.core.local_time import known_timezones, local_instant, today

ZONES = [
    "UTC",
    "America/New_York",
    "America/Los_Angeles",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Pacific/Chatham",
    "Africa/Casablanca",
]
CHANGES = [
    datetime(2026, 3, 8, 7, 0, tzinfo=UTC),  # New York, gap
    datetime(2026, 11, 1, 6, 0, tzinfo=UTC),  # New York, twice
    datetime(2026, 11, 1, 9, 0, tzinfo=UTC),  # Los Angeles, twice
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),  # Lord Howe, half an hour's gap
    datetime(2026, 4, 4, 15, 0, tzinfo=UTC),  # Lord Howe, half an hour twice
    datetime(2026, 3, 29, 1, 0, tzinfo=UTC),  # Berlin, gap
    datetime(2026, 3, 10, 0, 0, tzinfo=UTC),  # a midnight
]


@settings(max_examples=150, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    change=st.sampled_from(CHANGES),
    minutes=st.integers(-200, 200),
    seconds=st.integers(0, 59),
    length=st.integers(1, 150),
)
def test_the_times_are_those_whose_instant_lies_in_between(
    zone: str, change: datetime, minutes: int, seconds: int, length: int
) -> None:
    now = change + timedelta(minutes=minutes, seconds=seconds)
    since = now - timedelta(minutes=length)
    found = wall_times(zone, since, now)
    first = today(since, zone) - timedelta(days=1)
    expected = {
        (day, at)
        for day in (first + timedelta(days=number) for number in range(4))
        for at in (time(hour, minute) for hour in range(24) for minute in range(0, 60, 5))
        if since < local_instant(day, at, zone) <= now
    }

    assert {
        (times.local_date, at)
        for times in found
        for at in (time(hour, minute) for hour in range(24) for minute in range(0, 60, 5))
        if times.first <= at <= times.last
    } == expected


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_minute_by_minute_every_time_comes_once(change: datetime) -> None:
    for zone in ZONES[1:4]:
        seen: list[tuple[date, int]] = []
        for minute in range(-120, 180, 3):
            now = change + timedelta(minutes=minute)
            for times in wall_times(zone, now - timedelta(minutes=3), now):
                begin = times.first.hour * 60 + times.first.minute + bool(times.first.second)
                end = times.last.hour * 60 + times.last.minute
                seen += [(times.local_date, number) for number in range(begin, end + 1)]
        assert len(seen) == len(set(seen))


def test_ranges_without_zones_cover_the_same_times_and_do_not_overlap() -> None:
    now = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    everywhere = wall_times_everywhere(now - timedelta(minutes=3), now)
    ranges = merged(everywhere)

    assert {times.timezone for times in everywhere} == known_timezones()
    for (_, end), (begin, _) in pairwise(ranges):
        assert end < begin
    for times in everywhere:
        assert any(begin <= times.first and times.last <= end for begin, end in ranges)


def test_nothing_came_in_no_time() -> None:
    now = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    assert wall_times("UTC", now, now) == []
    assert wall_times("UTC", now - timedelta(seconds=1), now) == [
        WallTimes("UTC", date(2026, 3, 10), time(9), time(9), timedelta(0))
    ]


def test_days_are_told_for_the_zones_that_have_passed_the_time() -> None:
    now = datetime(2026, 3, 8, 0, 0, tzinfo=UTC)  # 20:00 in Santo Domingo, 19:00 in New York
    days = {day.timezone: day for day in local_days(now, past=time(20))}

    assert days["America/Santo_Domingo"].local_date == date(2026, 3, 7)
    assert "America/New_York" not in days
    assert "UTC" not in days
    assert {day.timezone for day in local_days(now)} == known_timezones()
    (tokyo,) = [day for day in local_days(now) if day.timezone == "Asia/Tokyo"]
    assert tokyo.began_at == datetime(2026, 3, 7, 15, 0, tzinfo=UTC)
