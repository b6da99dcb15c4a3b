"""Consistency over time: one walk over the occurrences of a range, whatever it is divided into.

The tally of each bucket is what `core.consistency.tally` gives for it. Calling that for every
bucket would walk the whole history each time; here every occurrence and every credit is looked at
once and dropped into its bucket, and stretches of whole weeks are arithmetic.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from itertools import accumulate

from app.core.consistency import Tally
from app.core.occurrences import (
    DateSpan,
    Week,
    WholeWeeks,
    excused_skips,
    monday_of,
    newest_date,
    stretches,
)
from app.core.progress_ranges import DateRange
from app.core.schedule import SystemHistory


def tallies(
    histories: Iterable[SystemHistory],
    range_: DateRange,
    today: date,
    *,
    open_dates: AbstractSet[date],
) -> list[Tally]:
    """What was required and credited in each bucket of a range, over some systems.

    Open occurrences that are not credited are left out, excused skips counted: see `Tally`. The
    tallies add up to that of the whole range.
    """
    walk = _Walk(range_, today, open_dates)
    for history in histories:
        walk.add(history)
    return walk.tallies()


def total(parts: Iterable[Tally]) -> Tally:
    """The tally of several buckets or systems together."""
    credited, required, excused = 0, 0, 0
    for part in parts:
        credited, required, excused = (
            credited + part.credited,
            required + part.required,
            excused + part.excused,
        )
    return Tally(credited, required, excused)


class _Walk:
    """Counts in buckets of `step` dates, the first of which begins on the ordinal `base`."""

    def __init__(self, range_: DateRange, today: date, open_dates: AbstractSet[date]) -> None:
        self._first = range_.start.toordinal()
        self._last = range_.end.toordinal()
        self._step = 7 if range_.by_week() else 1
        self._base = monday_of(self._first) if self._step == 7 else self._first
        self._today = today
        self._open = open_dates
        self._newest = min(self._last, newest_date(today, open_dates).toordinal())
        # Open dates and those to come are looked at one by one, all before them are closed.
        self._settled = min([today.toordinal(), *(day.toordinal() for day in open_dates)])
        size = (self._last - self._base) // self._step + 1
        self._credited = [0] * size
        self._required = [0] * size
        self._excused = [0] * size
        # Adding a weekday to consecutive whole buckets is a step up and a step down.
        self._steps = [0] * (size + 1)

    def add(self, history: SystemHistory) -> None:
        if self._newest < self._first:
            return
        excused = excused_skips(history)
        window = monday_of(self._first), monday_of(self._newest) + 7
        for stretch in stretches(history, *window):
            if isinstance(stretch, DateSpan):
                self._add_dates(stretch, history.credited, excused)
            elif isinstance(stretch, Week):
                self._add_week(stretch, history.credited)
            else:
                self._add_weeks(stretch, history.credited)

    def tallies(self) -> list[Tally]:
        evenly = accumulate(self._steps[:-1])
        required = [own + even for own, even in zip(self._required, evenly, strict=True)]
        return [Tally(*row) for row in zip(self._credited, required, self._excused, strict=True)]

    def _bucket(self, ordinal: int) -> int:
        return (ordinal - self._base) // self._step

    def _add_dates(
        self, span: DateSpan, credited: AbstractSet[date], excused: AbstractSet[date]
    ) -> None:
        span = span._replace(
            first=max(span.first, self._first), end=min(span.end, self._newest + 1)
        )
        self._count(span.pick(credited), self._credited)
        settled_before = min(max(self._settled, span.first), span.end)
        settled = span._replace(end=settled_before)
        self._require(settled)
        self._count(settled.pick(excused), self._excused)
        for ordinal in span._replace(first=settled_before).required_ordinals():
            day = date.fromordinal(ordinal)
            bucket = self._bucket(ordinal)
            closed = day < self._today and day not in self._open
            if day in credited or closed:
                self._required[bucket] += 1
            if closed and day in excused:
                self._excused[bucket] += 1

    def _count(self, days: Sequence[date], counts: list[int]) -> None:
        base, step = self._base, self._step
        for bucket, count in Counter((day.toordinal() - base) // step for day in days).items():
            counts[bucket] += count

    def _require(self, span: DateSpan) -> None:
        """Add the required dates of a span: its whole buckets at once, the rest one by one."""
        if self._step == 1 or span.end - span.first < 14:
            for ordinal in span.required_ordinals():
                self._required[self._bucket(ordinal)] += 1
            return
        whole_from, whole_until = monday_of(span.first + 6), monday_of(span.end)
        self._steps[self._bucket(whole_from)] += len(span.weekdays)
        self._steps[self._bucket(whole_until)] -= len(span.weekdays)
        for rest in (span._replace(end=whole_from), span._replace(first=whole_until)):
            for ordinal in rest.required_ordinals():
                self._required[self._bucket(ordinal)] += 1

    def _add_week(self, week: Week, credited: AbstractSet[date]) -> None:
        """A week belongs to the bucket of its last active date, or of today before that."""
        contribution = week.contribution(credited)
        if contribution < week.target and week.forgives(self._today, self._open):
            return
        falls_on = min(week.end - 1, self._today.toordinal())
        if self._first <= falls_on <= self._newest:
            self._credited[self._bucket(falls_on)] += contribution
            self._required[self._bucket(falls_on)] += week.target

    def _add_weeks(self, weeks: WholeWeeks, credited: AbstractSet[date]) -> None:
        """Weeks that are over at once, the others one by one. None ends before the range begins."""
        over = max(
            weeks.first,
            min(monday_of(self._settled), monday_of(self._newest + 1), weeks.end),
        )
        ordinals = (day.toordinal() for day in credited)
        by_monday = Counter(monday_of(o) for o in ordinals if weeks.first <= o < over)
        for monday, count in by_monday.items():
            self._credited[self._bucket(monday + 6)] += min(count, weeks.times)
        for monday in range(weeks.first, over, 7):
            self._required[self._bucket(monday + 6)] += weeks.times
        for monday in range(over, weeks.end, 7):
            self._add_week(Week(tuple(range(monday, monday + 7)), weeks.times), credited)
