"""A year at a glance, by example and against the slow reference."""

from collections.abc import Sequence
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from app.core.enums import SystemFrequency
from app.core.heatmap import heatmap
from app.core.schedule import Pause, SchedulePeriod, SystemHistory
from tests.core.streak_reference import DAY, all_occurrences, histories, thorough, todays

MONDAY = date(2026, 9, 7)


@thorough
@given(st.lists(histories(), max_size=3), todays)
def test_every_date_of_the_year_has_what_the_occurrences_say(
    systems: Sequence[SystemHistory], today: date
) -> None:
    found = heatmap(systems, 2026, today)

    assert len(found) == 365
    asked = [
        occurrence.dates[0]
        for system in systems
        for occurrence in all_occurrences(system, date(2026, 1, 1), date(2026, 12, 31))
        if not occurrence.is_week and not occurrence.excused
    ]
    for entry in found:
        assert entry.required == (asked.count(entry.day) if entry.day <= today else None)
        assert entry.credited == sum(entry.day in system.credited for system in systems)


def test_leap_years_have_a_day_more_and_years_without_a_system_none_required() -> None:
    system = SystemHistory((SchedulePeriod(MONDAY, SystemFrequency.DAILY),))
    assert len(heatmap([system], 2028, MONDAY)) == 366
    assert {entry.required for entry in heatmap([system], 2025, MONDAY)} == {0}
    assert {entry.required for entry in heatmap([system], 2027, MONDAY)} == {None}


def test_off_days_weekly_targets_pauses_and_skips() -> None:
    days = SystemHistory(
        (SchedulePeriod(MONDAY, SystemFrequency.WEEKLY, days_of_week=frozenset({0, 1, 2})),),
        pauses=(Pause(MONDAY + 2 * DAY, MONDAY + 3 * DAY),),
        credited=frozenset({MONDAY, MONDAY + 5 * DAY}),
        skipped=frozenset({MONDAY + DAY}),
    )
    times = SystemHistory(
        (SchedulePeriod(MONDAY, SystemFrequency.WEEKLY, times_per_week=7),),
        credited=frozenset({MONDAY}),
    )

    by_day = {entry.day: entry for entry in heatmap([days, times], 2026, MONDAY + 20 * DAY)}

    week = [by_day[MONDAY + n * DAY] for n in range(8)]
    assert [entry.required for entry in week] == [1, 0, 0, 0, 0, 0, 0, 1]
    assert [entry.credited for entry in week] == [2, 0, 0, 0, 0, 1, 0, 0]
