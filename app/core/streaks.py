"""Streaks: how many occurrences in a row were credited, now and at best.

A pure function of schedule history, check-ins, pauses and today. Occurrences are walked newest
first. The walk for a current streak ends at the first miss, and any walk ends at the Monday before
which `earlier` says what there was (see `streak_checkpoints`): its cost does not depend on the age
of the history. A date is no miss while it accepts a check-in. `open_dates` are the dates that do
(today; before noon also yesterday; possibly more after travelling), and every one of them is
neutral until credited, skipped or not: what can still be done, or changed, has not been missed.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import date

from app.core.occurrences import Week, excused_skips, monday_of, newest_date, occurrences
from app.core.schedule import Earlier, SystemHistory


def system_streak(history: SystemHistory, today: date, *, open_dates: AbstractSet[date]) -> int:
    """How many required occurrences in a row are credited, newest first.

    Off-days, excused skips, paused dates and open dates are neutral. A week with a target is one
    occurrence: it counts as soon as the target is met and breaks when all of its dates are closed.
    """
    return _current(_system_outcomes(history, today, open_dates), history.earlier)


def longest_system_streak(
    history: SystemHistory, today: date, *, open_dates: AbstractSet[date]
) -> int:
    """The longest streak that the system ever had, the current one included."""
    return _longest(_system_outcomes(history, today, open_dates), history.earlier)


def user_streak(
    histories: Sequence[SystemHistory],
    today: date,
    *,
    open_dates: AbstractSet[date],
    earlier: Earlier | None = None,
) -> int:
    """How many dates in a row have at least one credited check-in, on off-days too.

    Open dates, and dates on which nothing was required or all of it excused, are neutral. A weekly
    target requires those dates without which it could not be met any more. `earlier` is the
    person's own; raises ValueError without one if the histories are shortened.
    """
    return _current(_user_outcomes(histories, today, open_dates, earlier), earlier)


def longest_user_streak(
    histories: Sequence[SystemHistory],
    today: date,
    *,
    open_dates: AbstractSet[date],
    earlier: Earlier | None = None,
) -> int:
    """The longest streak over all time; pass archived systems too, so that it never falls."""
    return _longest(_user_outcomes(histories, today, open_dates, earlier), earlier)


# Below, an outcome is whether an occurrence was credited or missed; neutral occurrences have none.
# Outcomes come newest first, back to the Monday of `earlier`.


def _current(outcomes: Iterator[bool], earlier: Earlier | None) -> int:
    length = 0
    for credited in outcomes:
        if not credited:
            return length
        length += 1
    return length if earlier is None else length + earlier.running


def _longest(outcomes: Iterator[bool], earlier: Earlier | None) -> int:
    longest = length = 0
    for credited in outcomes:
        if credited:
            length += 1
        else:
            longest, length = max(longest, length), 0
    if earlier is not None:
        longest, length = max(longest, earlier.longest), length + earlier.running
    return max(longest, length)


def _first_of(earlier: Earlier | None) -> int:
    return 1 if earlier is None else earlier.until.toordinal()


def _system_outcomes(
    history: SystemHistory, today: date, open_dates: AbstractSet[date]
) -> Iterator[bool]:
    credited, skipped = history.credited, history.skipped
    excused: AbstractSet[date] | None = None
    newest = newest_date(today, open_dates).toordinal()
    closed_before = today.toordinal()
    for occurrence in occurrences(history, _first_of(history.earlier), monday_of(newest) + 7):
        if isinstance(occurrence, Week):
            met = occurrence.contribution(credited) == occurrence.target
            if met or not occurrence.forgives(today, open_dates):
                yield met
            continue
        weekdays = occurrence.weekdays
        for ordinal in range(min(occurrence.end - 1, newest), occurrence.first - 1, -1):
            if (ordinal - 1) % 7 not in weekdays:
                continue
            day = date.fromordinal(ordinal)
            if day in credited:
                yield True
            elif ordinal < closed_before and day not in open_dates:
                if day in skipped:
                    if excused is None:
                        excused = excused_skips(history)
                    if day in excused:
                        continue
                yield False


def _user_outcomes(
    histories: Sequence[SystemHistory],
    today: date,
    open_dates: AbstractSet[date],
    earlier: Earlier | None,
) -> Iterator[bool]:
    if not histories:
        return
    if earlier is None and any(history.earlier is not None for history in histories):
        raise ValueError("Shortened histories need what the person's earlier dates come to.")
    credited_by_system = [history.credited for history in histories]
    newest = newest_date(today, open_dates).toordinal()
    begun = min(history.schedule[0].effective_from for history in histories).toordinal()
    first = max(begun, _first_of(earlier))
    demands = [_Demands(history, first, newest) for history in histories]
    closed_before = today.toordinal()
    for ordinal in range(newest, first - 1, -1):
        day = date.fromordinal(ordinal)
        for credited in credited_by_system:
            if day in credited:
                yield True
                break
        else:
            if ordinal < closed_before and day not in open_dates:
                for demand in demands:
                    if demand.includes(ordinal):
                        yield False
                        break


class _Demands:
    """The closed dates on which one system asked for a check-in, to be questioned newest first."""

    __slots__ = ("_chances", "_excused", "_history", "_occurrence", "_older")

    def __init__(self, history: SystemHistory, first: int, newest: int) -> None:
        self._history = history
        self._older = occurrences(history, first, monday_of(newest) + 7)
        self._occurrence = next(self._older, None)
        self._chances: frozenset[int] | None = None
        self._excused: AbstractSet[date] | None = None

    def includes(self, ordinal: int) -> bool:
        """Whether the system asked for an uncredited date, none later than the last one given."""
        occurrence = self._occurrence
        while occurrence is not None and occurrence.first > ordinal:
            occurrence = self._occurrence = next(self._older, None)
            self._chances = None
        if occurrence is None or occurrence.end <= ordinal:
            return False
        if isinstance(occurrence, Week):
            if self._chances is None:
                self._chances = occurrence.last_chances(self._history.credited)
            return ordinal in self._chances
        return (ordinal - 1) % 7 in occurrence.weekdays and not self._excuses(ordinal)

    def _excuses(self, ordinal: int) -> bool:
        day = date.fromordinal(ordinal)
        if day not in self._history.skipped:
            return False
        if self._excused is None:
            self._excused = excused_skips(self._history)
        return day in self._excused
