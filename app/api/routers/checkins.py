"""Check-ins (Specification §4.5)."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from app.api.deps import CheckinEditing, Checkins, CurrentUser, PageDep
from app.api.openapi import errors
from app.api.routing import ApiRouter
from app.core.enums import CheckinStatus
from app.core.errors import ErrorCode
from app.crud.crud_checkin import CheckinFilters
from app.schemas.base_schemas import BlankIsNull, Envelope, OptionalDate, Page, envelope
from app.schemas.checkin_schemas import (
    CheckinCreate,
    CheckinRead,
    CheckinResubmission,
    CheckinUpdate,
)

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


async def get_filters(
    system_id: Annotated[UUID | None, BlankIsNull, Query(alias="systemId")] = None,
    status: Annotated[CheckinStatus | None, BlankIsNull] = None,
    from_date: Annotated[OptionalDate, Query(alias="from", description="First local date.")] = None,
    to_date: Annotated[OptionalDate, Query(alias="to", description="Last local date.")] = None,
) -> CheckinFilters:
    return CheckinFilters(system_id, status, from_date, to_date)


Filters = Annotated[CheckinFilters, Depends(get_filters)]


@router.get("", summary="List my check-ins")
async def list_checkins(
    user: CurrentUser, checkins: Checkins, page: PageDep, filters: Filters
) -> Envelope[Page[CheckinRead]]:
    """The caller's check-ins, newest date first."""
    return envelope(await checkins.list_own(user, filters, page=page), "Your check-ins.")


@router.get(
    "/partner",
    summary="List my partner's check-ins",
    responses=errors(ErrorCode.NO_ACTIVE_PARTNERSHIP),
)
async def list_partners_checkins(
    user: CurrentUser, checkins: Checkins, page: PageDep, filters: Filters
) -> Envelope[Page[CheckinRead]]:
    """The active partner's check-ins, newest date first; dates are the partner's own."""
    found = await checkins.list_partners(user, filters, page=page)
    return envelope(found, "Your partner's check-ins.")


@router.get(
    "/{checkin_id}", summary="Read a check-in", responses=errors(ErrorCode.CHECKIN_NOT_FOUND)
)
async def get_checkin(
    checkin_id: UUID, user: CurrentUser, checkins: Checkins
) -> Envelope[CheckinRead]:
    """A check-in of the caller or of the active partner."""
    return envelope(await checkins.get(user, checkin_id), "The check-in.")


EDITING_ERRORS = errors(
    ErrorCode.CHECKIN_NOT_FOUND,
    ErrorCode.NOT_YOURS,
    ErrorCode.CHECKIN_LOCKED,
    ErrorCode.METRIC_VALUE_REQUIRED,
    ErrorCode.METRIC_VALUE_NOT_ALLOWED,
    ErrorCode.UNKNOWN_IMAGE,
)


@router.put("/{checkin_id}", summary="Change a check-in", responses=EDITING_ERRORS)
async def update_checkin(
    checkin_id: UUID, data: CheckinUpdate, user: CurrentUser, editing: CheckinEditing
) -> Envelope[CheckinRead]:
    """Only the fields that are sent change, and only while the date is open and not verified.

    What waits for the partner waits again, also when it was queried. A skip that is completed now
    counts as checked in now: where the system needs verification, it waits for the partner.
    """
    return envelope(await editing.update(user, checkin_id, data), "Check-in saved.")


@router.patch(
    "/{checkin_id}",
    operation_id="patchCheckin",
    summary="Change parts of a check-in",
    responses=EDITING_ERRORS,
)
async def patch_checkin(
    checkin_id: UUID, data: CheckinUpdate, user: CurrentUser, editing: CheckinEditing
) -> Envelope[CheckinRead]:
    """The same as PUT: only the fields that are sent change."""
    return envelope(await editing.update(user, checkin_id, data), "Check-in saved.")


@router.delete(
    "/{checkin_id}",
    status_code=204,
    summary="Delete a check-in",
    responses=errors(ErrorCode.CHECKIN_NOT_FOUND, ErrorCode.NOT_YOURS, ErrorCode.CHECKIN_LOCKED),
)
async def delete_checkin(checkin_id: UUID, user: CurrentUser, editing: CheckinEditing) -> None:
    """Only while the date is open and not verified; the date can be checked in on again."""
    await editing.delete(user, checkin_id)


@router.post(
    "/{checkin_id}/resubmit",
    summary="Answer the partner's question",
    responses=errors(
        ErrorCode.CHECKIN_NOT_FOUND,
        ErrorCode.NOT_YOURS,
        ErrorCode.NOT_QUERIED,
        ErrorCode.METRIC_VALUE_REQUIRED,
        ErrorCode.METRIC_VALUE_NOT_ALLOWED,
        ErrorCode.UNKNOWN_IMAGE,
    ),
)
async def resubmit_checkin(
    checkin_id: UUID, data: CheckinResubmission, user: CurrentUser, editing: CheckinEditing
) -> Envelope[CheckinRead]:
    """Ask the partner once more, with what was missing; possible after the date has closed, too."""
    return envelope(await editing.resubmit(user, checkin_id, data), "Resubmitted.")
