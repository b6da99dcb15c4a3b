"""Local dates and instants: which date it is for a person, and which dates accept a check-in.

A local date is a label in a person's own calendar, never an instant plus 24 hours. Instants are
aware datetimes; the functions that return one return UTC. Nothing here reads the wall clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

_NOON = time(12)
_ONE_DAY = timedelta(days=1)
_ONE_SECOND = timedelta(seconds=1)

# Two people's calendars are at most two dates apart (UTC-12 and UTC+14 differ by 26 hours), so no
# date further than this from a person's today can be open, wherever that person has been.
_REACH = 2

# A zone that was left longer ago than this was left before any date that may be open began.
_MEMORY = timedelta(days=_REACH + 3)

# Files that a machine's zone directory may hold and that name no zone of the IANA database.
_NOT_ZONES = frozenset({"localtime", "posixrules", "Factory"})


@cache
def known_timezones() -> frozenset[str]:
    """Every IANA zone that there is, also old names of one. The first call reads the list."""
    return frozenset(available_timezones()) - _NOT_ZONES


def is_known_timezone(name: str) -> bool:
    """Whether `name` is an IANA zone, spelled exactly as the database spells it.

    The first call reads the list of zones (tens of milliseconds).
    """
    return name in known_timezones()


@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo:
    """A known zone; read once, and kept."""
    return ZoneInfo(name)


def today(now: datetime, timezone: str) -> date:
    """The date on the calendar of `timezone` (a known one) at the instant `now`."""
    if now.tzinfo is None:
        raise ValueError("An instant needs a timezone.")
    return now.astimezone(zone_named(timezone)).date()


def local_instant(day: date, at: time, timezone: str) -> datetime:
    """The UTC instant at which clocks in `timezone` first show `day` and `at`.

    A time that a clock change skips gives the first instant after the gap, even where the gap
    swallows the whole date (Apia, 30 December 2011); one that occurs twice gives its first
    occurrence.
    """
    zone = zone_named(timezone)
    at = at.replace(tzinfo=None, fold=0)
    before = _utc_offset(datetime.combine(day, at, zone))
    after = _utc_offset(datetime.combine(day, at.replace(fold=1), zone))
    as_utc = datetime.combine(day, at, UTC)
    if before >= after:  # the only time (equal), or the first of two
        return as_utc - before
    # In a gap, the offset before the change leads to an instant after it, and the other way round.
    return _first_instant_past(datetime.combine(day, at), zone, as_utc - after, as_utc - before)


def newest_past(at: time, now: datetime, timezone: str) -> date:
    """The newest date on which `at` is over at the instant `now`, by the clocks in `timezone`."""
    day = today(now, timezone)
    return day if local_instant(day, at, timezone) < now else day - _ONE_DAY


def _utc_offset(local: datetime) -> timedelta:
    return local.utcoffset() or timedelta(0)


def _first_instant_past(wall: datetime, zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The first whole second in (low, high] at which clocks in `zone` show later than `wall`."""
    low = low.replace(microsecond=0)
    too_early, late_enough = 0, -(-(high - low) // _ONE_SECOND)
    while late_enough - too_early > 1:
        middle = (too_early + late_enough) // 2
        shown = (low + middle * _ONE_SECOND).astimezone(zone).replace(tzinfo=None)
        if shown > wall:
            late_enough = middle
        else:
            too_early = middle
    return low + late_enough * _ONE_SECOND


@dataclass(frozen=True, slots=True)
class ZoneUse:
    """A stretch of time in which a person's timezone was `timezone`; the current one has no end."""

    timezone: str
    used_from: datetime
    used_until: datetime | None

    def lasted_past(self, instant: datetime) -> bool:
        """Whether the zone was in use at `instant` or at any time after it."""
        return self.used_until is None or self.used_until > instant


class CheckinWindow(Enum):
    """Whether a local date accepts a check-in."""

    OPEN = "open"
    OPEN_LATE = "open_late"  # the date has ended in the person's current zone
    CLOSED = "closed"
    IN_FUTURE = "in_future"

    @property
    def is_open(self) -> bool:
        return self in (CheckinWindow.OPEN, CheckinWindow.OPEN_LATE)


def current_zone(zones: Sequence[ZoneUse]) -> str:
    """The timezone that is in use now."""
    for use in reversed(zones):
        if use.used_until is None:
            return use.timezone
    raise ValueError("No timezone is in use.")


def closes_at(local_date: date, zones: Sequence[ZoneUse]) -> datetime:
    """The instant from which `local_date` refuses check-ins.

    That is the latest noon of the following date among the zones used since the date began, where a
    zone counts if it was in use at or after the date's first instant in that zone. The current zone
    always counts, so that a change of zone may open a date again but never closes an open one.
    """
    return max(
        local_instant(local_date + _ONE_DAY, _NOON, use.timezone)
        for use in zones
        if use.used_until is None or use.lasted_past(_first_instant(local_date, use))
    )


def checkin_window(local_date: date, now: datetime, zones: Sequence[ZoneUse]) -> CheckinWindow:
    """Whether `local_date` accepts a check-in at `now` from someone who has lived in `zones`.

    Today in the current zone is always open. A date that began in an earlier zone stays open when
    its owner travels west, back to the date before: a date that is lived twice is one date.
    """
    days_ago = (today(now, current_zone(zones)) - local_date).days
    if days_ago == 0:
        return CheckinWindow.OPEN
    if days_ago < 0:
        begun = -days_ago <= _REACH and _began_in_an_earlier_zone(local_date, zones)
        return CheckinWindow.OPEN if begun else CheckinWindow.IN_FUTURE
    if days_ago > _REACH or now >= closes_at(local_date, zones):
        return CheckinWindow.CLOSED
    return CheckinWindow.OPEN_LATE


def open_dates(now: datetime, zones: Sequence[ZoneUse]) -> frozenset[date]:
    """The dates that accept a check-in: today, yesterday before noon, others after travelling."""
    here = today(now, current_zone(zones))
    recent = [use for use in zones if use.lasted_past(now - _MEMORY)]
    nearby = (here + timedelta(days=offset) for offset in range(-_REACH, _REACH + 1))
    return frozenset(day for day in nearby if checkin_window(day, now, recent).is_open)


def _first_instant(local_date: date, use: ZoneUse) -> datetime:
    return local_instant(local_date, time.min, use.timezone)


def _began_in_an_earlier_zone(local_date: date, zones: Sequence[ZoneUse]) -> bool:
    return any(
        use.used_until is not None and use.lasted_past(_first_instant(local_date, use))
        for use in zones
    )
