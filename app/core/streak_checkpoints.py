"""Where a long walk may begin: what the dates before some Monday come to, once and for all.

A checkpoint lies at least a week back, where nothing changes any more. Check-ins are made, edited
and deleted only while their date is open, which is two dates at most from today, in whatever zone;
a pause begins today at the earliest and a new schedule tomorrow. Verifying, querying and the end of
a partnership only move a check-in between states that are all credited. What can go is a whole
system, with its past: then its owner's checkpoints go, too. A system made later begins after it and
is not in it. Weeks never straddle a Monday, so that no weekly target is cut in two.

All of it holds for clipped histories, too: those of a person within a partnership.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Generic, TypeVar

from app.core.consistency import met
from app.core.occurrences import excused_skips
from app.core.schedule import Earlier, SystemHistory
from app.core.streaks import (
    longest_system_streak,
    longest_user_streak,
    system_streak,
    user_streak,
)

SETTLED_AFTER = timedelta(days=7)
MAY_LAG = timedelta(weeks=4)

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Checkpoint(Generic[Key]):
    """`person` is over all systems, `systems` for each of them; all have the same `until`."""

    person: Earlier
    systems: Mapping[Key, Earlier]


def next_checkpoint(begun: date, today: date, until: date | None) -> date | None:
    """The Monday for a new checkpoint of a person; None while the one that lies on `until` will do.

    Without one it is due when `begun`, a system's beginning, is as old as a checkpoint may lag.
    """
    settled = today - SETTLED_AFTER
    monday = settled - timedelta(days=settled.weekday())
    return monday if (until or begun) < monday - MAY_LAG else None


def make_checkpoint(
    systems: Mapping[Key, SystemHistory], until: date, earlier: Earlier | None = None
) -> Checkpoint[Key]:
    """What all dates before `until`, a Monday, come to, for all systems of a person.

    The histories may be shortened themselves: by `earlier`, the person's, and their own, none of
    them later than `until`.
    """
    before = {key: _before(history, until) for key, history in systems.items()}
    everything = [*before.values()]
    nothing_open: frozenset[date] = frozenset()
    return Checkpoint(
        Earlier(
            until,
            longest_user_streak(everything, until, open_dates=nothing_open, earlier=earlier),
            user_streak(everything, until, open_dates=nothing_open, earlier=earlier),
        ),
        {
            key: Earlier(
                until,
                longest_system_streak(history, until, open_dates=nothing_open),
                system_streak(history, until, open_dates=nothing_open),
                _last_excused(history, until),
                total_credited(history),
                _met(history, until),
                total_skipped(history),
            )
            for key, history in before.items()
        },
    )


def total_credited(history: SystemHistory) -> int:
    """How many dates were ever credited, of a shortened history, too."""
    earlier = history.earlier
    if earlier is None:
        return len(history.credited)
    return earlier.credited + sum(day >= earlier.until for day in history.credited)


def total_skipped(history: SystemHistory) -> int:
    """How many dates were ever skipped, of a shortened history, too."""
    earlier = history.earlier
    if earlier is None:
        return len(history.skipped)
    return earlier.skipped + sum(day >= earlier.until for day in history.skipped)


def _met(history: SystemHistory, until: date) -> int:
    earlier = history.earlier
    if earlier is None:
        return met(history, 1, until.toordinal())
    return earlier.met + met(history, earlier.until.toordinal(), until.toordinal())


def _before(history: SystemHistory, until: date) -> SystemHistory:
    return replace(
        history,
        credited={day for day in history.credited if day < until},
        skipped={day for day in history.skipped if day < until},
    )


def _last_excused(history: SystemHistory, until: date) -> date | None:
    """Those that `earlier` covers may have been decided from an incomplete history."""
    earlier = history.earlier
    excused = (day for day in excused_skips(history) if day < until)
    if earlier is None:
        return max(excused, default=None)
    return max((day for day in excused if day >= earlier.until), default=earlier.last_excused)
