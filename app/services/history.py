"""From stored rows to the arguments of the pure rules in `core`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from app.core.enums import SystemFrequency
from app.core.local_time import ZoneUse
from app.core.schedule import Pause, SchedulePeriod, SystemHistory


def system_history(
    *,
    schedules: Iterable[Mapping[str, Any]],
    pauses: Iterable[Mapping[str, Any]],
    credited: Iterable[date],
    skipped: Iterable[date],
) -> SystemHistory:
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
    )


def zone_uses(newest_first: Sequence[Mapping[str, Any]]) -> list[ZoneUse]:
    """Each zone with the time until which it was used, oldest first."""
    uses: list[ZoneUse] = []
    until: datetime | None = None
    for row in newest_first:
        since = datetime.fromisoformat(row["used_from"])
        uses.append(ZoneUse(row["timezone"], since, until))
        until = since
    return uses[::-1]
