"""E-mails as typed messages. Each has three templates named after its kind."""

from typing import ClassVar

from pydantic import BaseModel


class EmailMessage(BaseModel):
    """The fields are what its templates may use. `kind` names the templates and the outbox row."""

    kind: ClassVar[str]


class PartnershipInvitation(EmailMessage):
    kind: ClassVar[str] = "partnership_invitation"

    inviter_name: str
    partnership_name: str | None
    personal_message: str | None
    invite_url: str
    valid_days: int


class PartnershipAccepted(EmailMessage):
    kind: ClassVar[str] = "partnership_accepted"

    partner_name: str
    partnership_name: str | None
    partnership_url: str


class PartnershipDissolved(EmailMessage):
    """`partner_name` is left out when the partner's account is deleted."""

    kind: ClassVar[str] = "partnership_dissolved"

    partner_name: str | None
    account_deleted: bool
    partnership_url: str


MESSAGES: dict[str, type[EmailMessage]] = {
    message.kind: message
    for message in (PartnershipInvitation, PartnershipAccepted, PartnershipDissolved)
}
