"""What a system asks for and when: its schedule over time, its pauses, its check-ins by date.

A schedule is `daily`, `weekly` on certain weekdays (0 is Monday), or `weekly` a number of times in
each ISO week. The stored details use snake_case keys; requests may use either spelling.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from typing import Any

from app.core.enums import SystemFrequency

EVERY_WEEKDAY = frozenset(range(7))
_NO_WEEKDAY: frozenset[int] = frozenset()
_WEEKDAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_KEY_SPELLINGS = {
    "daysOfWeek": "days_of_week",
    "days_of_week": "days_of_week",
    "timesPerWeek": "times_per_week",
    "times_per_week": "times_per_week",
}


@dataclass(frozen=True, slots=True)
class SchedulePeriod:
    """A schedule and the first date on which it applies; it lasts until the next period begins."""

    effective_from: date
    frequency: SystemFrequency
    days_of_week: frozenset[int] | None = None
    times_per_week: int | None = None

    def __post_init__(self) -> None:
        weekly = self.frequency == SystemFrequency.WEEKLY
        if weekly != bool(self.days_of_week) + bool(self.times_per_week):
            raise ValueError(
                "A weekly schedule has days or a number of times, a daily one neither."
            )

    @classmethod
    def from_details(
        cls,
        effective_from: date,
        frequency: SystemFrequency,
        details: Mapping[str, Any] | None,
    ) -> "SchedulePeriod":
        """The period that stored (already validated) details describe."""
        stored = details or {}
        days = stored.get("days_of_week")
        return cls(
            effective_from,
            frequency,
            None if days is None else frozenset(days),
            stored.get("times_per_week"),
        )

    @property
    def weekdays(self) -> frozenset[int]:
        """The weekdays whose dates are required; none where only the number per week is."""
        if self.frequency == SystemFrequency.DAILY:
            return EVERY_WEEKDAY
        return self.days_of_week or _NO_WEEKDAY


@dataclass(frozen=True, slots=True)
class Pause:
    """Dates on which nothing is asked, without `ends_on` itself; None: still paused."""

    starts_on: date
    ends_on: date | None = None


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the dates before `until`, a Monday, come to, for a system or (over all) for a person.

    `running` is the streak that reaches up to `until`. Only of a system: `last_excused`, its newest
    skip that was excused; `credited` and `skipped`, how many dates were; and `met`, how many of the
    credited ones were asked for, in a week with a target none beyond it.
    """

    until: date
    longest: int
    running: int
    last_excused: date | None = None
    credited: int = 0
    met: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class SystemHistory:
    """All that streaks and consistency depend on, for one system.

    `schedule` is oldest first; its first period begins on the system's creation date. `pauses` may
    come in any order and overlap. `credited` and `skipped` are local dates; a date has one
    check-in, so that it is in at most one of them (credit wins if it is in both).

    With `earlier`, both may lack dates before its Monday: streaks are still those of the whole
    history, and so are excused skips from that Monday on. Schedules and pauses are always complete.
    """

    schedule: tuple[SchedulePeriod, ...]
    pauses: tuple[Pause, ...] = ()
    credited: AbstractSet[date] = frozenset()
    skipped: AbstractSet[date] = frozenset()
    earlier: Earlier | None = None
    part_of: "SystemHistory | None" = None


def clipped(
    history: SystemHistory,
    start: date,
    end: date | None = None,
    *,
    earlier: Earlier | None = None,
) -> SystemHistory:
    """The history as if the system had begun on `start`, at the earliest, and ended after `end`.

    For what happened within a partnership: weekly targets are decided from there on. Which skips
    are excused stays as the whole history decides. A streak of the result needs all of its dates,
    or the `earlier` of a history that was clipped alike.
    """
    begun = [period for period in history.schedule if period.effective_from <= start]
    schedule = history.schedule[len(begun) :]
    if begun:
        schedule = (replace(begun[-1], effective_from=start), *schedule)
    after = () if end is None else (Pause(end + timedelta(days=1)),)
    return replace(
        history,
        schedule=schedule,
        pauses=(*history.pauses, *after),
        earlier=earlier,
        part_of=history.part_of or history,
    )


def parse_frequency_details(
    frequency: SystemFrequency, details: Mapping[str, object] | None
) -> dict[str, Any] | None:
    """The details as they are stored: snake_case, days sorted; None for a daily schedule.

    Raises ValueError with a sentence for the person who sent them.
    """
    if frequency == SystemFrequency.DAILY:
        if details:
            raise ValueError("A daily schedule takes no frequency details.")
        return None
    if not details:
        raise ValueError("A weekly schedule needs either daysOfWeek or timesPerWeek.")
    if len(details) != 1:
        raise ValueError("Give exactly one of daysOfWeek and timesPerWeek.")
    ((key, value),) = details.items()
    match _KEY_SPELLINGS.get(key):
        case "days_of_week":
            return {"days_of_week": _parse_days(value)}
        case "times_per_week":
            return {"times_per_week": _parse_times(value)}
        case _:
            raise ValueError("The only frequency details are daysOfWeek and timesPerWeek.")


def _parse_days(value: object) -> list[int]:
    if not isinstance(value, Sequence) or isinstance(value, str | bytes) or not value:
        raise ValueError("daysOfWeek must be a list of 1 to 7 days.")
    days = [day for day in value if _is_integer(day) and day in EVERY_WEEKDAY]
    if len(days) != len(value):
        raise ValueError("Each of daysOfWeek must be a whole number from 0 (Monday) to 6 (Sunday).")
    if len(set(days)) != len(days):
        raise ValueError("daysOfWeek must not name the same day twice.")
    return sorted(days)


def _parse_times(value: object) -> int:
    if not isinstance(value, int) or not _is_integer(value) or not 1 <= value <= 7:
        raise ValueError("timesPerWeek must be a whole number from 1 to 7.")
    return value


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def describe_schedule(
    frequency: SystemFrequency, details: Mapping[str, Any] | None, target_time: time | None
) -> str:
    """A schedule in words: "Every day at 07:00", "Mon, Wed, Fri at 07:00", "3 times a week"."""
    words = _describe_dates(SchedulePeriod.from_details(date.min, frequency, details))
    return words if target_time is None else f"{words} at {target_time:%H:%M}"


def _describe_dates(period: SchedulePeriod) -> str:
    if period.times_per_week is not None:
        return (
            "Once a week" if period.times_per_week == 1 else f"{period.times_per_week} times a week"
        )
    if period.weekdays == EVERY_WEEKDAY:
        return "Every day"
    return ", ".join(_WEEKDAY_NAMES[day] for day in sorted(period.weekdays))
