"""Check-ins (Specification §4.5)."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.api.deps import Checkins, CurrentUser, PageDep
from app.api.openapi import errors
from app.api.routing import ApiRouter
from app.core.enums import CheckinStatus
from app.core.errors import ErrorCode
from app.schemas.base_schemas import BlankIsNull, Envelope, Page, envelope
from app.schemas.checkin_schemas import CheckinCreate, CheckinRead

router = ApiRouter(prefix="/checkins", tags=["Check-ins"])


@router.post(
    "",
    status_code=201,
    summary="Check in",
    responses=errors(
        ErrorCode.SYSTEM_NOT_FOUND,
        ErrorCode.SYSTEM_NOT_ACTIVE,
        ErrorCode.ALREADY_CHECKED_IN,
        ErrorCode.CHECKIN_WINDOW_CLOSED,
        ErrorCode.METRIC_VALUE_REQUIRED,
        ErrorCode.METRIC_VALUE_NOT_ALLOWED,
        ErrorCode.UNKNOWN_IMAGE,
    ),
)
async def create_checkin(
    data: CheckinCreate, user: CurrentUser, checkins: Checkins
) -> Envelope[CheckinRead]:
    """Log one of the caller's systems for one date: today, or yesterday until noon.

    A completed system that needs verification waits for the active partner.
    """
    return envelope(await checkins.create(user, data), "Checked in.")


@router.get("", summary="List my check-ins")
async def list_checkins(
    user: CurrentUser,
    checkins: Checkins,
    page: PageDep,
    system_id: Annotated[UUID | None, BlankIsNull, Query(alias="systemId")] = None,
    status: Annotated[CheckinStatus | None, BlankIsNull] = None,
    from_date: Annotated[
        date | None, BlankIsNull, Query(alias="from", description="First local date.")
    ] = None,
    to_date: Annotated[
        date | None, BlankIsNull, Query(alias="to", description="Last local date.")
    ] = None,
) -> Envelope[Page[CheckinRead]]:
    """The caller's check-ins, newest date first."""
    found = await checkins.list_own(
        user,
        page=page,
        system_id=system_id,
        status=status,
        from_date=from_date,
        to_date=to_date,
    )
    return envelope(found, "Your check-ins.")
