"""Systems: practices on a schedule (Specification §4.4)."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.api.deps import Cards, CurrentUser, PageDep, Systems
from app.api.openapi import errors
from app.api.routing import ApiRouter
from app.core.enums import SystemStatus
from app.core.errors import ErrorCode
from app.schemas.base_schemas import BlankIsNull, Envelope, Page, envelope
from app.schemas.card_schemas import DayParameter, SystemCard
from app.schemas.system_schemas import SystemCreate, SystemRead, SystemUpdate

router = ApiRouter(prefix="/systems", tags=["Systems"])


@router.get("", summary="List my systems")
async def list_systems(
    user: CurrentUser,
    systems: Systems,
    page: PageDep,
    goal_id: Annotated[UUID | None, BlankIsNull, Query(alias="goalId")] = None,
    status: Annotated[SystemStatus | None, BlankIsNull] = None,
    archived: Annotated[
        bool | None,
        BlankIsNull,
        Query(
            description="Whether of archived goals or not. Default: all of `goalId`; without it, "
            "none of an archived goal."
        ),
    ] = None,
) -> Envelope[Page[SystemRead]]:
    """The caller's systems, newest first."""
    found = await systems.list_own(
        user, page=page, goal_id=goal_id, status=status, archived=archived
    )
    return envelope(found, "Your systems.")


@router.post(
    "",
    status_code=201,
    summary="Create a system",
    responses=errors(ErrorCode.GOAL_NOT_FOUND, ErrorCode.NOT_YOURS),
)
async def create_system(
    data: SystemCreate, user: CurrentUser, systems: Systems
) -> Envelope[SystemRead]:
    """Create a system, for a goal or standing alone; its schedule applies from today."""
    return envelope(await systems.create(user, data), "System created.")


@router.get("/current-schedule", summary="List my systems of a day")
async def get_current_schedule(
    user: CurrentUser, cards: Cards, page: PageDep, date: DayParameter = None
) -> Envelope[Page[SystemCard]]:
    """The caller's systems that are due or were logged on a local date, by time, then title.

    A weekly target is due on every date of its week until it is met. Future dates show the plan.
    """
    return envelope(await cards.my_day(user, date, page=page), "Your systems of the day.")


@router.get("/{system_id}", summary="Read a system", responses=errors(ErrorCode.SYSTEM_NOT_FOUND))
async def get_system(system_id: UUID, user: CurrentUser, systems: Systems) -> Envelope[SystemRead]:
    """A system of the caller or of the active partner."""
    return envelope(await systems.get(user, system_id), "The system.")


@router.put(
    "/{system_id}",
    summary="Change a system",
    responses=errors(
        ErrorCode.SYSTEM_NOT_FOUND,
        ErrorCode.GOAL_NOT_FOUND,
        ErrorCode.NOT_YOURS,
        ErrorCode.METRIC_TYPE_IN_USE,
    ),
)
async def update_system(
    system_id: UUID, data: SystemUpdate, user: CurrentUser, systems: Systems
) -> Envelope[SystemRead]:
    """Only the fields that are sent change.

    A new schedule applies from tomorrow on. A system that is paused or inactive asks for nothing
    from tomorrow on, or from today if nothing is logged today, until it is active again.
    """
    return envelope(await systems.update(user, system_id, data), "System saved.")


@router.patch(
    "/{system_id}",
    summary="Change parts of a system",
    responses=errors(
        ErrorCode.SYSTEM_NOT_FOUND,
        ErrorCode.GOAL_NOT_FOUND,
        ErrorCode.NOT_YOURS,
        ErrorCode.METRIC_TYPE_IN_USE,
    ),
)
async def patch_system(
    system_id: UUID, data: SystemUpdate, user: CurrentUser, systems: Systems
) -> Envelope[SystemRead]:
    """The same as PUT: only the fields that are sent change."""
    return envelope(await systems.update(user, system_id, data), "System saved.")


@router.delete(
    "/{system_id}",
    status_code=204,
    summary="Delete a system",
    responses=errors(ErrorCode.SYSTEM_NOT_FOUND, ErrorCode.NOT_YOURS),
)
async def delete_system(system_id: UUID, user: CurrentUser, systems: Systems) -> None:
    """For good, with its check-ins and its part in streaks; to keep them, pause it."""
    await systems.delete(user, system_id)
