"""The ranges of the progress page: by example, and what holds of every range."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.progress_ranges import (
    DateRange,
    DateRangePreset,
    DatesRefused,
    custom_range,
    preset_range,
)

DAY = timedelta(days=1)
BEGAN = date(2025, 11, 20)
TODAY = date(2026, 3, 10)

anything = settings(max_examples=200, derandomize=True, deadline=None, database=None)
days = st.dates(date(1970, 1, 1), date(2990, 12, 31))
fixed_presets = st.sampled_from([p for p in DateRangePreset if p is not DateRangePreset.CUSTOM])


@pytest.mark.parametrize(
    ("preset", "today", "start", "end"),
    [
        ("last7d", TODAY, date(2026, 3, 4), TODAY),
        ("last30d", TODAY, date(2026, 2, 9), TODAY),
        ("last90d", TODAY, date(2025, 12, 11), TODAY),
        ("thisMonth", TODAY, date(2026, 3, 1), date(2026, 3, 31)),
        ("thisMonth", date(2028, 2, 29), date(2028, 2, 1), date(2028, 2, 29)),
        ("monthToDate", TODAY, date(2026, 3, 1), TODAY),
        ("monthToDate", date(2026, 3, 1), date(2026, 3, 1), date(2026, 3, 1)),
        ("lastMonth", TODAY, date(2026, 2, 1), date(2026, 2, 28)),
        ("lastMonth", date(2028, 3, 31), date(2028, 2, 1), date(2028, 2, 29)),
        ("lastMonth", date(2026, 1, 31), date(2025, 12, 1), date(2025, 12, 31)),
        ("allTime", TODAY, BEGAN, TODAY),
        ("allTime", date(2025, 1, 1), date(2025, 1, 1), date(2025, 1, 1)),
    ],
)
def test_what_each_preset_means(preset: str, today: date, start: date, end: date) -> None:
    assert preset_range(DateRangePreset(preset), today, began=BEGAN) == (start, end)


def test_presets_are_matched_without_regard_to_case() -> None:
    assert DateRangePreset("LAST7D") is DateRangePreset.LAST_7_DAYS
    assert DateRangePreset("monthtodate") is DateRangePreset.MONTH_TO_DATE


@anything
@given(days, fixed_presets)
def test_every_preset_is_in_order_and_near_today(today: date, preset: DateRangePreset) -> None:
    start, end = preset_range(preset, today, began=today - 5 * DAY)

    assert start <= end
    if preset is DateRangePreset.LAST_MONTH:
        assert (start.day, end + DAY) == (1, today.replace(day=1))
    elif preset is DateRangePreset.THIS_MONTH:
        assert start <= today <= end
        assert (start.day, (end + DAY).day) == (1, 1)
        assert (end - start).days < 31
    else:
        assert end == today


@anything
@given(days, st.integers(0, 3652))
def test_buckets_cover_a_range_once_and_in_order(start: date, length: int) -> None:
    range_ = DateRange(start, start + length * DAY)

    buckets = list(range_.buckets())

    assert buckets[0].start == start
    assert buckets[-1].end == range_.end
    for one, following in pairwise(buckets):
        assert following.start == one.end + DAY
    if length < 92:
        assert all(bucket.start == bucket.end for bucket in buckets)
    else:
        assert all(bucket.start.weekday() == 0 for bucket in buckets[1:])
        assert all(bucket.end.weekday() == 6 for bucket in buckets[:-1])
        assert all(one.start.isocalendar()[:2] == one.end.isocalendar()[:2] for one in buckets)


def test_92_dates_are_shown_by_day_and_93_by_week() -> None:
    monday = date(2026, 3, 2)
    assert len(list(DateRange(monday, monday + 91 * DAY).buckets())) == 92
    assert len(list(DateRange(monday, monday + 92 * DAY).buckets())) == 14


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        (None, None, "startDate"),
        (None, TODAY, "startDate"),
        (TODAY, None, "endDate"),
        (TODAY, TODAY - DAY, "endDate"),
        (date(1969, 12, 31), TODAY, "startDate"),
        (TODAY, date(3000, 1, 1), "endDate"),
        (date(2016, 3, 10), TODAY, "endDate"),  # ten years and a day
        (date(2016, 2, 29), date(2026, 3, 1), "endDate"),
        (date.min, date.max, "startDate"),
    ],
)
def test_dates_that_make_no_range(start: date | None, end: date | None, field: str) -> None:
    with pytest.raises(DatesRefused) as refused:
        custom_range(start, end)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (TODAY, TODAY),
        (date(2016, 3, 11), TODAY),
        (date(2016, 2, 29), date(2026, 2, 28)),
        (date(2990, 1, 1), date(2999, 12, 31)),
    ],
)
def test_dates_that_do(start: date, end: date) -> None:
    assert custom_range(start, end) == (start, end)
