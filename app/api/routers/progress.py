"""Progress over time."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field

from app.api.deps import CurrentUser, Progress
from app.api.openapi import errors
from app.api.routing import ApiRouter
from app.core.errors import ErrorCode
from app.core.progress_ranges import EARLIEST, LATEST, DateRangePreset
from app.schemas.base_schemas import (
    BlankIsNull,
    Envelope,
    OptionalDate,
    Page,
    blank_is,
    envelope,
)
from app.schemas.progress_schemas import HeatmapDay, ProgressRead
from app.services.progress_service import ProgressRequest

router = ApiRouter(prefix="/progress", tags=["Progress"])

Year = Annotated[int, Field(ge=EARLIEST.year, le=LATEST.year, examples=[2026])]

_PRESET = "`thisMonth` is the whole calendar month, `monthToDate` ends today."
_CUSTOM = "For `custom` only: both dates, in order, at most ten years."


@router.get(
    "",
    summary="Read my progress",
    responses=errors(ErrorCode.GOAL_NOT_FOUND, ErrorCode.SYSTEM_NOT_FOUND),
)
async def get_progress(
    user: CurrentUser,
    progress: Progress,
    preset: Annotated[
        DateRangePreset,
        blank_is(DateRangePreset.LAST_7_DAYS),
        Query(alias="dateRangePreset", description=_PRESET),
    ] = DateRangePreset.LAST_7_DAYS,
    start_date: Annotated[OptionalDate, Query(alias="startDate", description=_CUSTOM)] = None,
    end_date: Annotated[OptionalDate, Query(alias="endDate", description=_CUSTOM)] = None,
    goal_id: Annotated[UUID | None, BlankIsNull, Query(alias="goalId")] = None,
    system_id: Annotated[UUID | None, BlankIsNull, Query(alias="systemId")] = None,
    compare_partner: Annotated[
        bool,
        blank_is(False),
        Query(alias="comparePartner", description="Put the active partner's beside it."),
    ] = False,
) -> Envelope[ProgressRead]:
    """Consistency, streaks and counts over a range of dates in the caller's calendar.

    A goal or system narrows the numbers of the one whose it is, the caller or the active partner.
    The partner's numbers follow the partner's own schedule and calendar, over the same dates, and
    begin with the partnership; without a partner they are null. Ranges over 92 dates come by ISO
    week.
    """
    request = ProgressRequest(
        preset=preset,
        start_date=start_date,
        end_date=end_date,
        goal_id=goal_id,
        system_id=system_id,
        compare_partner=compare_partner,
    )
    return envelope(await progress.read(user, request), "Your progress.")


@router.get("/heatmap", summary="Read a year of mine at a glance")
async def get_heatmap(
    user: CurrentUser,
    progress: Progress,
    year: Annotated[
        Year | None, BlankIsNull, Query(description="By default the present one.")
    ] = None,
) -> Envelope[Page[HeatmapDay]]:
    """One entry for each date of the year, in the caller's calendar, all on one page."""
    return envelope(await progress.heatmap(user, year), "Your year.")
