"""Consistency over time: each bucket against the rule it is an efficient form of."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.consistency import Tally, tally
from app.core.enums import SystemFrequency
from app.core.progress import tallies, total
from app.core.progress_ranges import DateRange
from app.core.schedule import Pause, SchedulePeriod, SystemHistory, clipped
from tests.core.streak_reference import (
    DAY,
    START,
    counts,
    histories,
    open_around,
    thorough,
    todays,
)

lengths = st.sampled_from([1, 7, 30, 92, 93, 120])
starts = st.builds(lambda offset: START + offset * DAY, st.integers(-60, 70))


@thorough
@given(st.data(), st.lists(histories(), max_size=3), todays, starts, lengths)
def test_each_bucket_has_its_own_tally_and_they_add_up(
    data: st.DataObject, systems: Sequence[SystemHistory], today: date, start: date, length: int
) -> None:
    open_dates = data.draw(open_around(today))
    range_ = DateRange(start, start + (length - 1) * DAY)
    systems = [
        replace(system, credited={day for day in system.credited if day <= max(open_dates)})
        for system in systems
    ]

    found = tallies(systems, range_, today, open_dates=open_dates)

    assert found == [
        tally(systems, first, last, today, open_dates=open_dates)
        for first, last in range_.buckets()
    ]
    assert total(found) == tally(systems, *range_, today, open_dates=open_dates)
    assert total(found) == counts(systems, *range_, today, open_dates)


@thorough
@given(st.data(), histories(), todays, starts)
def test_what_is_clipped_away_counts_in_no_bucket(
    data: st.DataObject, system: SystemHistory, today: date, start: date
) -> None:
    open_dates = data.draw(open_around(today))
    began = START + data.draw(st.integers(0, 60)) * DAY
    range_ = DateRange(start, start + 99 * DAY)

    found = tallies([clipped(system, began)], range_, today, open_dates=open_dates)

    for part, bucket in zip(found, range_.buckets(), strict=True):
        if bucket.end < began:
            assert part == Tally()


@pytest.mark.parametrize("today", [date(2016, 5, 4), date(2026, 9, 9), date(2040, 1, 1)])
def test_years_of_whole_weeks_are_counted_as_one_by_one(today: date) -> None:
    systems = [grown_old(kind) for kind in range(4)]
    range_ = DateRange(date(2016, 9, 14), date(2026, 9, 13))

    found = tallies(systems, range_, today, open_dates={today, today - DAY})

    assert found == [
        tally(systems, first, last, today, open_dates={today, today - DAY})
        for first, last in range_.buckets()
    ]


def test_ten_years_of_twenty_systems_take_little_time() -> None:
    systems = [grown_old(kind) for kind in range(20)]
    today = date(2026, 9, 9)
    range_ = DateRange(date(2016, 9, 10), today)

    began = process_time()
    found = tallies(systems, range_, today, open_dates={today})
    took = process_time() - began

    assert len(found) == 523
    assert total(found).required > 30_000
    assert took < 0.25  # 0.04 on an idle machine


def grown_old(kind: int) -> SystemHistory:
    """A practice of more than ten years that is done on most dates."""
    begin = date(2016, 4, 1)
    details: list[tuple[SystemFrequency, dict[str, object] | None]] = [
        (SystemFrequency.DAILY, None),
        (SystemFrequency.WEEKLY, {"days_of_week": [0, 2, 4]}),
        (SystemFrequency.WEEKLY, {"times_per_week": 3}),
        (SystemFrequency.DAILY, None),
    ]
    frequency, chosen = details[kind % 4]
    dates = [begin + n * DAY for n in range(3900)]
    return SystemHistory(
        (SchedulePeriod.from_details(begin, frequency, chosen),),
        (Pause(date(2019, 8, 7), date(2019, 8, 20)),),
        credited=frozenset(day for day in dates if (day.toordinal() * 7 + kind) % 11),
        skipped=frozenset(day for day in dates if not (day.toordinal() * 7 + kind) % 44),
    )
