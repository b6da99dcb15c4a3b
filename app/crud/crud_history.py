"""What streaks and progress are computed from: schedules, pauses and dates, one row a system.

How many dates are read does not grow with the age of a system: what those before its owner's
checkpoint come to is read instead of them (see `core/streak_checkpoints.py`).
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Date,
    String,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.orm import InstrumentedAttribute, aliased
from sqlalchemy.sql.selectable import ScalarSelect

from app.crud.base_crud import BaseCrud
from app.db.models import (
    Checkin,
    Goal,
    StreakCheckpoint,
    System,
    SystemPause,
    SystemSchedule,
    User,
    UserTimezone,
)
from app.db.query import Query, unseen


class HistoryRow(TypedDict):
    """`schedules`, `pauses` and `zones` are JSON objects with ISO dates; the lists hold dates.

    `until` is where the owner's checkpoint lies. `earlier`, a JSON object, is what stands for the
    system's dates before it if they were not read.
    """

    user_id: UUID
    system_id: UUID
    goal_id: UUID | None
    zones: list[dict[str, Any]]
    schedules: list[dict[str, Any]]
    pauses: list[dict[str, Any]]
    credited: list[date]
    skipped: list[date]
    until: date | None
    earlier: dict[str, Any] | None


# Written out: a plan for any parameters would guess at them, and not use the index on skips.
_BEGINNING: ColumnElement[date] = literal_column("'-infinity'::date", Date)
_SKIPPED: ColumnElement[str] = literal_column("'skipped'")
_ONE: ColumnElement[int] = literal_column("1")
# Far more than anybody can live in while a date is open.
_ENOUGH_ZONES: ColumnElement[int] = literal_column("20")

SCHEDULES = (
    select(
        func.jsonb_agg(
            aggregate_order_by(
                func.jsonb_build_object(
                    "effective_from",
                    SystemSchedule.effective_from,
                    "frequency",
                    SystemSchedule.frequency,
                    "details",
                    SystemSchedule.frequency_details,
                ),
                SystemSchedule.effective_from,
            )
        )
    )
    .where(SystemSchedule.system_id == System.id)
    .correlate(System)
    .scalar_subquery()
    .label("schedules")
)
PAUSES = (
    select(
        func.coalesce(
            func.jsonb_agg(
                func.jsonb_build_object(
                    "starts_on", SystemPause.starts_on, "ends_on", SystemPause.ends_on
                )
            ),
            func.jsonb_build_array(),
        )
    )
    .where(SystemPause.system_id == System.id)
    .correlate(System)
    .scalar_subquery()
    .label("pauses")
)


def _zones_of(owner_id: InstrumentedAttribute[UUID]) -> ScalarSelect[Any]:
    """The zones that a person has lived in of late, newest first, as JSON."""
    recent = (
        select(UserTimezone.timezone, UserTimezone.used_from)
        .where(UserTimezone.user_id == owner_id)
        .order_by(UserTimezone.used_from.desc())
        .limit(_ENOUGH_ZONES)
        .correlate(System, User)
        .subquery()
    )
    return select(
        func.jsonb_agg(
            func.jsonb_build_object("timezone", recent.c.timezone, "used_from", recent.c.used_from)
        )
    ).scalar_subquery()


OWNER_ZONES = _zones_of(System.user_id)


def _dates(*conditions: ColumnElement[bool]) -> ColumnElement[Any]:
    chosen = (
        select(Checkin.checkin_date_local)
        .where(Checkin.system_id == System.id, *conditions)
        .correlate_except(Checkin)
    )
    return func.array(chosen.scalar_subquery(), type_=ARRAY(Date))


def credited_dates(since: ColumnElement[date]) -> ColumnElement[Any]:
    return _dates(Checkin.status != _SKIPPED, Checkin.checkin_date_local >= since).label("credited")


def skipped_dates(since: ColumnElement[date]) -> ColumnElement[Any]:
    return _dates(Checkin.status == _SKIPPED, Checkin.checkin_date_local >= since).label("skipped")


def excuses_from(day: ColumnElement[date]) -> ColumnElement[date]:
    """From when on skips are needed to tell which ones on or after `day` are excused.

    Whether a skip is excused depends on the ones before it, up to the last one that had no other
    within the six dates before it: that one was excused for certain.
    """
    skip, other = aliased(Checkin), aliased(Checkin)
    seen = skip.checkin_date_local
    before = (
        select(func.max(other.checkin_date_local))
        .where(
            other.system_id == skip.system_id,
            other.status == _SKIPPED,
            other.checkin_date_local < seen,
        )
        .correlate(skip)
        .scalar_subquery()
    )
    certain = (
        select(seen)
        .where(
            skip.system_id == System.id,
            skip.status == _SKIPPED,
            seen < day,
            func.coalesce(before, _BEGINNING) < seen - 6,
        )
        .order_by(seen.desc())
        .limit(_ONE)
        .correlate_except(skip)
        .scalar_subquery()
    )
    return func.coalesce(certain, _BEGINNING)


def checkpoints_of(
    owners: Callable[[InstrumentedAttribute[UUID]], ColumnElement[bool]],
    begun: ColumnElement[date] = _BEGINNING,
) -> CTE:
    """The checkpoints of some people. `owners` tells who from a user's id."""
    return (
        select(StreakCheckpoint)
        .where(owners(StreakCheckpoint.user_id), StreakCheckpoint.begun == begun)
        .cte("checkpoint")
        .prefix_with("MATERIALIZED")  # looked at once, not once a system
    )


def since_checkpoint(checkpoint: CTE) -> tuple[ColumnElement[Any], ...]:
    """What a system's streaks need, of a statement that joins its owner's `checkpoint`."""
    since = func.coalesce(checkpoint.c.until, _BEGINNING)
    return (
        OWNER_ZONES.label("zones"),
        SCHEDULES,
        PAUSES,
        credited_dates(since),
        skipped_dates(since),
        checkpoint.c.until,
        _earlier(checkpoint).label("earlier"),
    )


def _earlier(checkpoint: CTE) -> ColumnElement[Any]:
    """Null without a checkpoint, and for a system that was made after it."""
    of_system = checkpoint.c.systems[cast(System.id, String)]
    until = func.jsonb_build_object("until", checkpoint.c.until)
    return cast(of_system.op("||")(until), JSONB)


_goal_ids = unseen("goal_ids", ARRAY(Uuid))
_owner_ids = unseen("owner_ids", ARRAY(Uuid))
_lately = unseen("lately", Date())
_goal_checkpoint = checkpoints_of(lambda user_id: user_id == any_(_owner_ids))
_owner_timezone = (
    select(User.timezone).where(User.id == Goal.user_id).correlate(Goal).scalar_subquery()
)
_started = func.coalesce(
    Goal.start_date, cast(func.timezone(_owner_timezone, Goal.created_at), Date)
)
_begun = (
    select(func.min(SystemSchedule.effective_from))
    .where(SystemSchedule.system_id == System.id)
    .correlate(System)
    .scalar_subquery()
)
_is_summed_up = and_(
    _goal_checkpoint.c.systems.has_key(cast(System.id, String)),
    Goal.target_date >= _goal_checkpoint.c.until,
    _started <= _begun,
)
OF_GOALS = Query(
    select(
        System.user_id,
        System.id.label("system_id"),
        System.goal_id,
        OWNER_ZONES.label("zones"),
        SCHEDULES,
        PAUSES,
        credited_dates(
            case(
                (Goal.target_date.is_(None), _lately),
                (_is_summed_up, _goal_checkpoint.c.until),
                else_=_started - 1,  # should the database know another rule of the zone
            )
        ),
        skipped_dates(excuses_from(_lately)),
        _goal_checkpoint.c.until,
        case((_is_summed_up, _earlier(_goal_checkpoint)), else_=None).label("earlier"),
    )
    .select_from(System)
    .join(Goal, Goal.id == System.goal_id)
    .outerjoin(_goal_checkpoint, _goal_checkpoint.c.user_id == System.user_id)
    .where(System.goal_id == any_(_goal_ids)),
    HistoryRow,
)


class PersonHistoryRow(HistoryRow):
    """`system_id` is null on the only row of somebody without a system.

    `longest` and `running` are what all of the person's dates before `until` come to; these and
    `earlier` as if no system had begun before the date asked for.
    """

    longest: int | None
    running: int | None


_user_ids = bindparam("user_ids", type_=ARRAY(Uuid))
_since = bindparam("since", type_=Date)
_checkpoint = checkpoints_of(
    lambda user_id: user_id == any_(_user_ids), bindparam("begun", type_=Date)
)
_until = _checkpoint.c.until
OF_PEOPLE = Query(
    select(
        User.id.label("user_id"),
        System.id.label("system_id"),
        System.goal_id,
        _zones_of(User.id).label("zones"),
        SCHEDULES,
        PAUSES,
        credited_dates(case((_until.is_(None), _BEGINNING), else_=func.least(_since, _until))),
        skipped_dates(
            case(
                (_until.is_(None), _BEGINNING),
                (_since >= _until, _until),
                else_=excuses_from(_since),
            )
        ),
        _until,
        _earlier(_checkpoint).label("earlier"),
        _checkpoint.c.longest,
        _checkpoint.c.running,
    )
    .select_from(User)
    .outerjoin(System, System.user_id == User.id)
    .outerjoin(_checkpoint, _checkpoint.c.user_id == User.id)
    .where(User.id == any_(_user_ids)),
    PersonHistoryRow,
)


class HistoryCrud(BaseCrud):
    async def of_people(
        self, user_ids: Sequence[UUID], *, since: date, begun: date = date.min
    ) -> list[PersonHistoryRow]:
        """All systems of some people, also paused ones and those of archived goals.

        With the dates since `since` or the checkpoint for `begun`, whichever is earlier.
        """
        return await self.session.fetch_all(OF_PEOPLE, user_ids=user_ids, since=since, begun=begun)

    async def of_goals(
        self, goal_ids: Sequence[UUID], owner_ids: Sequence[UUID], *, lately: date
    ) -> list[HistoryRow]:
        """What the progress of these owners' goals depends on, one row for each of their systems.

        With the credits since the goal's start if it has a target date, otherwise since `lately`.
        """
        return await self.session.fetch_all(
            OF_GOALS, goal_ids=goal_ids, owner_ids=owner_ids, lately=lately
        )
