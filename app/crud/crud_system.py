"""Systems, starting from who may see them."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, Uuid, any_, bindparam, delete, false, func, or_, select

from app.core.enums import SystemFrequency, SystemMetricType, SystemStatus
from app.core.paging import PageRequest
from app.crud.base_crud import BaseCrud, IdRow, PagedQuery
from app.crud.crud_history import checkpoints_of, since_checkpoint
from app.crud.crud_schedule import LOCKED_OWNER
from app.db.models import Checkin, Goal, System, SystemPause, SystemSchedule
from app.db.query import Query, matches_unless_null


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
    until: date | None
    earlier: dict[str, Any] | None


_viewer_ids = bindparam("viewer_ids", type_=ARRAY(Uuid))
_checkpoint = checkpoints_of(lambda user_id: user_id == any_(_viewer_ids))
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
    *since_checkpoint(_checkpoint),
)

_from_visible = (
    select(*_COLUMNS)
    .outerjoin(Goal, Goal.id == System.goal_id)
    .outerjoin(_checkpoint, _checkpoint.c.user_id == System.user_id)
    .where(System.user_id == any_(_viewer_ids))
)
LIST = PagedQuery(
    _from_visible.where(
        matches_unless_null("goal_id", System.goal_id),
        matches_unless_null("status", System.status),
        or_(
            bindparam("archived", type_=Boolean).is_(None),
            func.coalesce(Goal.is_archived, false()) == bindparam("archived", type_=Boolean),
        ),
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
DELETE_OWN = Query(
    delete(System)
    .where(System.id == bindparam("system_id"), System.user_id == LOCKED_OWNER)
    .returning(System.id),
    IdRow,
)


class SystemAccess(TypedDict):
    """Whose it is, and the goal that it serves."""

    user_id: UUID
    goal_id: UUID | None


ACCESS = Query(
    select(System.user_id, System.goal_id).where(
        System.id == bindparam("system_id"),
        System.user_id == any_(bindparam("viewer_ids", type_=ARRAY(Uuid))),
    ),
    SystemAccess,
)


class SystemCrud(BaseCrud):
    async def list_visible(
        self,
        viewer_ids: Sequence[UUID],
        *,
        page: PageRequest,
        goal_id: UUID | None = None,
        status: SystemStatus | None = None,
        archived: bool | None = None,
    ) -> tuple[Sequence[SystemRow], int]:
        """Newest first. `viewer_ids` are the people whose systems are meant.

        `archived` tells the systems of archived goals from all others.
        """
        return await LIST.fetch(
            self.session,
            page=page,
            viewer_ids=viewer_ids,
            goal_id=goal_id,
            status=status,
            archived=archived,
        )

    async def get_visible(self, system_id: UUID, viewer_ids: Sequence[UUID]) -> SystemRow | None:
        return await self.session.fetch_one(VISIBLE, system_id=system_id, viewer_ids=viewer_ids)

    async def all_of_goal(self, goal_id: UUID, viewer_ids: Sequence[UUID]) -> list[SystemRow]:
        """Newest first."""
        return await self.session.fetch_all(OF_GOAL, goal_id=goal_id, viewer_ids=viewer_ids)

    async def get_access(self, system_id: UUID, viewer_ids: Sequence[UUID]) -> SystemAccess | None:
        return await self.session.fetch_one(ACCESS, system_id=system_id, viewer_ids=viewer_ids)

    async def lock(self, system_id: UUID, owner_id: UUID) -> System | None:
        """To change it, while no check-in on it is being written."""
        return await self.session.scalar(
            select(System)
            .where(System.id == system_id, System.user_id == owner_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )

    async def lock_all_of_goal(self, goal_id: UUID) -> Sequence[System]:
        """The same for all systems of a locked goal."""
        found = await self.session.scalars(
            select(System)
            .where(System.goal_id == goal_id)
            .order_by(System.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return found.all()

    async def has_logged_values(self, system_id: UUID) -> bool:
        found = await self.session.scalar(
            select(Checkin.id)
            .where(Checkin.system_id == system_id, Checkin.metric_value_logged.is_not(None))
            .limit(1)
        )
        return found is not None

    async def delete_own(self, system_id: UUID, owner_id: UUID) -> bool:
        """With its check-ins; False when it is not the owner's."""
        row = await self.session.fetch_one(DELETE_OWN, system_id=system_id, owner_id=owner_id)
        return row is not None

    async def add(self, system: System, *, starts_on: date, rests: bool) -> None:
        """Insert a system whose schedule applies from `starts_on`, a date of its owner.

        One that rests is paused from then on.
        """
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
        if rests:
            self.session.add(SystemPause(system_id=system.id, starts_on=starts_on))
        await self.session.flush()
