"""The systems of a person with what was logged on one date."""

from datetime import date, time
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import Date, bindparam, case, false, func, select

from app.core.enums import CheckinStatus, SystemFrequency, SystemMetricType, SystemStatus
from app.crud.base_crud import BaseCrud
from app.db.models import Checkin, Goal, System
from app.db.query import Query


class ListedSystem(TypedDict):
    """What a list for a day or for some dates tells of a system, whatever was logged."""

    id: UUID
    title: str
    description: str
    status: SystemStatus
    frequency: SystemFrequency
    frequency_details: dict[str, Any] | None
    target_time_local: time | None
    verification_required: bool
    goal_id: UUID | None
    goal_title: str | None
    goal_is_archived: bool


class CardRow(ListedSystem):
    """`last_value` is the value logged on the date, or else the newest one before it."""

    metric_type: SystemMetricType
    target_value: float | None
    target_unit: str | None
    checkin_id: UUID | None
    checkin_status: CheckinStatus | None
    last_value: float | None


LISTED_SYSTEM = (
    System.id,
    System.title,
    System.description,
    System.status,
    System.frequency,
    System.frequency_details,
    System.target_time_local,
    System.verification_required,
    System.goal_id,
    Goal.title.label("goal_title"),
    func.coalesce(Goal.is_archived, false()).label("goal_is_archived"),
)

_day = bindparam("day", type_=Date)
_newest_value = (
    select(Checkin.metric_value_logged)
    .where(
        Checkin.system_id == System.id,
        Checkin.checkin_date_local <= _day,
        Checkin.metric_value_logged.is_not(None),
    )
    .order_by(Checkin.checkin_date_local.desc())
    .limit(1)
    .correlate(System)
    .scalar_subquery()
)
_logged = (
    select(Checkin.id, Checkin.status, Checkin.system_id)
    .where(Checkin.checkin_date_local == _day)
    .subquery()
)

CARDS = Query(
    select(
        *LISTED_SYSTEM,
        System.metric_type,
        System.target_value,
        System.target_unit,
        _logged.c.id.label("checkin_id"),
        _logged.c.status.label("checkin_status"),
        # A binary system has none: its whole history would be searched in vain.
        case((System.metric_type != SystemMetricType.BINARY, _newest_value)).label("last_value"),
    )
    .outerjoin(Goal, Goal.id == System.goal_id)
    .outerjoin(_logged, _logged.c.system_id == System.id)
    .where(System.user_id == bindparam("owner_id")),
    CardRow,
)


class CardCrud(BaseCrud):
    async def all_on(self, owner_id: UUID, day: date) -> list[CardRow]:
        """All of a person's systems, also those at rest and those of archived goals."""
        return await self.session.fetch_all(CARDS, owner_id=owner_id, day=day)
