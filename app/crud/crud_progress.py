"""What progress needs besides the histories: names, and sums that the database makes."""

from collections.abc import Sequence
from datetime import date
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import ARRAY, Date, Uuid, any_, bindparam, func, or_, select

from app.core.enums import CheckinStatus, SystemMetricType, SystemStatus
from app.crud.base_crud import BaseCrud
from app.crud.crud_history import PAUSES, SCHEDULES, excuses_from, skipped_dates
from app.db.models import Checkin, Goal, System
from app.db.query import Query


class SystemNameRow(TypedDict):
    id: UUID
    user_id: UUID
    goal_id: UUID | None
    goal_title: str | None
    title: str
    status: SystemStatus
    metric_type: SystemMetricType
    target_unit: str | None


class GoalNameRow(TypedDict):
    id: UUID
    user_id: UUID
    title: str


class SystemTotalsRow(TypedDict):
    """Of one system's check-ins; `credited` has the verified and queried ones, too."""

    system_id: UUID
    credited: int
    verified: int
    queried: int
    metric: float


class YearRow(TypedDict):
    """`schedules` and `pauses` are JSON objects with ISO dates; the lists hold dates."""

    schedules: list[dict[str, Any]]
    pauses: list[dict[str, Any]]
    skipped: list[date]
    credited: list[date]


_viewer_ids = bindparam("viewer_ids", type_=ARRAY(Uuid))
NAMES = Query(
    select(
        System.id,
        System.user_id,
        System.goal_id,
        Goal.title.label("goal_title"),
        System.title,
        System.status,
        System.metric_type,
        System.target_unit,
    )
    .outerjoin(Goal, Goal.id == System.goal_id)
    .where(System.user_id == any_(_viewer_ids))
    .order_by(System.created_at.desc(), System.id),
    SystemNameRow,
)
GOAL = Query(
    select(Goal.id, Goal.user_id, Goal.title).where(
        Goal.id == bindparam("goal_id"), Goal.user_id == any_(_viewer_ids)
    ),
    GoalNameRow,
)
TOTALS = Query(
    select(
        Checkin.system_id,
        func.count().label("credited"),
        func.count().filter(Checkin.status == CheckinStatus.VERIFIED_COMPLETED).label("verified"),
        func.count().filter(Checkin.status == CheckinStatus.QUERIED_BY_PARTNER).label("queried"),
        func.coalesce(func.sum(Checkin.metric_value_logged), 0.0).label("metric"),
    )
    .where(
        Checkin.user_id == any_(_viewer_ids),
        Checkin.status != CheckinStatus.SKIPPED,
        Checkin.checkin_date_local >= bindparam("start", type_=Date),
        Checkin.checkin_date_local <= bindparam("end", type_=Date),
        or_(
            Checkin.user_id == bindparam("user_id"),
            Checkin.checkin_date_local >= bindparam("partner_since", type_=Date),
        ),
    )
    .group_by(Checkin.system_id),
    SystemTotalsRow,
)

_year_start = bindparam("start", type_=Date)
_credited_in_year = (
    select(Checkin.checkin_date_local)
    .where(
        Checkin.system_id == System.id,
        Checkin.status != CheckinStatus.SKIPPED,
        Checkin.checkin_date_local >= _year_start,
        Checkin.checkin_date_local <= bindparam("end", type_=Date),
    )
    .correlate(System)
)
YEAR = Query(
    select(
        SCHEDULES,
        PAUSES,
        skipped_dates(excuses_from(_year_start)),
        func.array(_credited_in_year.scalar_subquery(), type_=ARRAY(Date)).label("credited"),
    ).where(System.user_id == bindparam("user_id")),
    YearRow,
)


class ProgressCrud(BaseCrud):
    async def names(self, viewer_ids: Sequence[UUID]) -> list[SystemNameRow]:
        """The systems of the caller and the active partner, newest first."""
        return await self.session.fetch_all(NAMES, viewer_ids=viewer_ids)

    async def get_goal(self, goal_id: UUID, viewer_ids: Sequence[UUID]) -> GoalNameRow | None:
        return await self.session.fetch_one(GOAL, goal_id=goal_id, viewer_ids=viewer_ids)

    async def totals(
        self,
        user_id: UUID,
        *,
        start: date,
        end: date,
        partner_id: UUID | None,
        partner_since: date,
    ) -> dict[UUID, SystemTotalsRow]:
        """By system: what was logged from `start` to `end`, the partner's from `partner_since`."""
        rows = await self.session.fetch_all(
            TOTALS,
            viewer_ids=[user_id] if partner_id is None else [user_id, partner_id],
            user_id=user_id,
            start=start,
            end=end,
            partner_since=partner_since,
        )
        return {row["system_id"]: row for row in rows}

    async def year(self, user_id: UUID, *, start: date, end: date) -> list[YearRow]:
        """One row a system, with the credited dates from `start` to `end`."""
        return await self.session.fetch_all(YEAR, user_id=user_id, start=start, end=end)
