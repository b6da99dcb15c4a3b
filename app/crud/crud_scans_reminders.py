"""The scan for system reminders: who is due, and has nothing logged, at this time on their clock.

Nothing decides later, so the statement decides all: the same rules as `core/system_cards.py`, for
the one date.
"""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Interval,
    String,
    Text,
    Time,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from app.core.enums import SystemFrequency
from app.core.local_moments import WallTimes
from app.core.notification_catalogue import CATALOGUE, NotificationPreference, NotificationType
from app.crud.base_crud import BaseCrud, IdRow
from app.crud.scan_writing import BATCH, is_switched_on
from app.db.models import Checkin, Goal, Notification, System, SystemPause, SystemSchedule, User
from app.db.query import Query

_KIND = CATALOGUE[NotificationType.SYSTEM_REMINDER]
# Literally as in the index.
_HAS_REMINDER: ColumnElement[Any] = literal_column(
    "systems.checkin_reminder AND systems.status = 'active'", Boolean
)


def _moments() -> Any:
    """Zones, their dates and the times that came, as parameters."""
    return (
        func.unnest(
            bindparam("timezones", type_=ARRAY(String)),
            bindparam("local_dates", type_=ARRAY(Date)),
            bindparam("first_times", type_=ARRAY(Time)),
            bindparam("last_times", type_=ARRAY(Time)),
            bindparam("utc_offsets", type_=ARRAY(Interval)),
        )
        .table_valued(
            Column("timezone", String),
            Column("local_date", Date),
            Column("first_time", Time),
            Column("last_time", Time),
            Column("utc_offset", Interval),
        )
        .render_derived(name="moments")
    )


def _times() -> Any:
    """The same times of all zones in few ranges, by which the index is searched first."""
    return (
        func.unnest(
            bindparam("range_begins", type_=ARRAY(Time)),
            bindparam("range_ends", type_=ARRAY(Time)),
        )
        .table_valued(Column("begins", Time), Column("ends", Time))
        .render_derived(name="times")
    )


def _is_paused(system: Any, day: ColumnElement[Any]) -> ColumnElement[bool]:
    return (
        select(SystemPause.id)
        .where(
            SystemPause.system_id == system.c.id,
            SystemPause.starts_on <= day,
            or_(SystemPause.ends_on.is_(None), SystemPause.ends_on > day),
        )
        .correlate_except(SystemPause)
        .exists()
    )


def _schedule_on(system: Any, day: ColumnElement[Any], name: str) -> Any:
    """What a system asks for on a date: one row, or none before it began."""
    return (
        select(SystemSchedule.frequency, SystemSchedule.frequency_details.label("details"))
        .where(SystemSchedule.system_id == system.c.id, SystemSchedule.effective_from <= day)
        .order_by(SystemSchedule.effective_from.desc())
        .limit(1)
        .correlate_except(SystemSchedule)
        .lateral(name)
    )


def _week_is_open(system: Any, day: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the week with a target to which a date belongs has not met it yet.

    It consists of the dates on which such a schedule applied and that were not paused.
    """
    offset = func.generate_series(0, 6).table_valued("n").render_derived(name="weekday")
    date_of = func.date_trunc("week", day).cast(Date) + offset.c.n.cast(Integer)
    schedule = _schedule_on(system, date_of, "week_schedule")
    times = schedule.c.details["times_per_week"].as_integer()
    credit = aliased(Checkin, name="credit")
    return (
        select(func.count(credit.id) < func.least(func.min(times), func.count()))
        .select_from(offset)
        .join(schedule, times.is_not(None))
        .outerjoin(
            credit,
            and_(
                credit.system_id == system.c.id,
                credit.checkin_date_local == date_of,
                literal_column("credit.status <> 'skipped'"),
            ),
        )
        .where(not_(_is_paused(system, date_of)))
        .correlate_except(offset, schedule, credit)
        .scalar_subquery()
    )


def _is_unmarked(newest: Any, day: ColumnElement[Any]) -> ColumnElement[bool]:
    return or_(newest.is_(None), newest < day)


def _near() -> CTE:
    """The systems with a reminder at one of the times, wherever their owners live."""
    times = _times()
    columns = (
        System.id,
        System.user_id,
        System.goal_id,
        System.reminder_time_local,
        System.last_reminder_local_date,
        System.created_at,
    )
    return (
        select(*columns)
        .join_from(times, System, System.reminder_time_local.between(times.c.begins, times.c.ends))
        .where(_HAS_REMINDER)
        .cte("near")
        .prefix_with("MATERIALIZED")  # first of all, by the index: mostly these are few
    )


def _due() -> CTE:
    near, moments = _near(), _moments()
    day = moments.c.local_date
    schedule = _schedule_on(near, day, "schedule")
    weekday = (func.extract("isodow", day) - 1).cast(Integer)
    is_due = case(
        (schedule.c.frequency == SystemFrequency.DAILY, True),
        (
            schedule.c.details.has_key("days_of_week"),
            schedule.c.details["days_of_week"].contains(func.to_jsonb(weekday)),
        ),
        else_=_week_is_open(near, day),
    )
    reminds_at = cast(day + near.c.reminder_time_local, DateTime) - moments.c.utc_offset
    is_logged = (
        select(Checkin.id)
        .where(Checkin.system_id == near.c.id, Checkin.checkin_date_local == day)
        .correlate_except(Checkin)
        .exists()
    )
    is_archived = select(Goal.id).where(Goal.id == near.c.goal_id, Goal.is_archived).exists()
    return (
        select(near.c.id, day.label("local_date"))
        .join_from(near, User, User.id == near.c.user_id)
        .join(
            moments,
            and_(
                moments.c.timezone == User.timezone,
                near.c.reminder_time_local.between(moments.c.first_time, moments.c.last_time),
            ),
        )
        .join(schedule, literal_column("true", Boolean))
        .where(
            _is_unmarked(near.c.last_reminder_local_date, day),
            # One that was made after its time of this date waits for tomorrow's.
            near.c.created_at <= func.timezone("UTC", reminds_at),
            User.is_active,
            is_switched_on(NotificationPreference.REMINDERS),
            not_(is_archived),
            not_(_is_paused(near, day)),
            not_(is_logged),
            is_due,
        )
        .cte("due")
        .prefix_with("MATERIALIZED")  # as in scan_writing
    )


def _remind() -> Query[IdRow]:
    due = _due()
    taken = (
        select(due.c.id, due.c.local_date)
        .join_from(due, System, System.id == due.c.id)
        .where(_is_unmarked(System.last_reminder_local_date, due.c.local_date))
        .limit(bindparam("at_most", type_=Integer))
        .with_for_update(of=System, key_share=True, skip_locked=True)
        .cte("taken")
    )
    marked = (
        update(System)
        .where(System.id == taken.c.id)
        .values(last_reminder_local_date=taken.c.local_date, updated_at=System.updated_at)
        .returning(System.id, System.user_id, System.title)
        .cte("marked")
    )
    columns: dict[Any, ColumnElement[Any]] = {
        Notification.recipient_id: marked.c.user_id,
        Notification.type: literal(NotificationType.SYSTEM_REMINDER.value),
        Notification.title: literal("Reminder"),
        Notification.message: func.concat(
            cast("It is time for '", Text), marked.c.title, cast("'.", Text)
        ),
        Notification.link_to: literal(_KIND.link),
        Notification.icon_identifier: literal(_KIND.icon),
        Notification.target_type: literal("system"),
        Notification.target_id: cast(marked.c.id, String),
        Notification.target_name: marked.c.title,
        Notification.created_at: bindparam("now", type_=DateTime(timezone=True)),
    }
    told = (
        insert(Notification)
        .from_select(
            [column.key for column in columns], select(*columns.values()), include_defaults=False
        )
        .returning(Notification.id)
    )
    return Query(told, IdRow)


REMIND = _remind()


class ReminderScanCrud(BaseCrud):
    async def write_reminders(
        self, moments: Sequence[WallTimes], ranges: Sequence[tuple[time, time]], now: datetime
    ) -> int:
        """Remind of what is due and not logged, once a date; returns how many were reminded.

        `moments` says which times came in which zones, `ranges` the same of all zones together.
        Call it outside of a transaction: each batch is final at once.
        """
        total = 0
        while True:
            written = await self.session.fetch_all(
                REMIND,
                timezones=[moment.timezone for moment in moments],
                local_dates=[moment.local_date for moment in moments],
                first_times=[moment.first for moment in moments],
                last_times=[moment.last for moment in moments],
                utc_offsets=[moment.utc_offset for moment in moments],
                range_begins=[begins for begins, _ in ranges],
                range_ends=[ends for _, ends in ranges],
                now=now,
                at_most=BATCH,
            )
            total += len(written)
            if len(written) < BATCH:
                return total
