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
from app.schemas.base_schemas import BlankIsNull, Envelope, NoNul, Page, blank_is, envelope
from app.schemas.goal_schemas import (
    GoalCategory,
    GoalCreate,
    GoalRead,
    GoalSort,
    GoalUpdate,
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
    archived: Annotated[
        bool | None, BlankIsNull, Query(description="True: only archived ones. Default: none.")
    ] = None,
    search: Annotated[SearchText | None, BlankIsNull] = None,
    sort_by: Annotated[
        GoalSort, blank_is(GoalSort.CREATED_AT_DESC), Query(alias="sortBy")
    ] = GoalSort.CREATED_AT_DESC,
) -> Envelope[Page[GoalRead]]:
    """The caller's goals; archived ones only with `archived=true`."""
    found = await goals.list_own(
        user,
        page=page,
        sort_by=sort_by,
        archived=archived or False,
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


@router.put(
    "/{goal_id}",
    summary="Change a goal",
    responses=errors(ErrorCode.GOAL_NOT_FOUND, ErrorCode.NOT_YOURS, ErrorCode.GOAL_DATES_REVERSED),
)
async def update_goal(
    goal_id: UUID, data: GoalUpdate, user: CurrentUser, goals: Goals
) -> Envelope[GoalRead]:
    """Only the fields that are sent change.

    The active partner is told when a goal becomes achieved. While a goal is archived its systems
    ask for nothing, which costs no streak.
    """
    return envelope(await goals.update(user, goal_id, data), "Goal saved.")


@router.patch(
    "/{goal_id}",
    summary="Change parts of a goal",
    responses=errors(ErrorCode.GOAL_NOT_FOUND, ErrorCode.NOT_YOURS, ErrorCode.GOAL_DATES_REVERSED),
)
async def patch_goal(
    goal_id: UUID, data: GoalUpdate, user: CurrentUser, goals: Goals
) -> Envelope[GoalRead]:
    """The same as PUT: only the fields that are sent change."""
    return envelope(await goals.update(user, goal_id, data), "Goal saved.")


@router.delete(
    "/{goal_id}",
    status_code=204,
    summary="Delete a goal",
    responses=errors(ErrorCode.GOAL_NOT_FOUND, ErrorCode.NOT_YOURS),
)
async def delete_goal(goal_id: UUID, user: CurrentUser, goals: Goals) -> None:
    """For good, with its systems, their check-ins and streaks; to keep them, archive the goal."""
    await goals.delete(user, goal_id)


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
