"""The activity feed of two partners."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from app.api.deps import Activities, CurrentUser, PageDep
from app.api.openapi import errors
from app.api.routing import ApiRouter
from app.core.activity import ActivityType
from app.core.errors import ErrorCode
from app.schemas.activity_schemas import ActivityIdText, ActivityItem
from app.schemas.base_schemas import BlankIsNull, BlanksLeftOut, Envelope, Page, envelope

router = ApiRouter(prefix="/partnerships/partner", tags=["Partnerships"])


@router.get(
    "/activity",
    summary="Read my partner's activity",
    responses=errors(ErrorCode.NO_ACTIVE_PARTNERSHIP, ErrorCode.ACTIVITY_NOT_FOUND),
)
async def list_partner_activity(
    user: CurrentUser,
    activities: Activities,
    page: PageDep,
    before: Annotated[
        ActivityIdText | None,
        BlankIsNull,
        Query(
            description="Only what is older than the item with this `id`; `pagination` then counts "
            "those. For infinite scroll, unlike `page`: what happens meanwhile moves nothing."
        ),
    ] = None,
    types: Annotated[
        list[ActivityType] | None,
        Field(max_length=20),
        BlanksLeftOut,
        Query(alias="type", description="Repeatable; default: all types."),
    ] = None,
) -> Envelope[Page[ActivityItem]]:
    """What the partner did since the partnership began, newest first, ties in the order of ids.

    Each item shows its subject as it is now; what was deleted is gone, archived goals stay. To
    scroll back, send the `id` of the oldest item so far as `before` until `hasNextPage` is false.
    `totalItems` is exact up to 1,000; in a longer feed it says how many are known of.
    """
    found = await activities.list_of_partner(user, page=page, before=before, types=types)
    return envelope(found, "Your partner's activity.")
