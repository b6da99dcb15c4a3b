"""Finding a partner (Specification §4.2)."""

from app.api.deps import ConfirmedUser, CurrentUser, Partnerships
from app.api.openapi import errors
from app.api.routing import ApiRouter
from app.core.errors import ErrorCode
from app.schemas.base_schemas import Envelope, envelope
from app.schemas.partnership_schemas import (
    InvitationPreview,
    InvitationSent,
    InviteAccept,
    InviteCreate,
    InviteToken,
    PartnershipRead,
)

router = ApiRouter(prefix="/partnerships", tags=["Partnerships"])


@router.post(
    "/invite",
    status_code=201,
    summary="Invite a partner",
    responses=errors(
        ErrorCode.CANNOT_INVITE_SELF, ErrorCode.ALREADY_PARTNERED, ErrorCode.RATE_LIMITED
    ),
)
async def invite_partner(
    data: InviteCreate, user: CurrentUser, partnerships: Partnerships
) -> Envelope[InvitationSent]:
    """Invite an e-mail address; inviting again renews the link and its seven days.

    The answer does not tell whether the address has an account or a partner.
    """
    return envelope(await partnerships.invite(user, data), "Invitation ready: share the link too.")


@router.get(
    "/invite/{token}",
    summary="Look at an invitation",
    responses=errors(ErrorCode.INVITE_NOT_FOUND, ErrorCode.INVITE_EXPIRED),
)
async def get_invitation(
    token: InviteToken, partnerships: Partnerships
) -> Envelope[InvitationPreview]:
    """What the holder of the link may see; no sign-in needed."""
    return envelope(await partnerships.preview(token), "You are invited.")


@router.post(
    "/invite/accept",
    summary="Accept an invitation",
    responses=errors(
        ErrorCode.INVITE_NOT_FOUND,
        ErrorCode.INVITE_EXPIRED,
        ErrorCode.INVITE_FOR_ANOTHER_EMAIL,
        ErrorCode.ALREADY_PARTNERED,
    ),
)
async def accept_invitation(
    data: InviteAccept, user: ConfirmedUser, partnerships: Partnerships
) -> Envelope[PartnershipRead]:
    """Become partners. Only the invited, confirmed address may accept, and only once."""
    return envelope(await partnerships.accept(user, data.token), "You are partners now.")


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
