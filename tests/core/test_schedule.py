"""Frequency details, descriptions, and which dates a schedule asks for."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.enums import SystemFrequency
from app.core.occurrences import (
    DateSpan,
    Week,
    excused_skips,
    is_active,
    is_required,
    required_dates,
    stretches,
    week_of,
)
from app.core.schedule import (
    Pause,
    SchedulePeriod,
    SystemHistory,
    clipped,
    describe_schedule,
    parse_frequency_details,
)
from tests.core.streak_reference import (
    DAY,
    LENGTH,
    START,
    all_occurrences,
    dates,
    histories,
    schedule_on,
    thorough,
)

DAILY, WEEKLY = SystemFrequency.DAILY, SystemFrequency.WEEKLY


@pytest.mark.parametrize(
    ("details", "stored"),
    [
        ({"daysOfWeek": [4, 0, 2]}, {"days_of_week": [0, 2, 4]}),
        ({"days_of_week": [6]}, {"days_of_week": [6]}),
        ({"daysOfWeek": (0, 1, 2, 3, 4, 5, 6)}, {"days_of_week": [0, 1, 2, 3, 4, 5, 6]}),
        ({"timesPerWeek": 3}, {"times_per_week": 3}),
        ({"times_per_week": 7}, {"times_per_week": 7}),
    ],
)
def test_weekly_details_are_stored_in_snake_case(
    details: Mapping[str, object], stored: Mapping[str, object]
) -> None:
    assert parse_frequency_details(WEEKLY, details) == stored


@pytest.mark.parametrize("details", [None, {}])
def test_a_daily_schedule_has_no_details(details: Mapping[str, object] | None) -> None:
    assert parse_frequency_details(DAILY, details) is None


@pytest.mark.parametrize(
    ("frequency", "details", "sentence"),
    [
        (DAILY, {"daysOfWeek": [0]}, "takes no frequency details"),
        (WEEKLY, None, "needs either"),
        (WEEKLY, {}, "needs either"),
        (WEEKLY, {"daysOfWeek": [0], "timesPerWeek": 3}, "exactly one"),
        (WEEKLY, {"daysOfWeek": [0], "timesPerWeek": None}, "exactly one"),
        (WEEKLY, {"daysOfWeek": [0], "days_of_week": [0]}, "exactly one"),
        (WEEKLY, {"daysOfWeek": [0], "note": "x"}, "exactly one"),
        (WEEKLY, {"note": "x"}, "The only frequency details"),
        (WEEKLY, {"daysOfWeek": []}, "a list of 1 to 7"),
        (WEEKLY, {"daysOfWeek": None}, "a list of 1 to 7"),
        (WEEKLY, {"daysOfWeek": "024"}, "a list of 1 to 7"),
        (WEEKLY, {"daysOfWeek": {0: 1}}, "a list of 1 to 7"),
        (WEEKLY, {"daysOfWeek": [7]}, "from 0"),
        (WEEKLY, {"daysOfWeek": [-1]}, "from 0"),
        (WEEKLY, {"daysOfWeek": [True]}, "from 0"),
        (WEEKLY, {"daysOfWeek": [1.0]}, "from 0"),
        (WEEKLY, {"daysOfWeek": ["0"]}, "from 0"),
        (WEEKLY, {"daysOfWeek": [[]]}, "from 0"),
        (WEEKLY, {"daysOfWeek": [0, 0]}, "same day twice"),
        (WEEKLY, {"timesPerWeek": 0}, "from 1 to 7"),
        (WEEKLY, {"timesPerWeek": 8}, "from 1 to 7"),
        (WEEKLY, {"timesPerWeek": True}, "from 1 to 7"),
        (WEEKLY, {"timesPerWeek": 3.0}, "from 1 to 7"),
        (WEEKLY, {"timesPerWeek": "3"}, "from 1 to 7"),
        (WEEKLY, {"timesPerWeek": None}, "from 1 to 7"),
    ],
)
def test_other_details_are_refused_with_a_reason(
    frequency: SystemFrequency, details: Mapping[str, object] | None, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse_frequency_details(frequency, details)


@pytest.mark.parametrize(
    ("frequency", "details", "at", "words"),
    [
        (DAILY, None, time(7), "Every day at 07:00"),
        (DAILY, {}, None, "Every day"),
        (WEEKLY, {"days_of_week": [4, 0, 2]}, time(7), "Mon, Wed, Fri at 07:00"),
        (WEEKLY, {"days_of_week": [6]}, time(21, 5), "Sun at 21:05"),
        (WEEKLY, {"days_of_week": [0, 1, 2, 3, 4, 5, 6]}, None, "Every day"),
        (WEEKLY, {"times_per_week": 3}, None, "3 times a week"),
        (WEEKLY, {"times_per_week": 3}, time(7), "3 times a week at 07:00"),
        (WEEKLY, {"times_per_week": 1}, None, "Once a week"),
    ],
)
def test_schedules_in_words(
    frequency: SystemFrequency,
    details: Mapping[str, object] | None,
    at: time | None,
    words: str,
) -> None:
    assert describe_schedule(frequency, details, at) == words


@pytest.mark.parametrize(
    ("frequency", "days", "times"),
    [(DAILY, frozenset({0}), None), (WEEKLY, None, None), (WEEKLY, frozenset({0}), 3)],
)
def test_a_period_has_just_what_its_frequency_needs(
    frequency: SystemFrequency, days: frozenset[int] | None, times: int | None
) -> None:
    with pytest.raises(ValueError, match="A weekly schedule has"):
        SchedulePeriod(START, frequency, days, times)


def test_the_week_of_a_date_knows_its_target_and_credits() -> None:
    period = SchedulePeriod(START + 2 * DAY, WEEKLY, None, 3)
    history = SystemHistory((period,), credited={START + 3 * DAY, START + 8 * DAY})
    week = week_of(history, START + 4 * DAY)
    assert week is not None
    assert (len(week.days), week.target, week.credits(history.credited)) == (5, 3, 1)
    assert week_of(history, START) is None


def test_a_range_of_eight_thousand_years_is_two_stretches() -> None:
    history = SystemHistory((SchedulePeriod(START, WEEKLY, None, 3),))
    cut, whole = stretches(history, 1, date.max.toordinal() + 1)
    assert isinstance(cut, Week)
    assert cut.target == 3
    assert whole.first == START.toordinal()
    assert whole.end == cut.first


@given(histories(), dates, dates)
@thorough
def test_required_dates_agree_with_the_reference(
    history: SystemHistory, one: date, other: date
) -> None:
    start, end = min(one, other), max(one, other)
    expected = [
        occurrence.dates[0]
        for occurrence in all_occurrences(history, start, end)
        if not occurrence.is_week
    ]
    assert required_dates(history, start, end) == expected
    assert is_required(history, start) == (start in expected)
    assert is_active(history, start) == (schedule_on(history, start) is not None)


@given(histories())
@thorough
def test_weeks_and_excused_skips_agree_with_the_reference(history: SystemHistory) -> None:
    first, last = START, START + 70 * DAY
    found = all_occurrences(history, first, last)
    excused = {occurrence.dates[0] for occurrence in found if occurrence.excused}
    assert excused_skips(history) == excused
    for occurrence in found:
        week = week_of(history, occurrence.dates[0])
        if occurrence.is_week and occurrence.dates[-1] < last - 7 * DAY:
            assert week is not None
            assert [date.fromordinal(day) for day in week.days] == occurrence.dates
            assert week.target == occurrence.target


@given(st.integers(1, 3000), st.integers(0, 40), st.frozensets(st.integers(0, 6), min_size=1))
@thorough
def test_counting_is_the_same_as_listing(first: int, length: int, weekdays: frozenset[int]) -> None:
    span = DateSpan(first, first + length, weekdays)
    listed = [date.fromordinal(ordinal) for ordinal in span.required_ordinals()]
    assert span.required() == len(listed)
    assert span.pick(listed) == listed
    few, many = set(listed[::3]), {date.fromordinal(n) for n in range(1, 3100)}
    assert span.required_among(few) == len(few)
    assert span.required_among(many) == len(listed)


@given(histories(), dates, st.none() | dates)
@thorough
def test_a_clipped_history_asks_for_nothing_outside(
    history: SystemHistory, start: date, end: date | None
) -> None:
    inside = clipped(history, start, end)
    for offset in range(LENGTH + 10):
        day = START + offset * DAY
        inside_range = start <= day and (end is None or day <= end)
        expected = schedule_on(history, day) if inside_range else None
        kept = schedule_on(inside, day)
        if expected is None or kept is None:
            assert kept is expected
        else:
            assert replace(kept, effective_from=expected.effective_from) == expected


def test_pauses_may_overlap_and_come_in_any_order() -> None:
    pauses = (
        Pause(START + 8 * DAY, START + 9 * DAY),
        Pause(START + 1 * DAY, START + 6 * DAY),
        Pause(START + 2 * DAY, START + 3 * DAY),
        Pause(START + 9 * DAY, START + 9 * DAY),
    )
    history = SystemHistory((SchedulePeriod(START, DAILY),), pauses)
    asked = [(day - START).days for day in required_dates(history, START, START + 9 * DAY)]
    assert asked == [0, 6, 7, 9]
