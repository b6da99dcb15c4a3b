"""What somebody has to do."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.api.deps import CurrentUser, PageDep, Tasks
from app.api.openapi import errors
from app.api.routing import ApiRouter
from app.core.errors import ErrorCode
from app.core.tasks import TaskFilter, TaskSort
from app.schemas.base_schemas import (
    BlankIsNull,
    Envelope,
    OptionalDate,
    Page,
    blank_is,
    envelope,
)
from app.schemas.task_schemas import SystemTaskRead, TaskRead

router = ApiRouter(prefix="/tasks", tags=["Dashboard and tasks"])


@router.get("/my", summary="List my tasks")
async def list_tasks(
    user: CurrentUser,
    tasks: Tasks,
    page: PageDep,
    status: Annotated[
        TaskFilter | None,
        BlankIsNull,
        Query(description="`pending`: all that you can do something about."),
    ] = None,
    due_date_from: Annotated[
        OptionalDate, Query(alias="dueDateFrom", description="First local date.")
    ] = None,
    due_date_to: Annotated[
        OptionalDate,
        Query(alias="dueDateTo", description="Last local date; at most 92 days."),
    ] = None,
    sort_by: Annotated[
        TaskSort, blank_is(TaskSort.DUE_DATE_ASC), Query(alias="sortBy")
    ] = TaskSort.DUE_DATE_ASC,
) -> Envelope[Page[TaskRead]]:
    """The caller's systems on their dates, and the partner's check-ins that wait for the caller.

    Without dates: today's tasks, and what still waits for the caller from before: dates that
    accept a check-in until noon, check-ins that the partner asks about, and all verifications.
    With one date only, the other is today, or that date itself where today lies beyond it.
    """
    found = await tasks.list_own(
        user,
        page=page,
        status=status,
        first=due_date_from,
        last=due_date_to,
        sort_by=sort_by,
    )
    return envelope(found, "Your tasks.")


@router.get(
    "/my/{system_id}",
    summary="Read one of my systems as a task",
    responses=errors(ErrorCode.SYSTEM_NOT_FOUND),
)
async def get_task(system_id: UUID, user: CurrentUser, tasks: Tasks) -> Envelope[SystemTaskRead]:
    """One of the caller's own systems: today's status, streaks and what happened lately."""
    return envelope(await tasks.get(user, system_id), "The task.")
