"""Invitations to a partnership (Specification §4.2)."""

from typing import Annotated
from uuid import UUID

from app.api.deps import ConfirmedUser, CurrentUser, Invitations, PageDep
from app.api.openapi import errors
from app.api.routing import ApiRouter
from app.core.errors import ErrorCode
from app.schemas.base_schemas import BlankIsNull, Envelope, Page, envelope
from app.schemas.partnership_schemas import (
    InvitationDirection,
    InvitationPreview,
    InvitationRead,
    InvitationSent,
    InviteAnswer,
    InviteCreate,
    InviteToken,
    PartnershipRead,
)

router = ApiRouter(prefix="/partnerships", tags=["Invitations"])

_SENDING = (ErrorCode.ALREADY_PARTNERED, ErrorCode.RATE_LIMITED)
_BY_LINK = (
    ErrorCode.INVITE_NOT_FOUND,
    ErrorCode.INVITE_EXPIRED,
    ErrorCode.INVITE_FOR_ANOTHER_EMAIL,
    ErrorCode.NOT_YOURS,
)
_IN_APP = (ErrorCode.INVITE_NOT_FOUND, ErrorCode.INVITE_EXPIRED, ErrorCode.NOT_YOURS)


@router.post(
    "/invite",
    status_code=201,
    summary="Invite a partner",
    responses=errors(ErrorCode.CANNOT_INVITE_SELF, *_SENDING),
)
async def invite_partner(
    data: InviteCreate, user: CurrentUser, invitations: Invitations
) -> Envelope[InvitationSent]:
    """Invite an e-mail address; inviting again renews the link and its seven days.

    The answer does not tell whether the address has an account or a partner.
    """
    return envelope(await invitations.invite(user, data), "Invitation ready: share the link too.")


@router.get(
    "/invite/{token}",
    summary="Look at an invitation",
    responses=errors(ErrorCode.INVITE_NOT_FOUND, ErrorCode.INVITE_EXPIRED),
)
async def get_invitation(
    token: InviteToken, invitations: Invitations
) -> Envelope[InvitationPreview]:
    """What the holder of the link may see; no sign-in needed."""
    return envelope(await invitations.preview(token), "You are invited.")


@router.post(
    "/invite/accept",
    summary="Accept an invitation",
    responses=errors(*_BY_LINK, ErrorCode.ALREADY_PARTNERED),
)
async def accept_invitation(
    data: InviteAnswer, user: ConfirmedUser, invitations: Invitations
) -> Envelope[PartnershipRead]:
    """Become partners. Only the invited, confirmed address may accept, and only once."""
    return envelope(await invitations.accept(user, data.token), "You are partners now.")


@router.post("/invite/decline", summary="Decline an invitation", responses=errors(*_BY_LINK))
async def decline_invitation(
    data: InviteAnswer, user: ConfirmedUser, invitations: Invitations
) -> Envelope[None]:
    """The inviter is told; the link is dead."""
    await invitations.decline(user, data.token)
    return envelope(None, "Invitation declined.")


@router.get("/invitations", summary="List my invitations")
async def list_invitations(
    user: ConfirmedUser,
    invitations: Invitations,
    page: PageDep,
    direction: Annotated[InvitationDirection | None, BlankIsNull] = None,
) -> Envelope[Page[InvitationRead]]:
    """Sent ones, and received ones for the caller's confirmed address: no link needed."""
    found = await invitations.list_for(user, page=page, direction=direction)
    return envelope(found, "Your invitations.")


@router.post(
    "/invitations/{invitation_id}/accept",
    operation_id="acceptReceivedInvitation",
    summary="Accept a received invitation",
    responses=errors(*_IN_APP, ErrorCode.ALREADY_PARTNERED),
)
async def accept_received_invitation(
    invitation_id: UUID, user: ConfirmedUser, invitations: Invitations
) -> Envelope[PartnershipRead]:
    """The same as with the link, from inside the app."""
    return envelope(await invitations.accept_by_id(user, invitation_id), "You are partners now.")


@router.post(
    "/invitations/{invitation_id}/decline",
    summary="Decline a received invitation",
    responses=errors(*_IN_APP),
)
async def decline_received_invitation(
    invitation_id: UUID, user: ConfirmedUser, invitations: Invitations
) -> Envelope[None]:
    """The same as with the link, from inside the app."""
    await invitations.decline_by_id(user, invitation_id)
    return envelope(None, "Invitation declined.")


@router.post(
    "/invitations/{invitation_id}/resend",
    summary="Renew a sent invitation",
    responses=errors(ErrorCode.INVITE_NOT_FOUND, ErrorCode.NOT_YOURS, *_SENDING),
)
async def resend_invitation(
    invitation_id: UUID, user: ConfirmedUser, invitations: Invitations
) -> Envelope[InvitationSent]:
    """A new link, valid for seven days; the old one is dead. One e-mail a day at most."""
    return envelope(await invitations.resend(user, invitation_id), "Invitation renewed.")


@router.delete(
    "/invitations/{invitation_id}",
    status_code=204,
    summary="Take a sent invitation back",
    responses=errors(ErrorCode.INVITE_NOT_FOUND, ErrorCode.NOT_YOURS),
)
async def cancel_invitation(
    invitation_id: UUID, user: ConfirmedUser, invitations: Invitations
) -> None:
    """Its link is dead; the partnership waits for another invitation."""
    await invitations.cancel(user, invitation_id)
