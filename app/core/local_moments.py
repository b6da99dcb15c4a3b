"""What clocks show all over the world at one instant, for the scans that look for who is due.

Zones are looked at once each, however many people live in them. Everything follows
`local_time.local_instant`: a wall-clock time that does not exist comes with the first instant after
the gap, one that occurs twice comes the first time only.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from app.core.local_time import known_timezones, local_instant, today, zone_named

_ONE_DAY = timedelta(days=1)
_LAST_SECOND = 86_399


class LocalDay(NamedTuple):
    """A zone's date now, and the instant at which it began there."""

    timezone: str
    local_date: date
    began_at: datetime


class WallTimes(NamedTuple):
    """The wall-clock times of one date in a zone, both included, that came in a stretch of time.

    `utc_offset` is that of the zone at the end of the stretch.
    """

    timezone: str
    local_date: date
    first: time
    last: time
    utc_offset: timedelta


def local_days(now: datetime, *, past: time = time.min) -> list[LocalDay]:
    """Today in every zone in which clocks have shown the time `past` by now."""
    days = []
    for zone in sorted(known_timezones()):
        day = today(now, zone)
        if local_instant(day, past, zone) <= now:
            days.append(LocalDay(zone, day, local_instant(day, time.min, zone)))
    return days


def wall_times_everywhere(since: datetime, now: datetime) -> list[WallTimes]:
    """`wall_times` of every zone."""
    return [times for zone in sorted(known_timezones()) for times in wall_times(zone, since, now)]


def wall_times(timezone: str, since: datetime, now: datetime) -> list[WallTimes]:
    """Which dates and times, in whole seconds, came in a zone after `since` and until `now`.

    At most a few hours lie between the two: one date, or around midnight two.
    """
    begin, end = (instant.astimezone(zone_named(timezone)) for instant in (since, now))
    offset = end.utcoffset() or timedelta(0)
    if begin.utcoffset() == offset and not begin.fold and not end.fold:
        # No clock change in between, nor does this hour repeat an earlier one.
        def came(day: date) -> tuple[int, int]:
            return (
                _second_of(begin) + 1 if day == begin.date() else 0,
                _second_of(end) if day == end.date() else _LAST_SECOND,
            )

        dates: Iterable[date] = dict.fromkeys((begin.date(), end.date()))
    else:

        def came(day: date) -> tuple[int, int]:
            def instant(second: int) -> datetime:
                return local_instant(day, _time_at(second), timezone)

            return (
                _first_second(lambda second: instant(second) > since),
                _first_second(lambda second: instant(second) > now) - 1,
            )

        start = min(begin.date(), end.date()) - _ONE_DAY
        dates = [start + n * _ONE_DAY for n in range((end.date() - start).days + 2)]
    found = []
    for day in dates:
        first, last = came(day)
        if first <= last:
            found.append(WallTimes(timezone, day, _time_at(first), _time_at(last), offset))
    return found


def merged(times: Sequence[WallTimes]) -> list[tuple[time, time]]:
    """The same times without dates and zones, as few ranges that do not overlap."""
    ranges: list[tuple[time, time]] = []
    for first, last in sorted({(one.first, one.last) for one in times}):
        if ranges and first <= ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], max(ranges[-1][1], last))
        else:
            ranges.append((first, last))
    return ranges


def _first_second(holds: Callable[[int], bool]) -> int:
    """The first second of a day for which something holds, as it does from then on."""
    low, high = 0, _LAST_SECOND + 1
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def _second_of(local: datetime) -> int:
    return local.hour * 3600 + local.minute * 60 + local.second


def _time_at(second: int) -> time:
    return time(second // 3600, second // 60 % 60, second % 60)
