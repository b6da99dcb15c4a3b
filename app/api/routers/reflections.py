"""Reflections on a day (Specification §4.6)."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

from app.api.deps import CurrentUser, PageDep, Reflections
from app.api.openapi import errors
from app.api.routing import ApiRouter
from app.core.errors import ErrorCode
from app.schemas.base_schemas import (
    BlankIsNull,
    CalendarDate,
    Envelope,
    OptionalDate,
    Page,
    envelope,
)
from app.schemas.reflection_schemas import (
    PromptRead,
    ReflectionCreate,
    ReflectionRead,
    ReflectionUpdate,
)

router = ApiRouter(prefix="/reflections", tags=["Reflections"])

FirstDate = Annotated[
    OptionalDate, Query(alias="startDate", description="First date that is listed.")
]
LastDate = Annotated[OptionalDate, Query(alias="endDate", description="Last date that is listed.")]


@router.get("/prompts", summary="List the prompts of a day")
async def list_reflection_prompts(
    user: CurrentUser,
    reflections: Reflections,
    page: PageDep,
    local_date: Annotated[
        OptionalDate,
        Query(alias="date", description="Default: today, in the caller's calendar."),
    ] = None,
) -> Envelope[Page[PromptRead]]:
    """Three questions to choose from, the same for everybody, others every day.

    The days walk through a fixed set of 21: a prompt returns after a week. Ids are stable.
    """
    shown = reflections.prompts(user, page=page, local_date=local_date)
    return envelope(shown, "Something to reflect on.")


@router.post(
    "",
    status_code=201,
    summary="Reflect on a day",
    responses=errors(
        ErrorCode.REFLECTION_EXISTS, ErrorCode.REFLECTION_IN_FUTURE, ErrorCode.UNKNOWN_PROMPT
    ),
)
async def create_reflection(
    data: ReflectionCreate, user: CurrentUser, reflections: Reflections
) -> Envelope[ReflectionRead]:
    """Keep what the caller thought about today or an earlier day; the partner is told.

    There is one reflection for a person and date: `reflection_exists` carries the `existingId` of
    the one to change instead.
    """
    return envelope(await reflections.create(user, data), "Reflection saved.")


@router.get("", summary="List reflections", responses=errors(ErrorCode.REFLECTION_NOT_FOUND))
async def list_reflections(
    user: CurrentUser,
    reflections: Reflections,
    page: PageDep,
    start_date: FirstDate = None,
    end_date: LastDate = None,
    user_id: Annotated[
        UUID | None,
        BlankIsNull,
        Query(alias="userId", description="The caller, which is the default, or the partner."),
    ] = None,
) -> Envelope[Page[ReflectionRead]]:
    """The caller's reflections, or the active partner's, newest date first."""
    found = await reflections.list_of(
        user, user_id or user.id, page=page, from_date=start_date, to_date=end_date
    )
    return envelope(found, "The reflections.")


@router.get(
    "/partner",
    summary="List my partner's reflections",
    responses=errors(ErrorCode.NO_ACTIVE_PARTNERSHIP),
)
async def list_partner_reflections(
    user: CurrentUser,
    reflections: Reflections,
    page: PageDep,
    start_date: FirstDate = None,
    end_date: LastDate = None,
) -> Envelope[Page[ReflectionRead]]:
    """The active partner's reflections, newest date first."""
    found = await reflections.list_of_partner(
        user, page=page, from_date=start_date, to_date=end_date
    )
    return envelope(found, "Your partner's reflections.")


@router.get(
    "/by-date/{date}",
    summary="Read my reflection on a day",
    responses=errors(ErrorCode.REFLECTION_NOT_FOUND),
)
async def get_reflection_by_date(
    local_date: Annotated[
        CalendarDate, Path(alias="date", description="In the caller's calendar.")
    ],
    user: CurrentUser,
    reflections: Reflections,
) -> Envelope[ReflectionRead]:
    """The caller's own reflection on a date."""
    return envelope(await reflections.get_own_on(user, local_date), "Your reflection.")


@router.get(
    "/{reflection_id}",
    summary="Read a reflection",
    responses=errors(ErrorCode.REFLECTION_NOT_FOUND),
)
async def get_reflection(
    reflection_id: UUID, user: CurrentUser, reflections: Reflections
) -> Envelope[ReflectionRead]:
    """A reflection of the caller or of the active partner."""
    return envelope(await reflections.get(user, reflection_id), "The reflection.")


@router.put(
    "/{reflection_id}",
    summary="Change my reflection",
    responses=errors(ErrorCode.REFLECTION_NOT_FOUND, ErrorCode.NOT_YOURS, ErrorCode.UNKNOWN_PROMPT),
)
async def update_reflection(
    reflection_id: UUID, data: ReflectionUpdate, user: CurrentUser, reflections: Reflections
) -> Envelope[ReflectionRead]:
    """Change the words or the prompt; fields that are not sent stay. Nobody is told."""
    return envelope(await reflections.update(user, reflection_id, data), "Reflection changed.")


@router.delete(
    "/{reflection_id}",
    status_code=204,
    summary="Delete my reflection",
    responses=errors(ErrorCode.REFLECTION_NOT_FOUND, ErrorCode.NOT_YOURS),
)
async def delete_reflection(
    reflection_id: UUID, user: CurrentUser, reflections: Reflections
) -> None:
    """Delete it, with its comments and reactions. Its date is free again."""
    await reflections.delete(user, reflection_id)
