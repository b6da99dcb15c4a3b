"""Current and longest streaks: the worked examples, and agreement with the slow reference."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.core.enums import SystemFrequency
from app.core.schedule import Pause, SchedulePeriod, SystemHistory
from app.core.streaks import (
    longest_system_streak,
    longest_user_streak,
    system_streak,
    user_streak,
)
from tests.core.streak_reference import (
    DAY,
    dates,
    histories,
    open_around,
    system_runs,
    thorough,
    todays,
    user_runs,
)

MONDAY = date(2026, 9, 7)


def weekly(start: date, **details: object) -> SystemHistory:
    period = SchedulePeriod.from_details(start, SystemFrequency.WEEKLY, details)
    return SystemHistory((period,))


def daily(start: date) -> SystemHistory:
    return SystemHistory((SchedulePeriod(start, SystemFrequency.DAILY),))


def logged(history: SystemHistory, log: str, *, start: date | None = None) -> SystemHistory:
    """One letter a date: x is credited, s skipped, a dot nothing."""
    first = start or history.schedule[0].effective_from
    entries = {first + n * DAY: entry for n, entry in enumerate(log)}
    return replace(
        history,
        credited={day for day, entry in entries.items() if entry == "x"},
        skipped={day for day, entry in entries.items() if entry == "s"},
    )


def streak_of(history: SystemHistory, today: date, *also_open: date) -> int:
    return system_streak(history, today, open_dates={today, *also_open})


@pytest.mark.parametrize(
    ("log", "length"),
    [
        ("xxsx", 3),
        ("xssx", 1),
        ("xxxx", 4),
        ("xxx.", 3),  # today is open
        ("xx.x", 1),
        ("xx..", 0),
        ("....", 0),
        ("sxxxxxxsxx", 8),  # seven dates apart: both are excused
        ("sxxxxxsxx", 2),  # six dates apart: the second one is a miss
        ("sxxxxxsxxxsxx", 5),  # the skip that was a miss spent nothing
        ("xxs", 2),
        ("xss", 1),  # today's second skip can still be changed
    ],
)
def test_daily_streaks(log: str, length: int) -> None:
    today = MONDAY + (len(log) - 1) * DAY
    assert streak_of(logged(daily(MONDAY), log), today) == length


def test_three_days_a_week_from_7_to_24_september_give_eight() -> None:
    history = logged(weekly(MONDAY, days_of_week=[0, 2, 4]), "x.x.x.." * 2 + "x.x.")
    assert streak_of(history, date(2026, 9, 24)) == 8


def test_a_checkin_on_an_off_day_neither_adds_nor_breaks() -> None:
    history = logged(weekly(MONDAY, days_of_week=[0, 2, 4]), "xxx.x.x")
    assert streak_of(history, MONDAY + 6 * DAY) == 3


def test_a_skip_on_an_off_day_does_not_use_up_the_excuse() -> None:
    history = logged(weekly(MONDAY, days_of_week=[0, 2, 4]), "xss.x")
    assert streak_of(history, MONDAY + 4 * DAY) == 2


def test_a_skip_that_became_a_credit_does_not_use_up_the_excuse() -> None:
    history = logged(daily(MONDAY), "xxsx")
    history = replace(history, skipped={MONDAY + DAY, MONDAY + 2 * DAY})
    assert streak_of(history, MONDAY + 3 * DAY) == 3


def test_a_pause_of_three_days_at_ten_and_then_one_more_give_eleven() -> None:
    paused = Pause(MONDAY + 10 * DAY, MONDAY + 13 * DAY)
    history = replace(logged(daily(MONDAY), "x" * 10 + "...x"), pauses=(paused,))
    assert streak_of(history, MONDAY + 12 * DAY) == 10
    assert streak_of(history, MONDAY + 13 * DAY) == 11


def test_a_streak_outlives_a_pause_without_an_end() -> None:
    history = replace(logged(daily(MONDAY), "xxx"), pauses=(Pause(MONDAY + 3 * DAY),))
    assert streak_of(history, MONDAY + 1000 * DAY) == 3


def test_yesterday_is_neutral_while_it_is_open_and_then_breaks() -> None:
    history = logged(daily(MONDAY), "xxx..")
    yesterday, today = MONDAY + 3 * DAY, MONDAY + 4 * DAY
    assert streak_of(history, today, yesterday) == 3
    assert streak_of(history, today) == 0


def test_a_date_after_today_that_was_lived_before_flying_west_counts() -> None:
    history = logged(daily(MONDAY), "xxxx")
    today = MONDAY + 2 * DAY
    assert streak_of(history, today, today + DAY) == 4
    assert streak_of(history, today) == 3


def test_a_change_of_schedule_leaves_the_past_alone() -> None:
    mondays = SchedulePeriod(MONDAY + 7 * DAY, SystemFrequency.WEEKLY, frozenset({0}))
    history = daily(MONDAY)
    history = replace(history, schedule=(*history.schedule, mondays))
    history = logged(history, "x" * 8)
    assert streak_of(history, MONDAY + 13 * DAY) == 8


@pytest.mark.parametrize(
    ("log", "length"),
    [
        ("x.x.x..", 1),
        ("x.x.x..x", 1),  # the current week is neutral
        ("x.x.x..xxx", 2),  # and counts as soon as its target is met
        ("xxxxxxxxx", 1),  # a surplus is not carried over
        ("x.x....xxx", 1),  # the first week was missed
        ("x.x....", 0),
        ("xsx....xxx", 1),  # a skip does not lower a target
    ],
)
def test_streaks_of_three_times_a_week_count_weeks(log: str, length: int) -> None:
    history = logged(weekly(MONDAY, times_per_week=3), log)
    assert streak_of(history, MONDAY + (len(log) - 1) * DAY) == length


def test_last_week_is_neutral_until_its_sunday_closes() -> None:
    history = logged(weekly(MONDAY, times_per_week=3), "xxx....x.x")
    sunday, monday = MONDAY + 13 * DAY, MONDAY + 14 * DAY
    assert streak_of(history, monday, sunday) == 1
    assert streak_of(history, monday) == 0


def test_a_week_asks_for_no_more_than_its_active_dates() -> None:
    saturday = MONDAY + 5 * DAY
    begun_late = logged(weekly(saturday, times_per_week=3), "xx")
    assert streak_of(begun_late, MONDAY + 7 * DAY) == 1
    paused = Pause(MONDAY + 2 * DAY, MONDAY + 7 * DAY)
    partly_paused = replace(logged(weekly(MONDAY, times_per_week=3), "xx"), pauses=(paused,))
    assert streak_of(partly_paused, MONDAY + 7 * DAY) == 1


def test_a_week_that_is_paused_throughout_is_neutral() -> None:
    paused = Pause(MONDAY + 7 * DAY, MONDAY + 14 * DAY)
    history = logged(weekly(MONDAY, times_per_week=1), "x" + "." * 13 + "x")
    assert streak_of(replace(history, pauses=(paused,)), MONDAY + 14 * DAY) == 2


def test_raising_the_target_does_not_make_the_running_week_harder() -> None:
    history = weekly(MONDAY, times_per_week=2)
    raised = SchedulePeriod(MONDAY + 4 * DAY, SystemFrequency.WEEKLY, None, 5)
    history = replace(history, schedule=(*history.schedule, raised))
    assert streak_of(logged(history, "x.x...."), MONDAY + 7 * DAY) == 1
    assert streak_of(logged(history, "x.x....xx"), MONDAY + 14 * DAY) == 0


def user_streak_of(systems: Iterable[SystemHistory], today: date, *also_open: date) -> int:
    return user_streak([*systems], today, open_dates={today, *also_open})


def test_a_user_without_systems_has_no_streak() -> None:
    assert user_streak_of([], MONDAY) == 0
    assert longest_user_streak([], MONDAY, open_dates={MONDAY}) == 0


def test_one_credited_checkin_a_day_is_enough_for_the_user_streak() -> None:
    one, other = logged(daily(MONDAY), "x.x.x"), logged(daily(MONDAY), ".x.x.")
    assert user_streak_of([one, other], MONDAY + 4 * DAY) == 5


def test_off_day_checkins_count_for_the_user_and_idle_off_days_are_neutral() -> None:
    history = logged(weekly(MONDAY, days_of_week=[0, 2]), "xxx...." + "x")
    assert user_streak_of([history], MONDAY + 7 * DAY) == 4


def test_a_date_on_which_all_was_excused_is_neutral_for_the_user() -> None:
    excused, off_day = logged(daily(MONDAY), "xsx"), weekly(MONDAY, days_of_week=[6])
    assert user_streak_of([excused, off_day], MONDAY + 2 * DAY) == 2
    missed = logged(daily(MONDAY), "x.x")
    assert user_streak_of([replace(excused, credited=set()), missed], MONDAY + 2 * DAY) == 1


def test_a_weekly_target_asks_the_user_only_for_its_last_chances() -> None:
    history = weekly(MONDAY, times_per_week=3)
    friday, saturday = MONDAY + 4 * DAY, MONDAY + 5 * DAY
    assert user_streak_of([logged(history, "x.x..")], friday) == 2
    # With one missing, Sunday is the last chance; with two, Saturday is.
    assert user_streak_of([logged(history, "x.x....")], MONDAY + 7 * DAY, MONDAY + 6 * DAY) == 2
    assert user_streak_of([logged(history, "x.x....")], MONDAY + 7 * DAY) == 0
    assert user_streak_of([logged(history, "x......")], saturday) == 1
    assert user_streak_of([logged(history, "x......")], saturday + DAY) == 0


def test_seven_times_a_week_is_the_same_as_daily_for_the_user() -> None:
    log = "xx.xxxxxx.xx"
    today = MONDAY + 11 * DAY
    every_day = logged(daily(MONDAY), log)
    seven_times = logged(weekly(MONDAY, times_per_week=7), log)
    assert user_streak_of([seven_times], today) == user_streak_of([every_day], today) == 2


def test_the_longest_streak_is_kept_when_the_current_one_breaks() -> None:
    history = logged(daily(MONDAY), "xxxxx.xx.")
    today = MONDAY + 10 * DAY
    assert streak_of(history, today) == 0
    assert longest_system_streak(history, today, open_dates={today}) == 5
    assert longest_user_streak([history], today, open_dates={today}) == 5


def test_the_walk_does_not_look_behind_the_miss() -> None:
    class Watched(set[date]):
        oldest = date.max

        def __contains__(self, day: object) -> bool:
            assert isinstance(day, date)
            self.oldest = min(self.oldest, day)
            return super().__contains__(day)

    today = date(2026, 9, 30)
    watched = Watched(today - n * DAY for n in range(20))
    history = replace(daily(today - timedelta(days=3650)), credited=watched)
    assert streak_of(history, today) == 20
    assert user_streak_of([history], today) == 20
    assert watched.oldest == today - 20 * DAY


@given(histories(), todays, st.data())
@thorough
def test_system_streaks_agree_with_the_reference(
    history: SystemHistory, today: date, data: st.DataObject
) -> None:
    is_open = data.draw(open_around(today))
    reachable = max(is_open)
    history = replace(history, credited={day for day in history.credited if day <= reachable})
    runs = system_runs(history, today, is_open)
    current = system_streak(history, today, open_dates=is_open)
    longest = longest_system_streak(history, today, open_dates=is_open)
    assert (current, longest) == (runs[-1], max(runs))
    assert current <= longest


@given(st.lists(histories(), max_size=3), todays, st.data())
@thorough
def test_user_streaks_agree_with_the_reference(
    systems: list[SystemHistory], today: date, data: st.DataObject
) -> None:
    is_open = data.draw(open_around(today))
    runs = user_runs(systems, today, is_open)
    current = user_streak(systems, today, open_dates=is_open)
    longest = longest_user_streak(systems, today, open_dates=is_open)
    assert (current, longest) == (runs[-1], max(runs))
    assert current <= longest


@given(histories(), dates, todays)
@thorough
def test_one_more_credit_never_lowers_a_streak(
    history: SystemHistory, day: date, today: date
) -> None:
    assume(day not in history.skipped)  # a skip is edited only while nothing later was decided
    more = replace(history, credited=history.credited | {day})
    assert streak_of(more, today) >= streak_of(history, today)
    assert user_streak_of([more], today) >= user_streak_of([history], today)
