"""From when a changed schedule applies: the past keeps what it had.

Dates are in the calendar of the system's owner.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from app.core.schedule import SchedulePeriod

_ONE_DAY = timedelta(days=1)


class ScheduleChange(NamedTuple):
    """Periods that begin after `kept_until` are withdrawn; the wanted one begins on `begins_on`.

    `begins_on` is None when the schedule that applies already is the wanted one.
    """

    kept_until: date
    begins_on: date | None


def schedule_change(
    periods: Sequence[SchedulePeriod], wanted: SchedulePeriod, today: date
) -> ScheduleChange:
    """How `wanted`, whatever its own date, follows on the periods (oldest first) from tomorrow on.

    A change that still waits for tomorrow is replaced. The first period is never withdrawn, not
    even one that begins after today, as after travelling west.
    """
    begun = sum(period.effective_from <= today for period in periods)
    applies = periods[max(begun, 1) - 1]
    kept_until = applies.effective_from
    if replace(wanted, effective_from=kept_until) == applies:
        return ScheduleChange(kept_until, None)
    return ScheduleChange(kept_until, max(today, kept_until) + _ONE_DAY)
