"""Partnerships and invitations (Specification §4.2)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.core.enums import LenientEnum, PartnershipStatus
from app.schemas.auth_schemas import EmailAddress
from app.schemas.base_schemas import BlankIsNull, NoNul, RequestSchema, ResponseSchema
from app.schemas.user_schemas import PartnerDetails, PublicUser

PartnershipName = Annotated[
    str, Field(min_length=1, max_length=100, examples=["Early birds"]), NoNul
]
InviteMessage = Annotated[
    str, Field(min_length=1, max_length=500, examples=["Shall we keep each other going?"]), NoNul
]
InviteToken = Annotated[
    str, Field(min_length=1, max_length=200, description="The `invite_token` of the link."), NoNul
]


class InviteCreate(RequestSchema):
    email: EmailAddress
    message: Annotated[InviteMessage | None, BlankIsNull] = None
    name: Annotated[PartnershipName | None, BlankIsNull] = None


class InviteAnswer(RequestSchema):
    token: InviteToken


class PartnershipNaming(RequestSchema):
    name: PartnershipName


class InvitationDirection(LenientEnum):
    INCOMING = "incoming"
    OUTGOING = "outgoing"


class PartnershipRead(ResponseSchema):
    id: UUID
    name: str | None
    status: PartnershipStatus
    partner: PublicUser | None = Field(description="Null until somebody has accepted.")
    invite_email: str | None
    invite_expires_at: datetime | None
    activated_at: datetime | None
    dissolved_at: datetime | None
    created_at: datetime
    role: Literal["inviter", "invitee"] = Field(description="Which of the two the caller is.")


class InvitationSent(ResponseSchema):
    partnership: PartnershipRead
    invite_url: str = Field(
        description="The link of the invitation, to copy and share.",
        examples=["https://app.example.com/partner-invite/accept?invite_token=…"],
    )


class Inviter(ResponseSchema):
    username: str | None
    name: str | None
    profile_image_url: str | None


class InvitationRead(ResponseSchema):
    id: UUID
    direction: InvitationDirection
    inviter: Inviter
    invite_email: str
    partnership_name: str | None
    message: str | None
    is_expired: bool
    expires_at: datetime
    created_at: datetime


class PastPartnership(ResponseSchema):
    """A partnership that has ended; of the former partner only the name stays visible."""

    id: UUID
    name: str | None
    status: PartnershipStatus
    partner: PartnerDetails | None
    activated_at: datetime | None
    dissolved_at: datetime | None
    created_at: datetime
    role: Literal["inviter", "invitee"] = Field(description="Which of the two the caller was.")


class InvitationPreview(ResponseSchema):
    """What somebody who holds the link may see before signing in."""

    inviter: Inviter
    partnership_name: str | None
    message: str | None
    expires_at: datetime
