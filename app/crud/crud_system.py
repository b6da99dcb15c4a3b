"""Systems, starting from who may see them."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, bindparam, select

from app.core.enums import SystemFrequency, SystemMetricType, SystemStatus
from app.core.paging import PageRequest
from app.crud.base_crud import BaseCrud, PagedQuery
from app.crud.crud_history import HISTORY_COLUMNS
from app.db.models import Goal, System, SystemPause, SystemSchedule
from app.db.query import Query, matches_unless_null

EVER = date.min


class SystemRow(TypedDict):
    """A system with the history that its streak is computed from (see `HistoryRow`)."""

    id: UUID
    user_id: UUID
    goal_id: UUID | None
    goal_title: str | None
    title: str
    description: str
    status: SystemStatus
    frequency: SystemFrequency
    frequency_details: dict[str, Any] | None
    metric_type: SystemMetricType
    target_value: float | None
    target_unit: str | None
    target_time_local: time | None
    verification_required: bool
    checkin_reminder: bool
    reminder_time_local: time | None
    ai_assistance_used: bool
    created_at: datetime
    updated_at: datetime
    zones: list[dict[str, Any]]
    schedules: list[dict[str, Any]]
    pauses: list[dict[str, Any]]
    credited: list[date]
    skipped: list[date]


_COLUMNS = (
    System.id,
    System.user_id,
    System.goal_id,
    Goal.title.label("goal_title"),
    System.title,
    System.description,
    System.status,
    System.frequency,
    System.frequency_details,
    System.metric_type,
    System.target_value,
    System.target_unit,
    System.target_time_local,
    System.verification_required,
    System.checkin_reminder,
    System.reminder_time_local,
    System.ai_assistance_used,
    System.created_at,
    System.updated_at,
    *HISTORY_COLUMNS,
)

_from_visible = (
    select(*_COLUMNS)
    .outerjoin(Goal, Goal.id == System.goal_id)
    .where(System.user_id == any_(bindparam("viewer_ids", type_=ARRAY(Uuid))))
)
LIST = PagedQuery(
    _from_visible.where(
        matches_unless_null("goal_id", System.goal_id),
        matches_unless_null("status", System.status),
    ).order_by(System.created_at.desc(), System.id),
    SystemRow,
)
VISIBLE = Query(_from_visible.where(System.id == bindparam("system_id")), SystemRow)
OF_GOAL = Query(
    _from_visible.where(System.goal_id == bindparam("goal_id")).order_by(
        System.created_at.desc(), System.id
    ),
    SystemRow,
)


class SystemCrud(BaseCrud):
    async def list_visible(
        self,
        viewer_ids: Sequence[UUID],
        *,
        page: PageRequest,
        goal_id: UUID | None = None,
        status: SystemStatus | None = None,
    ) -> tuple[Sequence[SystemRow], int]:
        """Newest first. `viewer_ids` are the people whose systems are meant."""
        return await LIST.fetch(
            self.session,
            page=page,
            viewer_ids=viewer_ids,
            goal_id=goal_id,
            status=status,
            since=EVER,
        )

    async def get_visible(self, system_id: UUID, viewer_ids: Sequence[UUID]) -> SystemRow | None:
        return await self.session.fetch_one(
            VISIBLE, system_id=system_id, viewer_ids=viewer_ids, since=EVER
        )

    async def all_of_goal(self, goal_id: UUID, viewer_ids: Sequence[UUID]) -> list[SystemRow]:
        """Newest first."""
        return await self.session.fetch_all(
            OF_GOAL, goal_id=goal_id, viewer_ids=viewer_ids, since=EVER
        )

    async def add(self, system: System, *, starts_on: date) -> None:
        """Insert a system whose schedule applies from `starts_on`, a date of its owner."""
        self.session.add(system)
        await self.session.flush()
        self.session.add(
            SystemSchedule(
                system_id=system.id,
                effective_from=starts_on,
                frequency=system.frequency,
                frequency_details=system.frequency_details,
            )
        )
        if system.status is not SystemStatus.ACTIVE:
            self.session.add(SystemPause(system_id=system.id, starts_on=starts_on))
        await self.session.flush()
