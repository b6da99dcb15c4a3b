"""Goals and their systems (Specification §4.3)."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field

from app.api.deps import CurrentUser, Goals, PageDep, Systems
from app.api.openapi import errors
from app.api.routing import ApiRouter
from app.core.enums import GoalPriority, GoalStatus
from app.core.errors import ErrorCode
from app.schemas.base_schemas import BlankIsNull, Envelope, NoNul, Page, envelope
from app.schemas.goal_schemas import (
    GoalCategory,
    GoalCreate,
    GoalRead,
    GoalSort,
    GoalWithSystems,
)
from app.schemas.system_schemas import SystemCreateInGoal, SystemRead

router = ApiRouter(prefix="/goals", tags=["Goals"])

SearchText = Annotated[
    str,
    Field(max_length=100, description="Part of the title or the description, in any case."),
    NoNul,
]


@router.get("", summary="List my goals")
async def list_goals(
    user: CurrentUser,
    goals: Goals,
    page: PageDep,
    status: Annotated[GoalStatus | None, BlankIsNull] = None,
    priority: Annotated[GoalPriority | None, BlankIsNull] = None,
    category: Annotated[GoalCategory | None, BlankIsNull] = None,
    archived: bool = False,
    search: Annotated[SearchText | None, BlankIsNull] = None,
    sort_by: Annotated[GoalSort, Query(alias="sortBy")] = GoalSort.CREATED_AT_DESC,
) -> Envelope[Page[GoalRead]]:
    """The caller's goals; archived ones only with `archived=true`."""
    found = await goals.list_own(
        user,
        page=page,
        sort_by=sort_by,
        archived=archived,
        status=status,
        priority=priority,
        category=category,
        search=search,
    )
    return envelope(found, "Your goals.")


@router.post(
    "",
    status_code=201,
    summary="Create a goal",
    responses=errors(ErrorCode.GOAL_DATES_REVERSED),
)
async def create_goal(data: GoalCreate, user: CurrentUser, goals: Goals) -> Envelope[GoalRead]:
    """Create a goal that the caller owns."""
    return envelope(await goals.create(user, data), "Goal created.")


@router.get("/{goal_id}", summary="Read a goal", responses=errors(ErrorCode.GOAL_NOT_FOUND))
async def get_goal(goal_id: UUID, user: CurrentUser, goals: Goals) -> Envelope[GoalWithSystems]:
    """A goal of the caller or of the active partner, with its systems."""
    return envelope(await goals.get(user, goal_id), "The goal.")


@router.get(
    "/{goal_id}/systems",
    summary="List the systems of a goal",
    responses=errors(ErrorCode.GOAL_NOT_FOUND),
)
async def list_goal_systems(
    goal_id: UUID, user: CurrentUser, systems: Systems, page: PageDep
) -> Envelope[Page[SystemRead]]:
    """The systems of a goal of the caller or of the active partner, newest first."""
    return envelope(await systems.list_of_goal(user, goal_id, page=page), "The goal's systems.")


@router.post(
    "/{goal_id}/systems",
    status_code=201,
    summary="Create a system for a goal",
    responses=errors(ErrorCode.GOAL_NOT_FOUND, ErrorCode.NOT_YOURS),
)
async def create_goal_system(
    goal_id: UUID, data: SystemCreateInGoal, user: CurrentUser, systems: Systems
) -> Envelope[SystemRead]:
    """Create a system that serves one of the caller's goals; its schedule applies from today."""
    return envelope(await systems.create_in_goal(user, goal_id, data), "System created.")
