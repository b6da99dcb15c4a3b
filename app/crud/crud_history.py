"""What streaks and progress are computed from: schedules, pauses and dates, one row a system."""

from collections.abc import Sequence
from datetime import date
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Date, Uuid, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.selectable import ScalarSelect

from app.core.enums import CheckinStatus
from app.crud.base_crud import BaseCrud
from app.db.models import Checkin, System, SystemPause, SystemSchedule, UserTimezone
from app.db.query import Query


class HistoryRow(TypedDict):
    """`schedules`, `pauses` and `zones` are JSON objects with ISO dates; the lists hold dates."""

    system_id: UUID
    goal_id: UUID | None
    zones: list[dict[str, Any]]
    schedules: list[dict[str, Any]]
    pauses: list[dict[str, Any]]
    credited: list[date]
    skipped: list[date]


def _dates(*conditions: ColumnElement[bool]) -> ColumnElement[Any]:
    chosen = (
        select(Checkin.checkin_date_local)
        .where(Checkin.system_id == System.id, *conditions)
        .correlate(System)
    )
    return func.array(chosen.scalar_subquery(), type_=ARRAY(Date))


_schedules = (
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
)
_pauses = (
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
)


def _owner_zones() -> ScalarSelect[Any]:
    """The zones that a system's owner has lived in of late, newest first, as JSON."""
    recent = (
        select(UserTimezone.timezone, UserTimezone.used_from)
        .where(UserTimezone.user_id == System.user_id)
        .order_by(UserTimezone.used_from.desc())
        .limit(20)  # far more than anybody can live in while a date is open
        .correlate(System)
        .subquery()
    )
    return select(
        func.jsonb_agg(
            func.jsonb_build_object("timezone", recent.c.timezone, "used_from", recent.c.used_from)
        )
    ).scalar_subquery()


OWNER_ZONES = _owner_zones()

# The parameter `since` bounds the credited dates that are read.
HISTORY_COLUMNS = (
    OWNER_ZONES.label("zones"),
    _schedules.label("schedules"),
    _pauses.label("pauses"),
    _dates(
        Checkin.status != CheckinStatus.SKIPPED,
        Checkin.checkin_date_local >= bindparam("since", type_=Date),
    ).label("credited"),
    # All of them: whether a skip is excused depends on the ones before it, and they are few.
    _dates(Checkin.status == CheckinStatus.SKIPPED).label("skipped"),
)

OF_GOALS = Query(
    select(System.id.label("system_id"), System.goal_id, *HISTORY_COLUMNS).where(
        System.goal_id == any_(bindparam("goal_ids", type_=ARRAY(Uuid)))
    ),
    HistoryRow,
)


class HistoryCrud(BaseCrud):
    async def of_goals(self, goal_ids: Sequence[UUID], *, since: date) -> list[HistoryRow]:
        """The histories of all systems of some goals, with credits from `since` on."""
        return await self.session.fetch_all(OF_GOALS, goal_ids=goal_ids, since=since)
