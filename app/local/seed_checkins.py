"""Three months of check-ins, by the rules and a seeded chance."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID

from app.core.enums import CheckinStatus, SystemFrequency, SystemMetricType
from app.local.seed_people import DAYS, Stage, partner_of, sample_id
from app.local.seed_practices import BAD_DAYS, SampleSystem

Row = dict[str, Any]

_NOTES = (
    "Harder than it looked.",
    "Felt easy today.",
    "Nearly did not, then did.",
    "Rain, so shorter than planned.",
    "Best one this week.",
)
_QUERY = "Was that all of it? It looks like less than usual."
_OFF_DAY_CHANCE = 0.05
_NEXT_MORNING = time(8, 20)


def checkins_of(system: SampleSystem, system_id: UUID, stage: Stage) -> list[Row]:
    """What was logged on one system until now, oldest first."""
    chance = Random(f"check-ins of {system.title}")
    rows = [row for number in range(DAYS + 1) if (row := _day(system, number, stage, chance))]
    for row in rows:
        row |= {"system_id": system_id, "user_id": stage.ids[system.owner]}
    if system.verified:
        _decide(rows, system, stage, chance)
    return rows


def _day(system: SampleSystem, number: int, stage: Stage, chance: Random) -> Row | None:
    # Always as many draws, so that one day's does not depend on the days before it.
    row_id, luck, extra, tidiness = sample_id(chance), *(chance.random() for _ in range(3))
    minutes, strength, noted = chance.randint(-20, 35), chance.uniform(0.8, 1.5), chance.random()
    if number < system.begins or _rests(system, number) or number in BAD_DAYS[system.owner]:
        return None
    required = _is_wanted(system, number, stage, extra)
    regularity = system.regularity
    steady = number > DAYS - system.steady
    done = required and (steady or luck < regularity.done)
    skipped = required and not done and luck < regularity.done + regularity.skipped
    if not required and not _counts_weeks(system, number):
        done = extra < _OFF_DAY_CHANCE
    if not done and not skipped:
        return None
    is_late = done and tidiness < regularity.late and not _rests(system, number + 1)
    if is_late:
        instant = stage.instant(system.owner, number + 1, _NEXT_MORNING)
    else:
        instant = stage.instant(system.owner, number, system.at)
    instant += timedelta(minutes=minutes)
    if instant > stage.now:
        return None
    return {
        "id": row_id,
        "partnership_id": stage.partnership_at(instant),
        "checkin_timestamp_utc": instant,
        "checkin_date_local": stage.day(system.owner, number),
        "checkin_timezone": system.owner.timezone,
        "is_late": is_late,
        "status": CheckinStatus.SKIPPED if skipped else CheckinStatus.COMPLETED,
        "metric_value_logged": _value(system, strength) if done else None,
        "notes": _NOTES[int(noted * 40)] if done and noted * 40 < len(_NOTES) else None,
        "verified_by_partner_id": None,
        "verified_at_utc": None,
        "verifier_query": None,
        "created_at": instant,
        "updated_at": instant,
    }


def _rests(system: SampleSystem, number: int) -> bool:
    return any(
        since <= number and (until is None or number < until) for since, until in system.rests
    )


def _schedule_on(system: SampleSystem, number: int) -> tuple[SystemFrequency, dict[str, Any]]:
    newest = [
        (frequency, details) for since, frequency, details in system.schedules if since <= number
    ]
    frequency, details = newest[-1]
    return frequency, details or {}


def _counts_weeks(system: SampleSystem, number: int) -> bool:
    return "times_per_week" in _schedule_on(system, number)[1]


def _is_wanted(system: SampleSystem, number: int, stage: Stage, extra: float) -> bool:
    frequency, details = _schedule_on(system, number)
    if frequency is SystemFrequency.DAILY:
        return True
    if "days_of_week" in details:
        return stage.day(system.owner, number).weekday() in details["days_of_week"]
    return bool(extra < details["times_per_week"] / 6)


def _value(system: SampleSystem, strength: float) -> float | None:
    if system.metric is SystemMetricType.BINARY or system.target is None:
        return None
    return float(max(1, round(system.target * strength)))


def _decide(rows: list[Row], system: SampleSystem, stage: Stage, chance: Random) -> None:
    """All was verified but the newest, which waits, and the one before it, which was queried."""
    asked = [row for row in rows if _needs_a_decision(row)]
    for age, row in enumerate(reversed(asked)):
        logged: datetime = row["checkin_timestamp_utc"]
        decided_at = min(logged + timedelta(minutes=chance.randint(40, 500)), stage.now)
        if age == 0:
            row["status"] = CheckinStatus.PENDING_VERIFICATION
            continue
        row |= {
            "status": CheckinStatus.VERIFIED_COMPLETED,
            "verified_by_partner_id": stage.ids[partner_of(system.owner)],
            "verified_at_utc": decided_at,
            "updated_at": decided_at,
        }
        if age == 1:
            row |= {"status": CheckinStatus.QUERIED_BY_PARTNER, "verifier_query": _QUERY}


def _needs_a_decision(row: Row) -> bool:
    return row["status"] is CheckinStatus.COMPLETED and row["partnership_id"] is not None


def credited(rows: list[Row]) -> Iterator[Row]:
    return (row for row in rows if row["status"] is not CheckinStatus.SKIPPED)
