"""The life of a partnership (Specification §4.2)."""

from uuid import UUID

from app.api.deps import Cards, CurrentUser, PageDep, Partnerships
from app.api.openapi import errors
from app.api.routing import ApiRouter
from app.core.errors import ErrorCode
from app.schemas.base_schemas import Envelope, Page, envelope
from app.schemas.card_schemas import SystemCard
from app.schemas.message_schemas import MessageRead
from app.schemas.partnership_schemas import PartnershipNaming, PartnershipRead, PastPartnership

router = ApiRouter(prefix="/partnerships", tags=["Partnerships"])


@router.post(
    "/setup",
    status_code=201,
    summary="Set up a partnership",
    responses=errors(ErrorCode.ALREADY_PARTNERED),
)
async def set_up_partnership(
    data: PartnershipNaming, user: CurrentUser, partnerships: Partnerships
) -> Envelope[PartnershipRead]:
    """Name a partnership that waits for a partner; nobody is invited yet.

    There is one such partnership at a time: a second call renames it.
    """
    return envelope(await partnerships.set_up(user, data.name), "Ready: now invite your partner.")


@router.get(
    "/current",
    summary="Read my partnership",
    responses=errors(ErrorCode.NO_ACTIVE_PARTNERSHIP),
)
async def get_current_partnership(
    user: CurrentUser, partnerships: Partnerships
) -> Envelope[PartnershipRead]:
    """The caller's active partnership, with the partner."""
    return envelope(await partnerships.current(user), "Your partnership.")


@router.put(
    "/current",
    summary="Rename my partnership",
    responses=errors(ErrorCode.NO_ACTIVE_PARTNERSHIP),
)
async def rename_partnership(
    data: PartnershipNaming, user: CurrentUser, partnerships: Partnerships
) -> Envelope[PartnershipRead]:
    """Both partners may."""
    return envelope(await partnerships.rename(user, data.name), "Partnership renamed.")


@router.post(
    "/dissolve",
    summary="End my partnership",
    responses=errors(ErrorCode.NO_ACTIVE_PARTNERSHIP),
)
async def dissolve_partnership(
    user: CurrentUser, partnerships: Partnerships
) -> Envelope[PastPartnership]:
    """End it for both, at once: neither sees the other's goals and check-ins any more.

    Check-ins that wait for verification count as completed; messages stay readable.
    """
    return envelope(await partnerships.dissolve(user), "Your partnership has ended.")


@router.get(
    "/partner/systems/today",
    summary="List my partner's systems of today",
    responses=errors(ErrorCode.NO_ACTIVE_PARTNERSHIP),
)
async def list_partner_systems_of_today(
    user: CurrentUser, cards: Cards, page: PageDep
) -> Envelope[Page[SystemCard]]:
    """What is due or was logged on the date that it is now for the partner, by time, then title."""
    found = await cards.partners_today(user, page=page)
    return envelope(found, "Your partner's systems of today.")


@router.get("/history", summary="List my past partnerships")
async def list_past_partnerships(
    user: CurrentUser, partnerships: Partnerships, page: PageDep
) -> Envelope[Page[PastPartnership]]:
    """Those that have ended, the latest first."""
    return envelope(await partnerships.history(user, page=page), "Your past partnerships.")


@router.get(
    "/history/{partnership_id}/messages",
    summary="Read the messages of a past partnership",
    responses=errors(ErrorCode.PARTNERSHIP_NOT_FOUND),
)
async def list_past_messages(
    partnership_id: UUID, user: CurrentUser, partnerships: Partnerships, page: PageDep
) -> Envelope[Page[MessageRead]]:
    """The thread as it was, newest first; nothing can be added."""
    messages = await partnerships.past_messages(user, partnership_id, page=page)
    return envelope(messages, "The messages.")
