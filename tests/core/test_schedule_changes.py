"""From when changed schedules apply."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.core.enums import SystemFrequency
from app.core.schedule import SchedulePeriod
from app.core.schedule_changes import ScheduleChange, schedule_change

DAY = timedelta(days=1)
MONDAY = date(2026, 3, 9)
DAILY = SchedulePeriod(MONDAY, SystemFrequency.DAILY)
TWICE = SchedulePeriod(MONDAY, SystemFrequency.WEEKLY, times_per_week=2)
MONDAYS = SchedulePeriod(MONDAY, SystemFrequency.WEEKLY, days_of_week=frozenset({0}))


@st.composite
def stored_periods(draw: st.DrawFn) -> list[SchedulePeriod]:
    starts = draw(st.lists(st.integers(0, 9), min_size=1, max_size=4, unique=True))
    kinds = st.sampled_from([DAILY, TWICE, MONDAYS])
    return [
        replace(draw(kinds), effective_from=MONDAY + start * DAY)
        for start in sorted({0, *starts[1:]})
    ]


def applied(
    periods: list[SchedulePeriod], change: ScheduleChange, wanted: SchedulePeriod
) -> list[SchedulePeriod]:
    kept = [period for period in periods if period.effective_from <= change.kept_until]
    if change.begins_on is not None:
        kept.append(replace(wanted, effective_from=change.begins_on))
    return kept


def kind_on(periods: list[SchedulePeriod], day: date) -> SchedulePeriod | None:
    begun = [period for period in periods if period.effective_from <= day]
    return replace(begun[-1], effective_from=MONDAY) if begun else None


@given(stored_periods(), st.sampled_from([DAILY, TWICE, MONDAYS]), st.integers(-2, 12))
def test_the_past_and_today_keep_what_they_had_and_tomorrow_has_what_is_wanted(
    periods: list[SchedulePeriod], wanted: SchedulePeriod, offset: int
) -> None:
    today = MONDAY + offset * DAY

    after = applied(periods, schedule_change(periods, wanted, today), wanted)

    for day in (MONDAY + number * DAY for number in range(-3, 15)):
        if day <= max(today, MONDAY):
            assert kind_on(after, day) == kind_on(periods, day)
        else:
            assert kind_on(after, day) == wanted
    starts = [period.effective_from for period in after]
    assert starts == sorted(set(starts))
    again = schedule_change(after, wanted, today)
    assert applied(after, again, wanted) == after


def test_changing_back_on_the_same_day_leaves_no_trace() -> None:
    changed = applied([DAILY], schedule_change([DAILY], TWICE, MONDAY), TWICE)

    back = schedule_change(changed, DAILY, MONDAY)

    assert [period.effective_from for period in changed] == [MONDAY, MONDAY + DAY]
    assert back == ScheduleChange(MONDAY, None)
