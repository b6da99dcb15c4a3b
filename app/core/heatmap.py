"""A year at a glance: for each date what was asked of somebody and what they did."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from app.core.occurrences import DateSpan, excused_skips, stretches
from app.core.schedule import SystemHistory


class HeatmapDate(NamedTuple):
    """`required` is None for a date that has not come yet."""

    day: date
    required: int | None
    credited: int


def heatmap(histories: Iterable[SystemHistory], year: int, today: date) -> list[HeatmapDate]:
    """All dates of a year, over some systems.

    Required are the dates of daily schedules and of chosen weekdays, less paused dates and excused
    skips. A number of times a week asks for no date in particular: it requires nothing here, but
    its check-ins, as those on off-days, are credited.
    """
    first, end = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1
    required, credited = Counter[int](), Counter[int]()
    for history in histories:
        credited.update(day.toordinal() for day in history.credited)
        for stretch in stretches(history, first, end):
            if isinstance(stretch, DateSpan):
                required.update(stretch.required_ordinals())
        required.subtract(day.toordinal() for day in excused_skips(history) if day.year == year)
    newest = today.toordinal()
    return [
        HeatmapDate(
            date.fromordinal(ordinal),
            required[ordinal] if ordinal <= newest else None,
            credited[ordinal],
        )
        for ordinal in range(first, end)
    ]
