"""Goals, starting from who may see them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, TypedDict
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    String,
    Uuid,
    any_,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
)

from app.core.enums import GoalPriority, GoalStatus
from app.core.paging import PageRequest
from app.crud.base_crud import BaseCrud, IdRow, PagedQuery
from app.crud.crud_schedule import LOCKED_OWNER
from app.db.models import Goal, System
from app.db.query import Query, matches_unless_null


class GoalRow(TypedDict):
    id: UUID
    user_id: UUID
    title: str
    description: str | None
    category: str | None
    priority: GoalPriority | None
    status: GoalStatus
    start_date: date | None
    target_date: date | None
    ai_assisted_plan: str | None
    ai_assistance_inputs: dict[str, Any] | None
    is_archived: bool
    systems_count: int
    created_at: datetime
    updated_at: datetime


class OwnerRow(TypedDict):
    user_id: UUID


class HeldGoal(NamedTuple):
    owner_id: UUID
    is_archived: bool


_systems_count = (
    select(func.count())
    .where(System.goal_id == Goal.id)
    .correlate(Goal)
    .scalar_subquery()
    .label("systems_count")
)
_COLUMNS = (
    Goal.id,
    Goal.user_id,
    Goal.title,
    Goal.description,
    Goal.category,
    Goal.priority,
    Goal.status,
    Goal.start_date,
    Goal.target_date,
    Goal.ai_generated_plan_details.label("ai_assisted_plan"),
    Goal.ai_assistance_inputs,
    Goal.is_archived,
    _systems_count,
    Goal.created_at,
    Goal.updated_at,
)

_rank = case(
    {GoalPriority.HIGH: 3, GoalPriority.MEDIUM: 2, GoalPriority.LOW: 1},
    value=Goal.priority,
    else_=0,
)
_ORDERS: dict[str, ColumnElement[Any]] = {
    "createdAt_desc": Goal.created_at.desc(),
    "createdAt_asc": Goal.created_at.asc(),
    "targetDate_asc": Goal.target_date.asc().nulls_last(),
    "targetDate_desc": Goal.target_date.desc().nulls_last(),
    "priority_desc": _rank.desc(),
    "priority_asc": _rank.asc(),
    "title_asc": func.lower(Goal.title).asc(),
    "title_desc": func.lower(Goal.title).desc(),
}


def _list(order: ColumnElement[Any]) -> PagedQuery[GoalRow]:
    return PagedQuery(
        select(*_COLUMNS)
        .where(
            Goal.user_id == bindparam("owner_id"),
            Goal.is_archived == bindparam("archived", type_=Boolean),
            matches_unless_null("status", Goal.status),
            matches_unless_null("priority", Goal.priority),
            matches_unless_null("category", Goal.category),
            or_(
                bindparam("search", type_=String).is_(None),
                Goal.title.icontains(bindparam("search", type_=String), autoescape=False),
                Goal.description.icontains(bindparam("search", type_=String), autoescape=False),
            ),
        )
        .order_by(order, Goal.id),
        GoalRow,
    )


LISTS = {name: _list(order) for name, order in _ORDERS.items()}
VISIBLE = Query(
    select(*_COLUMNS).where(
        Goal.id == bindparam("goal_id"),
        Goal.user_id == any_(bindparam("viewer_ids", type_=ARRAY(Uuid))),
    ),
    GoalRow,
)
OWNER = Query(
    select(Goal.user_id).where(
        Goal.id == bindparam("goal_id"),
        Goal.user_id == any_(bindparam("viewer_ids", type_=ARRAY(Uuid))),
    ),
    OwnerRow,
)
DELETE_OWN = Query(
    delete(Goal)
    .where(Goal.id == bindparam("goal_id"), Goal.user_id == LOCKED_OWNER)
    .returning(Goal.id),
    IdRow,
)


class GoalCrud(BaseCrud):
    async def list_own(
        self,
        owner_id: UUID,
        *,
        page: PageRequest,
        sort_by: str,
        archived: bool,
        status: GoalStatus | None,
        priority: GoalPriority | None,
        category: str | None,
        search: str | None,
    ) -> tuple[Sequence[GoalRow], int]:
        return await LISTS[sort_by].fetch(
            self.session,
            page=page,
            owner_id=owner_id,
            archived=archived,
            status=status,
            priority=priority,
            category=category,
            search=_escape_like(search),
        )

    async def get_visible(self, goal_id: UUID, viewer_ids: Sequence[UUID]) -> GoalRow | None:
        """A goal of one of `viewer_ids`: the caller and the active partner."""
        return await self.session.fetch_one(VISIBLE, goal_id=goal_id, viewer_ids=viewer_ids)

    async def get_owner(self, goal_id: UUID, viewer_ids: Sequence[UUID]) -> UUID | None:
        """Whose goal it is, if it is visible at all."""
        row = await self.session.fetch_one(OWNER, goal_id=goal_id, viewer_ids=viewer_ids)
        return row["user_id"] if row else None

    async def hold(self, goal_id: UUID, viewer_ids: Sequence[UUID]) -> HeldGoal | None:
        """One that is visible, and is neither changed nor deleted meanwhile."""
        found = await self.session.execute(
            select(Goal.user_id, Goal.is_archived)
            .where(Goal.id == goal_id, Goal.user_id.in_(viewer_ids))
            .with_for_update(read=True)
        )
        row = found.one_or_none()
        return HeldGoal(row.user_id, row.is_archived) if row else None

    async def lock(self, goal_id: UUID, owner_id: UUID) -> Goal | None:
        """To change it."""
        return await self.session.scalar(
            select(Goal)
            .where(Goal.id == goal_id, Goal.user_id == owner_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )

    async def save(self) -> None:
        """Write what was changed. Raises a violation of `ck_goals_dates_in_order`."""
        await self.session.flush()

    async def delete_own(self, goal_id: UUID, owner_id: UUID) -> bool:
        """With its systems and their check-ins; False when it is not the owner's."""
        row = await self.session.fetch_one(DELETE_OWN, goal_id=goal_id, owner_id=owner_id)
        return row is not None

    async def add(self, goal: Goal) -> None:
        """Raises a violation of `ck_goals_dates_in_order`."""
        self.session.add(goal)
        await self.session.flush()


def _escape_like(search: str | None) -> str | None:
    if search is None:
        return None
    return search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
