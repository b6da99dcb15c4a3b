"""The required occurrences of a system's schedule: single dates, or whole ISO weeks.

Dates are handled as ordinals (`date.toordinal()`), so that long ranges are arithmetic and not
loops: ordinal 1 is a Monday, hence the weekday of ordinal `o` is `(o - 1) % 7`. Ranges exclude
their end.

A week of a times-per-week schedule is one occurrence. It consists of its *active* dates: those on
which such a schedule applied and that were not paused. Its target is the number of times, but never
more than it has active dates; a week without any is no occurrence at all. When the number changes
in the middle of a week, the smaller one holds for that week, so that no change makes a running week
harder. A week of which a part was paused counts when its target is met, and else is neutral: who
rests from Thursday on may have meant to do the rest at the weekend.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from typing import NamedTuple

from app.core.schedule import Pause, SchedulePeriod, SystemHistory

_FOREVER = date.max.toordinal() + 1
_EXCUSE_EVERY = timedelta(days=7)
_NO_DATES: frozenset[date] = frozenset()


class DateSpan(NamedTuple):
    """Consecutive active dates of which those on `weekdays` are required."""

    first: int
    end: int
    weekdays: frozenset[int]

    def required(self) -> int:
        """How many dates are required."""
        weeks, rest = divmod(self.end - self.first, 7)
        tail = range(self.end - rest, self.end)
        return weeks * len(self.weekdays) + sum((o - 1) % 7 in self.weekdays for o in tail)

    def required_among(self, dates: AbstractSet[date]) -> int:
        """How many of `dates` are required; visits the dates or the span, as is less work."""
        if len(dates) > 2 * (self.end - self.first):
            return _count(self.required_ordinals(), dates)
        return len(self.pick(dates))

    def pick(self, dates: Iterable[date]) -> list[date]:
        """Those of `dates` that are required."""
        if self.end <= self.first:
            return []
        first, last = date.fromordinal(self.first), date.fromordinal(self.end - 1)
        if len(self.weekdays) == 7:
            return [day for day in dates if first <= day <= last]
        weekdays = self.weekdays
        return [day for day in dates if first <= day <= last and day.weekday() in weekdays]

    def required_ordinals(self) -> Iterable[int]:
        """The required dates as ordinals, oldest first."""
        if len(self.weekdays) == 7:
            return range(self.first, self.end)
        weekdays = self.weekdays
        return [o for o in range(self.first, self.end) if (o - 1) % 7 in weekdays]


class Week(NamedTuple):
    """The active dates of one ISO week of a times-per-week schedule, oldest first."""

    days: tuple[int, ...]
    times: int
    was_paused: bool = False

    @property
    def first(self) -> int:
        return self.days[0]

    @property
    def end(self) -> int:
        return self.days[-1] + 1

    @property
    def target(self) -> int:
        """How many of its dates have to be credited."""
        return min(self.times, len(self.days))

    def credits(self, credited: AbstractSet[date]) -> int:
        """How many of its dates are credited; may exceed the target."""
        return _count(self.days, credited)

    def contribution(self, credited: AbstractSet[date]) -> int:
        """Its credits as far as they count: none beyond the target."""
        return min(self.credits(credited), self.target)

    def forgives(self, today: date, open_dates: AbstractSet[date]) -> bool:
        """Whether an unmet target is no miss: a date is open or to come, or one was paused."""
        return (
            self.was_paused
            or self.end > today.toordinal()
            or any(day.toordinal() in self.days for day in open_dates)
        )

    def last_chances(self, credited: AbstractSet[date]) -> frozenset[int]:
        """The uncredited dates without which the target could not be met any more.

        Until then a week asks for nothing on any particular date: three times a week with nothing
        done by Thursday asks for Friday, Saturday and Sunday; seven times a week asks for every
        date. A week that was paused in part asks for none.
        """
        if self.was_paused:
            return frozenset()
        missing, chances = self.target, set[int]()
        for position, ordinal in enumerate(self.days):
            if date.fromordinal(ordinal) in credited:
                missing -= 1
            elif missing >= len(self.days) - position:
                chances.add(ordinal)
        return frozenset(chances)


class WholeWeeks(NamedTuple):
    """Consecutive ISO weeks of a times-per-week schedule of which every date is active."""

    first: int
    end: int
    times: int

    @property
    def target(self) -> int:
        """The sum of the targets of the weeks."""
        return (self.end - self.first) // 7 * self.times

    def contribution(self, credited: AbstractSet[date]) -> int:
        """The sum of the credits, none beyond the target of their week."""
        ordinals = (day.toordinal() for day in credited)
        by_week = Counter(monday_of(o) for o in ordinals if self.first <= o < self.end)
        return sum(min(count, self.times) for count in by_week.values())

    def newest_first(self) -> Iterator[Week]:
        for monday in range(self.end - 7, self.first - 1, -7):
            yield Week(tuple(range(monday, monday + 7)), self.times)


def occurrences(history: SystemHistory, first: int, end: int) -> Iterator[DateSpan | Week]:
    """The occurrences in a range of ordinals, newest first and lazily.

    A week that the range cuts is treated like one in which the system began or ended.
    """
    for stretch in stretches(history, first, end):
        if isinstance(stretch, WholeWeeks):
            yield from stretch.newest_first()
        else:
            yield stretch


def stretches(
    history: SystemHistory, first: int, end: int
) -> Iterator[DateSpan | Week | WholeWeeks]:
    """Like `occurrences`, with the whole weeks together: work does not grow with the range."""
    for stretch in _stretches(history, first, end):
        if isinstance(stretch, Week) and _was_paused(history, stretch):
            yield stretch._replace(was_paused=True)
        else:
            yield stretch


def _was_paused(history: SystemHistory, week: Week) -> bool:
    """Whether any date of the whole ISO week was paused, since the system began."""
    monday = monday_of(week.first)
    begun = max(monday, history.schedule[0].effective_from.toordinal())
    return any(start < monday + 7 and end > begun for start, end in _merged(history.pauses))


def _stretches(
    history: SystemHistory, first: int, end: int
) -> Iterator[DateSpan | Week | WholeWeeks]:
    week: Week | None = None
    for start, stop, period in _active(history, first, min(end, _FOREVER)):
        times = period.times_per_week
        if times is None:
            if week is not None:
                yield week
                week = None
            yield DateSpan(start, stop, period.weekdays)
            continue
        for low, high in _cut_at_weeks(start, stop):
            if week is not None:
                if monday_of(week.first) == monday_of(low):
                    week = Week((*range(low, high), *week.days), min(times, week.times))
                    continue
                yield week
                week = None
            if high - low >= 7:
                yield WholeWeeks(low, high, times)
            else:
                week = Week(tuple(range(low, high)), times)
    if week is not None:
        yield week


def _cut_at_weeks(start: int, stop: int) -> Iterator[tuple[int, int]]:
    """A range of ordinals as its last part of a week, its whole weeks, its first part of a week."""
    whole_from, whole_until = monday_of(start + 6), monday_of(stop)
    if whole_from > whole_until:
        yield start, stop
        return
    for low, high in ((whole_until, stop), (whole_from, whole_until), (start, whole_from)):
        if low < high:
            yield low, high


def _count(ordinals: Iterable[int], dates: AbstractSet[date]) -> int:
    """How many of the ordinals are among `dates`."""
    return sum(map(dates.__contains__, map(date.fromordinal, ordinals)))


def monday_of(ordinal: int) -> int:
    """The ordinal of the Monday of the same ISO week."""
    return ordinal - (ordinal - 1) % 7


def _active(
    history: SystemHistory, first: int, end: int
) -> Iterator[tuple[int, int, SchedulePeriod]]:
    """The unpaused stretches of each schedule period within a range of ordinals, newest first."""
    pauses = _merged(history.pauses)
    for period in reversed(history.schedule):
        start = max(period.effective_from.toordinal(), first)
        for paused_from, paused_until in pauses:
            if paused_until <= start:
                break
            if paused_from < end:
                if paused_until < end:
                    yield paused_until, end, period
                end = paused_from
        if start < end:
            yield start, end, period
            end = start
        if end <= first:
            return


def _merged(pauses: tuple[Pause, ...]) -> list[tuple[int, int]]:
    """The paused ranges of ordinals without overlaps, newest first."""
    ranges: list[tuple[int, int]] = []
    for pause in sorted(pauses, key=_paused_from):
        start = pause.starts_on.toordinal()
        end = _FOREVER if pause.ends_on is None else pause.ends_on.toordinal()
        if ranges and start <= ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], max(ranges[-1][1], end))
        elif start < end:
            ranges.append((start, end))
    ranges.reverse()
    return ranges


def _paused_from(pause: Pause) -> date:
    return pause.starts_on


def newest_date(today: date, open_dates: AbstractSet[date]) -> date:
    """The newest date that can be credited: after travelling west, one after today may be open."""
    return max(today, *open_dates) if open_dates else today


def is_active(history: SystemHistory, day: date) -> bool:
    """Whether any schedule applied on `day` and was not paused."""
    return any(_active(history, day.toordinal(), day.toordinal() + 1))


def is_required(history: SystemHistory, day: date) -> bool:
    """Whether the schedule asks for `day` itself: not an off-day, nor a date of a weekly target."""
    return bool(required_dates(history, day, day))


def required_dates(history: SystemHistory, start: date, end: date) -> list[date]:
    """The dates from `start` to `end`, both included, for which the schedule asks, oldest first."""
    return [
        day
        for occurrence in reversed([*occurrences(history, start.toordinal(), end.toordinal() + 1)])
        if isinstance(occurrence, DateSpan)
        for day in map(date.fromordinal, occurrence.required_ordinals())
    ]


def week_of(history: SystemHistory, day: date) -> Week | None:
    """The week with a target to which `day` belongs, if it is an active date of one."""
    monday = monday_of(day.toordinal())
    for occurrence in occurrences(history, monday, monday + 7):
        if isinstance(occurrence, Week) and day.toordinal() in occurrence.days:
            return occurrence
    return None


def excused_skips(history: SystemHistory) -> AbstractSet[date]:
    """The skips that are neutral: at most one in any seven consecutive dates, decided oldest first.

    A skip that is not excused spends nothing; nor does one on a date that was not required. Weeks
    with a target have their slack in the target: skips do not excuse them. Of a history with
    `earlier`, skips before its Monday are decided from the oldest one that it has.
    """
    if history.part_of is not None:
        return excused_skips(history.part_of)
    if not history.skipped:
        return _NO_DATES
    earlier = history.earlier
    first, end = min(history.skipped).toordinal(), max(history.skipped).toordinal() + 1
    excused: set[date] = set()
    last_excused: date | None = None
    for stretch in reversed([*stretches(history, first, end)]):
        if not isinstance(stretch, DateSpan):
            continue
        for day in sorted(stretch.pick(history.skipped - history.credited)):
            if earlier is not None and day >= earlier.until:
                last_excused, earlier = earlier.last_excused, None
            if last_excused is None or day - last_excused >= _EXCUSE_EVERY:
                excused.add(day)
                last_excused = day
    return excused
