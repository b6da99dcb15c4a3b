"""Ranges of dates on the progress page, and the buckets in which a range is drawn.

Dates are those of the caller's calendar; both ends of a range belong to it.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from app.core.enums import LenientEnum

EARLIEST = date(1970, 1, 1)
LATEST = date(2999, 12, 31)
LONGEST_YEARS = 10
# Longer ranges are drawn by week: a point a day would be noise.
MOST_DAILY_POINTS = 92

_ONE_DAY = timedelta(days=1)


class DateRangePreset(LenientEnum):
    LAST_7_DAYS = "last7d"
    LAST_30_DAYS = "last30d"
    LAST_90_DAYS = "last90d"
    THIS_MONTH = "thisMonth"
    LAST_MONTH = "lastMonth"
    MONTH_TO_DATE = "monthToDate"
    ALL_TIME = "allTime"
    CUSTOM = "custom"


_LAST_DAYS = {
    DateRangePreset.LAST_7_DAYS: 7,
    DateRangePreset.LAST_30_DAYS: 30,
    DateRangePreset.LAST_90_DAYS: 90,
}


class DateRange(NamedTuple):
    start: date
    end: date

    def by_week(self) -> bool:
        """Whether it is too long for a bucket a day."""
        return (self.end - self.start).days >= MOST_DAILY_POINTS

    def buckets(self) -> Iterator["DateRange"]:
        """Its days, or the ISO weeks (from Monday) of a long range as far as they lie in it."""
        first = self.start
        while first <= self.end:
            days_after = 6 - first.weekday() if self.by_week() else 0
            last = min(first + timedelta(days=days_after), self.end)
            yield DateRange(first, last)
            first = last + _ONE_DAY


class DatesRefused(ValueError):
    """Dates that make no range; `field` is the one to blame."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


def preset_range(preset: DateRangePreset, today: date, *, began: date) -> DateRange:
    """The range that a preset, other than `custom`, means on `today`.

    `thisMonth` is the whole calendar month, the days to come included; `monthToDate` ends today.
    `allTime` starts on `began`, the creation date of the first system.
    """
    if preset in _LAST_DAYS:
        return DateRange(today - timedelta(days=_LAST_DAYS[preset] - 1), today)
    first_of_month = today.replace(day=1)
    match preset:
        case DateRangePreset.MONTH_TO_DATE:
            return DateRange(first_of_month, today)
        case DateRangePreset.THIS_MONTH:
            return DateRange(first_of_month, _end_of_month(today))
        case DateRangePreset.LAST_MONTH:
            last = first_of_month - _ONE_DAY
            return DateRange(last.replace(day=1), last)
        case DateRangePreset.ALL_TIME:
            return DateRange(min(began, today), today)
        case _:
            raise ValueError("A custom range has dates of its own.")


def custom_range(start: date | None, end: date | None) -> DateRange:
    """The range between two given dates. Raises DatesRefused."""
    for field, day in (("startDate", start), ("endDate", end)):
        if day is not None and not EARLIEST <= day <= LATEST:
            raise DatesRefused(
                f"Choose a date between {EARLIEST.year} and {LATEST.year}.", field=field
            )
    if start is None:
        raise DatesRefused("Choose the date on which the range starts.", field="startDate")
    if end is None:
        raise DatesRefused("Choose the date on which the range ends.", field="endDate")
    if end < start:
        raise DatesRefused("The range must not end before it starts.", field="endDate")
    if end >= _years_after(start, LONGEST_YEARS):
        raise DatesRefused(f"Choose a range of at most {LONGEST_YEARS} years.", field="endDate")
    return DateRange(start, end)


def _end_of_month(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _years_after(day: date, years: int) -> date:
    """The same day of a later year; 1 March for 29 February where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
