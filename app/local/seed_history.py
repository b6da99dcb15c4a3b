"""Goals, systems, their schedules and pauses, and the streaks that came of the check-ins."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID

from app.core.enums import GoalStatus
from app.core.local_time import ZoneUse, open_dates, today
from app.core.milestones import is_milestone
from app.core.schedule import Pause, SchedulePeriod, SystemHistory
from app.core.streaks import user_streak
from app.local.seed_checkins import checkins_of, credited
from app.local.seed_people import PEOPLE, Person, Stage, sample_id
from app.local.seed_practices import GOALS, SYSTEMS, SampleGoal, SampleSystem

Row = dict[str, Any]

_MORNING = time(0, 10)
_EVENING = time(21, 0)


@dataclass(frozen=True, slots=True)
class SampleHistory:
    """`checkins` are by system, oldest first."""

    goal_ids: Mapping[SampleGoal, UUID]
    system_ids: Mapping[str, UUID]
    checkins: Mapping[str, list[Row]]


def make_history(stage: Stage) -> SampleHistory:
    chance = Random("ids of goals and systems")
    goal_ids = {goal: sample_id(chance) for goal in GOALS}
    system_ids = {system.title: sample_id(chance) for system in SYSTEMS}
    return SampleHistory(
        goal_ids,
        system_ids,
        {system.title: checkins_of(system, system_ids[system.title], stage) for system in SYSTEMS},
    )


def goal_rows(history: SampleHistory, stage: Stage) -> list[Row]:
    rows = []
    for goal in GOALS:
        changed = goal.achieved if goal.achieved is not None else goal.archived
        created_at = stage.instant(goal.owner, goal.begins, _MORNING)
        changed_at = created_at if changed is None else stage.instant(goal.owner, changed, _EVENING)
        rows.append(
            {
                "id": history.goal_ids[goal],
                "user_id": stage.ids[goal.owner],
                "title": goal.title,
                "description": goal.description,
                "category": goal.category,
                "priority": goal.priority,
                "status": goal.status,
                "start_date": stage.day(goal.owner, goal.begins),
                "target_date": stage.day(goal.owner, goal.ends) if goal.ends else None,
                "achieved_at": changed_at if goal.status is GoalStatus.ACHIEVED else None,
                "is_archived": goal.archived is not None,
                "created_at": created_at,
                "updated_at": changed_at,
            }
        )
    return rows


def system_rows(history: SampleHistory, stage: Stage) -> list[Row]:
    rows = []
    for system in SYSTEMS:
        _, frequency, details = system.schedules[-1]
        created_at = stage.instant(system.owner, system.begins, _MORNING)
        rows.append(
            {
                "id": history.system_ids[system.title],
                "user_id": stage.ids[system.owner],
                "goal_id": history.goal_ids[system.goal] if system.goal else None,
                "title": system.title,
                "description": system.description,
                "status": system.status,
                "frequency": frequency,
                "frequency_details": details,
                "metric_type": system.metric,
                "target_value": system.target,
                "target_unit": system.unit,
                "target_time_local": system.at,
                "verification_required": system.verified,
                "checkin_reminder": system.reminder is not None,
                "reminder_time_local": system.reminder,
                "created_at": created_at,
                "updated_at": _last_change(system, stage) or created_at,
            }
        )
    return rows


def _last_change(system: SampleSystem, stage: Stage) -> datetime | None:
    """The evening before the newest schedule or pause began or a pause ended, if there is one."""
    firsts = [first for first, _, _ in system.schedules[1:]]
    rests = [number for rest in system.rests for number in rest if number is not None]
    numbers = firsts + rests
    return stage.instant(system.owner, max(numbers) - 1, _EVENING) if numbers else None


def schedule_rows(history: SampleHistory, stage: Stage) -> list[Row]:
    return [
        {
            "system_id": history.system_ids[system.title],
            "effective_from": stage.day(system.owner, first),
            "frequency": frequency,
            "frequency_details": details,
        }
        for system in SYSTEMS
        for first, frequency, details in system.schedules
    ]


def pause_rows(history: SampleHistory, stage: Stage) -> list[Row]:
    return [
        {
            "system_id": history.system_ids[system.title],
            "starts_on": stage.day(system.owner, since),
            "ends_on": None if until is None else stage.day(system.owner, until),
        }
        for system in SYSTEMS
        for since, until in system.rests
    ]


def milestone_rows(history: SampleHistory, stage: Stage) -> list[Row]:
    """Each streak that was worth telling, as of the check-in that reached it."""
    chance = Random("ids of milestones")
    return [
        {
            "id": sample_id(chance),
            "user_id": stage.ids[person],
            "partnership_id": stage.partnership_at(reached_at),
            "length": length,
            "local_date": local_date,
            "reached_at": reached_at,
        }
        for person in PEOPLE
        for length, local_date, reached_at in _milestones(person, history, stage)
    ]


def _milestones(
    person: Person, history: SampleHistory, stage: Stage
) -> Iterable[tuple[int, date, datetime]]:
    mine = [system for system in SYSTEMS if system.owner is person]
    logged = sorted(
        (
            (row["checkin_timestamp_utc"], row["checkin_date_local"], system.title)
            for system in mine
            for row in credited(history.checkins[system.title])
        ),
    )
    systems = {system.title: system_history(system, history, stage) for system in mine}
    so_far: dict[str, set[date]] = {system.title: set() for system in mine}
    zones = [ZoneUse(person.timezone, stage.begun_at, None)]
    seen: set[date] = set()
    for instant, local_date, title in logged:
        so_far[title].add(local_date)
        if local_date in seen:  # only the first credit of a date can lengthen the streak
            continue
        seen.add(local_date)
        length = user_streak(
            [replace(systems[title], credited=dates) for title, dates in so_far.items()],
            today(instant, person.timezone),
            open_dates=open_dates(instant, zones),
        )
        if is_milestone(length):
            yield length, local_date, instant


def system_history(system: SampleSystem, history: SampleHistory, stage: Stage) -> SystemHistory:
    rows = history.checkins[system.title]
    done = frozenset(row["checkin_date_local"] for row in credited(rows))
    return SystemHistory(
        schedule=tuple(
            SchedulePeriod.from_details(stage.day(system.owner, first), frequency, details)
            for first, frequency, details in system.schedules
        ),
        pauses=tuple(
            Pause(
                stage.day(system.owner, since),
                None if until is None else stage.day(system.owner, until),
            )
            for since, until in system.rests
        ),
        credited=done,
        skipped=frozenset(row["checkin_date_local"] for row in rows) - done,
    )


def shortly_after(instant: datetime, chance: Random, stage: Stage) -> datetime:
    """A moment within the next hours, but not after now."""
    return min(instant + timedelta(minutes=chance.randint(5, 240)), stage.now)
