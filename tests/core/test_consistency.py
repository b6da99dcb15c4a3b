"""Consistency, the most consistent day and goal progress, by example and against the reference."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.consistency import (
    Tally,
    consistency,
    goal_progress,
    most_consistent_day,
    plural_weekday,
    tally,
)
from app.core.enums import SystemFrequency
from app.core.schedule import Pause, SchedulePeriod, SystemHistory
from tests.core.streak_reference import (
    DAY,
    counts,
    dates,
    histories,
    open_around,
    percent,
    progress,
    thorough,
    todays,
)

MONDAY = date(2026, 9, 7)
LATER = date(2026, 12, 1)


def system(log: str, **details: object) -> SystemHistory:
    """Created on a Monday; one letter a date: x is credited, s skipped, a dot nothing."""
    frequency = SystemFrequency.WEEKLY if details else SystemFrequency.DAILY
    entries = {MONDAY + n * DAY: entry for n, entry in enumerate(log)}
    return SystemHistory(
        (SchedulePeriod.from_details(MONDAY, frequency, details),),
        credited={day for day, entry in entries.items() if entry == "x"},
        skipped={day for day, entry in entries.items() if entry == "s"},
    )


def percent_of(history: SystemHistory, days: int, today: date = LATER) -> int | None:
    end = MONDAY + (days - 1) * DAY
    return consistency([history], MONDAY, end, today, open_dates={today})


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("xxxx", 100),
        ("x.x.", 50),
        ("....", 0),
        ("xsx.", 67),  # 2 of 3: the skip is excused
        ("xss.", 33),  # 1 of 3: the second skip is not
        ("s", None),
        ("x" + "." * 7, 13),  # 12.5 is rounded up
        ("xxx" + "." * 5, 38),  # 37.5, too
    ],
)
def test_consistency_of_a_daily_system(log: str, expected: int | None) -> None:
    assert percent_of(system(log), len(log)) == expected


def test_nothing_required_is_null_and_not_zero() -> None:
    assert consistency([], MONDAY, LATER, LATER, open_dates={LATER}) is None
    paused = replace(system("xx"), pauses=(Pause(MONDAY),))
    assert percent_of(paused, 7) is None
    assert percent_of(system("x", days_of_week=[6]), 6) is None
    assert consistency([system("x")], LATER, MONDAY, LATER, open_dates={LATER}) is None


def test_open_and_future_dates_are_left_out_until_they_are_credited() -> None:
    today = MONDAY + 2 * DAY
    assert percent_of(system("xx"), 7, today) == 100
    assert percent_of(system("x.x"), 7, today) == 67
    both_open = {today, today - DAY}
    assert consistency([system("x")], MONDAY, today, today, open_dates=both_open) == 100
    # An excused skip that can still be edited is left out once, not twice.
    assert tally([system("xs")], MONDAY, today, today, open_dates=both_open) == (1, 1, 0)


def test_a_week_contributes_its_credits_up_to_the_target() -> None:
    history = system("xxxxx.." + "x......", times_per_week=3)
    assert tally([history], MONDAY, MONDAY + 13 * DAY, LATER, open_dates={LATER}) == (4, 6, 0)


def test_any_seven_dates_contain_one_week() -> None:
    history = system("x.x.x.." * 4, times_per_week=3)
    for offset in range(15):
        start = MONDAY + offset * DAY
        assert tally([history], start, start + 6 * DAY, LATER, open_dates={LATER}) == (3, 3, 0)


def test_the_current_week_counts_once_its_target_is_met() -> None:
    thursday = MONDAY + 10 * DAY
    met = system("xxx....x.xx", times_per_week=3)
    last_seven = (thursday - 6 * DAY, thursday, thursday)
    assert tally([met], *last_seven, open_dates={thursday}) == (6, 6, 0)
    unmet = system("xxx....x.x.", times_per_week=3)
    assert tally([unmet], *last_seven, open_dates={thursday}) == (3, 3, 0)


def test_several_systems_are_added_up() -> None:
    systems = [system("xxxx"), system("....")]
    assert consistency(systems, MONDAY, MONDAY + 3 * DAY, LATER, open_dates={LATER}) == 50
    assert Tally(1, 2, 0).plus(Tally(2, 4, 1)) == Tally(3, 6, 1)


def best_day(*systems: SystemHistory, days: int = 14) -> int | None:
    end = MONDAY + (days - 1) * DAY
    return most_consistent_day(systems, MONDAY, end, LATER, open_dates={LATER})


def test_the_most_consistent_day_has_the_best_share() -> None:
    assert best_day(system("..x...." * 2)) == 2
    assert best_day(system("xxx...." + "..x....")) == 2


def test_the_earlier_of_two_equal_days_is_named() -> None:
    assert best_day(system("..x.x.." * 2)) == 2


def test_a_day_needs_two_required_occurrences() -> None:
    assert best_day(system("xxxxxxx"), days=7) is None
    assert best_day(system("x" + "......" + "x"), days=8) == 0
    assert best_day(system("x......"), system("x......"), days=7) == 0


def test_a_day_that_was_always_excused_is_not_considered() -> None:
    assert best_day(system("......s" * 2, days_of_week=[6])) is None


def test_weekly_targets_have_no_most_consistent_day() -> None:
    assert best_day(system("x" * 14, times_per_week=3)) is None


def test_weekdays_are_named_in_the_plural() -> None:
    assert plural_weekday(2) == "Wednesdays"


def goal(history: SystemHistory, days: int, *, today: date = LATER) -> int:
    target = MONDAY + (days - 1) * DAY
    return goal_progress([history], MONDAY, target, today, open_dates={today})


def test_progress_with_a_target_date_counts_what_is_still_to_come() -> None:
    assert goal(system("xxx"), 10, today=MONDAY + 2 * DAY) == 30
    assert goal(system("xsx"), 10, today=MONDAY + 2 * DAY) == 20
    assert goal(system("xxx....", days_of_week=[0, 2]), 14, today=MONDAY) == 50
    assert goal(system("xxxx...x", times_per_week=3), 21, today=MONDAY + 7 * DAY) == 44


def test_progress_without_a_target_date_is_the_consistency_of_thirty_days() -> None:
    history = system("." * 10 + "x" * 30)
    today = MONDAY + 39 * DAY
    assert goal_progress([history], MONDAY, None, today, open_dates={today}) == 100
    assert goal_progress([history], MONDAY, None, today + DAY, open_dates={today + DAY}) == 100
    earlier = today - DAY
    assert goal_progress([history], MONDAY, None, earlier, open_dates={earlier}) == 97


def test_progress_is_complete_when_achieved_and_zero_without_systems() -> None:
    assert goal_progress([], MONDAY, LATER, MONDAY, open_dates={MONDAY}, achieved=True) == 100
    assert goal_progress([], MONDAY, LATER, MONDAY, open_dates={MONDAY}) == 0
    assert goal_progress([], MONDAY, None, MONDAY, open_dates={MONDAY}) == 0
    assert goal_progress([system("x")], LATER, MONDAY, MONDAY, open_dates={MONDAY}) == 0


def test_a_target_date_at_the_end_of_time_is_no_burden() -> None:
    history = system("xxx", times_per_week=3)
    assert goal_progress([history], date.min, date.max, LATER, open_dates={LATER}) == 0
    assert consistency([history], date.min, date.max, MONDAY, open_dates={MONDAY}) == 100


@given(st.lists(histories(), max_size=2), dates, dates, todays, st.data())
@thorough
def test_tallies_agree_with_the_reference(
    systems: list[SystemHistory], one: date, other: date, today: date, data: st.DataObject
) -> None:
    is_open = data.draw(open_around(today))
    start, end = min(one, other), max(one, other)
    systems = [
        replace(history, credited={day for day in history.credited if day <= max(is_open)})
        for history in systems
    ]
    expected = counts(systems, start, end, today, is_open)
    credited, required, excused = expected
    assert tally(systems, start, end, today, open_dates=is_open) == expected
    value = consistency(systems, start, end, today, open_dates=is_open)
    assert value == percent(credited, required - excused)
    assert value is None or 0 <= value <= 100


@given(st.lists(histories(), max_size=2), dates, dates, todays, st.data())
@thorough
def test_the_most_consistent_day_agrees_with_the_reference(
    systems: list[SystemHistory], one: date, other: date, today: date, data: st.DataObject
) -> None:
    is_open = data.draw(open_around(today))
    start, end = min(one, other), max(one, other)
    systems = [
        replace(history, credited={day for day in history.credited if day <= max(is_open)})
        for history in systems
    ]
    shares: dict[int, Fraction] = {}
    for weekday in range(7):
        credited, required, excused = counts(systems, start, end, today, is_open, weekday)
        if required >= 2 and required > excused:
            shares[weekday] = Fraction(credited, required - excused)
    expected = max(shares, key=lambda weekday: shares[weekday]) if shares else None
    assert most_consistent_day(systems, start, end, today, open_dates=is_open) == expected


@given(st.lists(histories(), max_size=2), dates, dates, todays)
@thorough
def test_progress_agrees_with_the_reference(
    systems: list[SystemHistory], one: date, other: date, today: date
) -> None:
    start, target = min(one, other), max(one, other)
    value = goal_progress(systems, start, target, today, open_dates={today})
    assert value == progress(systems, start, target)
    assert 0 <= value <= 100
