"""Streaks and consistency the slow way, date by date; and histories to compare with.

Everything here looks at one date after another from the system's creation on, in the order in which
a person would explain it. Nothing is shared with the code under test but the types of its
arguments.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import floor

from hypothesis import settings
from hypothesis import strategies as st

from app.core.enums import SystemFrequency
from app.core.schedule import Pause, SchedulePeriod, SystemHistory

DAY = timedelta(days=1)
START = date(2026, 8, 31)  # a Monday
LENGTH = 60

# What someone logs on ten dates, in any order: x is a credit, s a skip, a dot nothing.
HABITS = ("xxxxxxxxxs", "xxxxxxxxx.", "xxxxxxsss.", "xxxxxx....", "xx.......s")

thorough = settings(max_examples=150, derandomize=True, deadline=None, database=None)


@dataclass
class Occurrence:
    """A required date, or the active dates of a week with a target."""

    dates: list[date]
    target: int
    is_week: bool
    excused: bool = False
    was_paused: bool = False

    def credits(self, history: SystemHistory) -> int:
        return min(self.target, sum(day in history.credited for day in self.dates))

    def is_met(self, history: SystemHistory) -> bool:
        return self.credits(history) == self.target

    def forgives(self, today: date, open_dates: AbstractSet[date]) -> bool:
        return self.was_paused or any(day >= today or day in open_dates for day in self.dates)


def is_paused(history: SystemHistory, day: date) -> bool:
    return any(
        pause.starts_on <= day and (pause.ends_on is None or day < pause.ends_on)
        for pause in history.pauses
    )


def schedule_on(history: SystemHistory, day: date) -> SchedulePeriod | None:
    if is_paused(history, day):
        return None
    begun = [period for period in history.schedule if period.effective_from <= day]
    return begun[-1] if begun else None


def all_occurrences(history: SystemHistory, first: date, last: date) -> list[Occurrence]:
    """Oldest first. A new week begins on Monday, and where a schedule of dates was in between."""
    found: list[Occurrence] = []
    week: Occurrence | None = None
    day = first
    while day <= last:
        if day.weekday() == 0:
            week = None
        period = schedule_on(history, day)
        if period is None:
            pass
        elif period.times_per_week is not None:
            if week is None:
                week = Occurrence([], period.times_per_week, is_week=True)
                found.append(week)
            week.dates.append(day)
            week.target = min(week.target, period.times_per_week)
        else:
            week = None
            if period.days_of_week is None or day.weekday() in period.days_of_week:
                found.append(Occurrence([day], 1, is_week=False))
        day += DAY
    for occurrence in found:
        occurrence.target = min(occurrence.target, len(occurrence.dates))
        monday = occurrence.dates[0] - occurrence.dates[0].weekday() * DAY
        occurrence.was_paused = occurrence.is_week and any(
            monday + n * DAY >= history.schedule[0].effective_from
            and is_paused(history, monday + n * DAY)
            for n in range(7)
        )
    mark_excused(history, found)
    return found


def mark_excused(history: SystemHistory, found: list[Occurrence]) -> None:
    excused: list[date] = []
    for occurrence in found:
        day = occurrence.dates[0]
        if occurrence.is_week or day not in history.skipped or day in history.credited:
            continue
        if not any(day - n * DAY in excused for n in range(1, 7)):
            occurrence.excused = True
            excused.append(day)


def system_runs(history: SystemHistory, today: date, open_dates: AbstractSet[date]) -> list[int]:
    """The lengths of all streaks, oldest first; the last is the current one."""
    runs = [0]
    for occurrence in all_occurrences(history, *everything(history, today)):
        if occurrence.is_met(history):
            runs[-1] += 1
        elif not occurrence.excused and not occurrence.forgives(today, open_dates):
            runs.append(0)
    return runs


def user_runs(
    histories: Sequence[SystemHistory], today: date, open_dates: AbstractSet[date]
) -> list[int]:
    runs = [0]
    day = min((history.schedule[0].effective_from for history in histories), default=today)
    while day <= max(today, *open_dates):
        if any(day in history.credited for history in histories):
            runs[-1] += 1
        elif (
            day < today
            and day not in open_dates
            and any(asks_for(history, day, today) for history in histories)
        ):
            runs.append(0)
        day += DAY
    return runs


def asks_for(history: SystemHistory, day: date, today: date) -> bool:
    for occurrence in all_occurrences(history, *everything(history, today)):
        if day not in occurrence.dates:
            continue
        if not occurrence.is_week:
            return not occurrence.excused
        if occurrence.was_paused:
            return False
        done = sum(other in history.credited for other in occurrence.dates if other < day)
        chances_after = sum(other > day for other in occurrence.dates)
        return occurrence.target - done > chances_after
    return False


def counts(
    histories: Iterable[SystemHistory],
    start: date,
    end: date,
    today: date,
    open_dates: AbstractSet[date],
    weekday: int | None = None,
) -> tuple[int, int, int]:
    """Credited, required and excused; of a weekday, only what has a weekday."""
    credited = required = excused = 0
    for history in histories:
        for occurrence in all_occurrences(history, *everything(history, today)):
            if weekday is not None and (
                occurrence.is_week or occurrence.dates[0].weekday() != weekday
            ):
                continue
            falls_on = occurrence.dates[-1]
            if occurrence.is_week:
                falls_on = min(falls_on, today)
            if not start <= falls_on <= end:
                continue
            if occurrence.forgives(today, open_dates) and not occurrence.is_met(history):
                continue
            credited += occurrence.credits(history)
            required += occurrence.target
            excused += occurrence.excused
    return credited, required, excused


def progress(histories: Iterable[SystemHistory], start: date, target: date) -> int:
    credited = required = 0
    for history in histories:
        for occurrence in all_occurrences(history, start, target):
            credited += occurrence.credits(history)
            required += occurrence.target
    return percent(credited, required) or 0


def percent(part: int, whole: int) -> int | None:
    return None if whole == 0 else floor(Fraction(100 * part, whole) + Fraction(1, 2))


def everything(history: SystemHistory, today: date) -> tuple[date, date]:
    """From the creation to the end of the week after next, so that no week is cut."""
    monday = today - today.weekday() * DAY
    return history.schedule[0].effective_from, monday + 20 * DAY


dates = st.builds(lambda offset: START + offset * DAY, st.integers(0, LENGTH - 1))
todays = st.builds(lambda offset: START + offset * DAY, st.integers(20, LENGTH + 5))


@st.composite
def open_around(draw: st.DrawFn, today: date) -> frozenset[date]:
    """Today and, as after travelling, up to two dates on either side."""
    offsets = draw(st.sampled_from([(), (), (-1,), (-1, -2), (1,), (-1, 1), (1, 2)]))
    return frozenset(today + offset * DAY for offset in (0, *offsets))


@st.composite
def details(draw: st.DrawFn) -> tuple[SystemFrequency, dict[str, object] | None]:
    match draw(st.sampled_from(["daily", "days", "times"])):
        case "daily":
            return SystemFrequency.DAILY, None
        case "days":
            days = draw(st.lists(st.integers(0, 6), min_size=1, unique=True))
            return SystemFrequency.WEEKLY, {"days_of_week": days}
        case _:
            return SystemFrequency.WEEKLY, {"times_per_week": draw(st.integers(1, 7))}


@st.composite
def histories(draw: st.DrawFn) -> SystemHistory:
    """Up to four schedules, three pauses (which may overlap), and a check-in on most dates."""
    begins = sorted(draw(st.lists(dates, min_size=1, max_size=4)))
    schedule = tuple(SchedulePeriod.from_details(day, *draw(details())) for day in begins)
    pauses = draw(
        st.lists(
            st.builds(
                lambda day, length: Pause(day, None if length is None else day + length * DAY),
                dates,
                st.none() | st.integers(0, 12),
            ),
            max_size=3,
        )
    )
    habit = draw(st.sampled_from(HABITS))
    log = draw(st.text("0123456789", min_size=LENGTH + 8, max_size=LENGTH + 8))
    logged = {START + n * DAY: habit[int(digit)] for n, digit in enumerate(log)}
    return SystemHistory(
        schedule,
        tuple(pauses),
        frozenset(day for day, entry in logged.items() if entry == "x"),
        frozenset(day for day, entry in logged.items() if entry == "s"),
    )
