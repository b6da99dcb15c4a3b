"""Consistency: the share of required occurrences that were credited, and what derives from it.

Occurrences that are still open or to come are left out until they are credited; excused skips are
taken off what was required. Ranges are dates, both ends included.

A week with a target belongs, as a whole, to the range that contains its last active date, or today
when its target is met before that: so any seven dates contain one week, a range that cuts a week
does not ask for its target twice, and no week counts in two adjoining ranges. To see only what
happened within a certain time, such as a partnership or a goal, clip the history
(`schedule.clipped`).
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from typing import NamedTuple

from app.core.occurrences import (
    DateSpan,
    Week,
    excused_skips,
    monday_of,
    newest_date,
    occurrences,
    stretches,
)
from app.core.schedule import SystemHistory

_WEEKDAYS_PLURAL = (
    "Mondays",
    "Tuesdays",
    "Wednesdays",
    "Thursdays",
    "Fridays",
    "Saturdays",
    "Sundays",
)
_PROGRESS_DAYS = 30
_LEAST_OCCURRENCES = 2


class Tally(NamedTuple):
    """Counts of occurrences; `required` includes the excused ones. Those of systems add up."""

    credited: int = 0
    required: int = 0
    excused: int = 0

    def plus(self, other: "Tally") -> "Tally":
        return Tally(
            self.credited + other.credited,
            self.required + other.required,
            self.excused + other.excused,
        )

    def percent(self) -> int | None:
        """Credited of required less excused, rounded half up; None if that is nothing."""
        return _percent(self.credited, self.required - self.excused)


def tally(
    histories: Iterable[SystemHistory],
    start: date,
    end: date,
    today: date,
    *,
    open_dates: AbstractSet[date],
) -> Tally:
    """What was required and credited from `start` to `end` over some systems."""
    total = Tally()
    end = min(end, newest_date(today, open_dates))
    for history in histories:
        excused = excused_skips(history)
        for occurrence in occurrences(history, *_whole_weeks(start, end)):
            if isinstance(occurrence, Week):
                part = _tally_week(occurrence, history.credited, start, end, today, open_dates)
            else:
                span = _cut(occurrence, start, end)
                part = _tally_dates(span, history.credited, excused, today, open_dates)
            total = total.plus(part)
    return total


def consistency(
    histories: Iterable[SystemHistory],
    start: date,
    end: date,
    today: date,
    *,
    open_dates: AbstractSet[date],
) -> int | None:
    """The consistency from `start` to `end` in percent; None when nothing was required."""
    return tally(histories, start, end, today, open_dates=open_dates).percent()


def most_consistent_day(
    histories: Iterable[SystemHistory],
    start: date,
    end: date,
    today: date,
    *,
    open_dates: AbstractSet[date],
) -> int | None:
    """The weekday (0 is Monday) with the best consistency, the earlier one if several are equal.

    Only weekdays with at least two required occurrences that were not all excused are considered;
    None without any. Weeks with a target belong to no weekday.
    """
    tallies = [Tally()] * 7
    end = min(end, newest_date(today, open_dates))
    for history in histories:
        credited = _by_weekday(history.credited)
        excused = _by_weekday(excused_skips(history))
        for occurrence in occurrences(history, start.toordinal(), end.toordinal() + 1):
            if isinstance(occurrence, Week):
                continue
            for day in occurrence.weekdays:
                span = occurrence._replace(weekdays=frozenset({day}))
                part = _tally_dates(span, credited[day], excused[day], today, open_dates)
                tallies[day] = tallies[day].plus(part)
    best: int | None = None
    for day, candidate in enumerate(tallies):
        if candidate.required < _LEAST_OCCURRENCES or candidate.required == candidate.excused:
            continue
        if best is None or _is_better(candidate, tallies[best]):
            best = day
    return best


def plural_weekday(weekday: int) -> str:
    """A weekday (0 is Monday) as the progress page names it: "Wednesdays"."""
    return _WEEKDAYS_PLURAL[weekday]


def goal_progress(
    histories: Sequence[SystemHistory],
    start: date,
    target: date | None,
    today: date,
    *,
    open_dates: AbstractSet[date],
    achieved: bool = False,
) -> int:
    """How far a goal has come, from 0 to 100.

    With a target date: what is credited of all that its systems require from `start` to `target`,
    the future included. Without one: the consistency of the last 30 dates. 0 when nothing is
    required. With a target date, `earlier` of a shortened history counts in full: no such system
    began before `start`, nor does the target date lie before the Monday of `earlier`.
    """
    if achieved:
        return 100
    if target is None:
        since = today - timedelta(days=_PROGRESS_DAYS - 1)
        return consistency(histories, since, today, today, open_dates=open_dates) or 0
    first, end = start.toordinal(), target.toordinal() + 1
    credited = required = 0
    for history in histories:
        for stretch in stretches(history, first, end):
            required += stretch.required() if isinstance(stretch, DateSpan) else stretch.target
        if history.earlier is None:
            credited += met(history, first, end)
        else:
            credited += history.earlier.met
            credited += met(history, history.earlier.until.toordinal(), end)
    return _percent(credited, required) or 0


def met(history: SystemHistory, first: int, end: int) -> int:
    """How much of what was asked for in a range of ordinals was credited."""
    return sum(
        stretch.required_among(history.credited)
        if isinstance(stretch, DateSpan)
        else stretch.contribution(history.credited)
        for stretch in stretches(history, first, end)
    )


def _percent(part: int, whole: int) -> int | None:
    return (200 * part + whole) // (2 * whole) if whole else None


def _whole_weeks(start: date, end: date) -> tuple[int, int]:
    return monday_of(start.toordinal()), monday_of(end.toordinal()) + 7


def _cut(span: DateSpan, start: date, end: date) -> DateSpan:
    first, stop = max(span.first, start.toordinal()), min(span.end, end.toordinal() + 1)
    return DateSpan(first, max(first, stop), span.weekdays)


def _tally_dates(
    span: DateSpan,
    credited: AbstractSet[date],
    excused: AbstractSet[date],
    today: date,
    open_dates: AbstractSet[date],
) -> Tally:
    closed_before = min(max(today.toordinal(), span.first), span.end)
    closed, still_open = span._replace(end=closed_before), span._replace(first=closed_before)
    credited_early = still_open.required_among(credited)
    return Tally(
        closed.required_among(credited) + credited_early,
        closed.required() - closed.required_among(open_dates - credited) + credited_early,
        closed.required_among(excused - open_dates),
    )


def _tally_week(
    week: Week,
    credited: AbstractSet[date],
    start: date,
    end: date,
    today: date,
    open_dates: AbstractSet[date],
) -> Tally:
    contribution = week.contribution(credited)
    if contribution < week.target and week.forgives(today, open_dates):
        return Tally()
    if not start.toordinal() <= min(week.end - 1, today.toordinal()) <= end.toordinal():
        return Tally()
    return Tally(contribution, week.target)


def _by_weekday(dates: AbstractSet[date]) -> tuple[set[date], ...]:
    groups: tuple[set[date], ...] = tuple(set() for _ in range(7))
    for day in dates:
        groups[day.weekday()].add(day)
    return groups


def _is_better(one: Tally, other: Tally) -> bool:
    return one.credited * (other.required - other.excused) > other.credited * (
        one.required - one.excused
    )
