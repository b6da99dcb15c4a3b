"""Systems: practices on a schedule (Specification §4.4)."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.api.deps import CurrentUser, PageDep, Systems
from app.api.openapi import errors
from app.api.routing import ApiRouter
from app.core.enums import SystemStatus
from app.core.errors import ErrorCode
from app.schemas.base_schemas import BlankIsNull, Envelope, Page, envelope
from app.schemas.system_schemas import SystemCreate, SystemRead

router = ApiRouter(prefix="/systems", tags=["Systems"])


@router.get("", summary="List my systems")
async def list_systems(
    user: CurrentUser,
    systems: Systems,
    page: PageDep,
    goal_id: Annotated[UUID | None, BlankIsNull, Query(alias="goalId")] = None,
    status: Annotated[SystemStatus | None, BlankIsNull] = None,
) -> Envelope[Page[SystemRead]]:
    """The caller's systems, newest first."""
    found = await systems.list_own(user, page=page, goal_id=goal_id, status=status)
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


@router.get("/{system_id}", summary="Read a system", responses=errors(ErrorCode.SYSTEM_NOT_FOUND))
async def get_system(system_id: UUID, user: CurrentUser, systems: Systems) -> Envelope[SystemRead]:
    """A system of the caller or of the active partner."""
    return envelope(await systems.get(user, system_id), "The system.")
