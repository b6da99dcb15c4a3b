"""From stored rows to the arguments of the pure rules in `core`."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.core.enums import SystemFrequency
from app.core.local_time import ZoneUse, current_zone, open_dates, today
from app.core.schedule import Earlier, Pause, SchedulePeriod, SystemHistory


def system_history(
    *,
    schedules: Iterable[Mapping[str, Any]],
    pauses: Iterable[Mapping[str, Any]],
    credited: Iterable[date],
    skipped: Iterable[date],
    earlier: Mapping[str, Any] | None = None,
) -> SystemHistory:
    """`earlier` is what stands for the dates that were not read, as stored."""
    return SystemHistory(
        schedule=tuple(
            SchedulePeriod.from_details(
                date.fromisoformat(period["effective_from"]),
                SystemFrequency(period["frequency"]),
                period["details"],
            )
            for period in schedules
        ),
        pauses=tuple(
            Pause(
                date.fromisoformat(pause["starts_on"]),
                date.fromisoformat(pause["ends_on"]) if pause["ends_on"] else None,
            )
            for pause in pauses
        ),
        credited=frozenset(credited),
        skipped=frozenset(skipped),
        earlier=_stored_earlier(earlier),
    )


def _stored_earlier(stored: Mapping[str, Any] | None) -> Earlier | None:
    if stored is None:
        return None
    last_excused = stored["last_excused"]
    return Earlier(
        until=date.fromisoformat(stored["until"]),
        longest=stored["longest"],
        running=stored["running"],
        last_excused=date.fromisoformat(last_excused) if last_excused else None,
        credited=stored["credited"],
        met=stored["met"],
        skipped=stored["skipped"],
    )


@dataclass(frozen=True, slots=True)
class Calendar:
    """A person's dates as of one instant: `today` in `zone`, and those that accept a check-in."""

    zone: str
    today: date
    open_dates: AbstractSet[date]


class Calendars:
    """The calendars of people at one instant, each made once, from `zones` as they are stored."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._made: dict[tuple[tuple[str, str], ...], Calendar] = {}

    def of(self, zones: Sequence[Mapping[str, Any]]) -> Calendar:
        key = tuple((zone["timezone"], zone["used_from"]) for zone in zones)
        if key not in self._made:
            uses = zone_uses(zones)
            here = current_zone(uses)
            self._made[key] = Calendar(here, today(self._now, here), open_dates(self._now, uses))
        return self._made[key]


def zone_uses(newest_first: Sequence[Mapping[str, Any]]) -> list[ZoneUse]:
    """Each zone with the time until which it was used, oldest first."""
    uses: list[ZoneUse] = []
    until: datetime | None = None
    for row in newest_first:
        since = datetime.fromisoformat(row["used_from"])
        uses.append(ZoneUse(row["timezone"], since, until))
        until = since
    return uses[::-1]
