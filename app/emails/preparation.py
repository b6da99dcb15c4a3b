"""What becomes of an e-mail of the outbox when its turn comes: it is written, or not needed.

The one registry: each kind has a function that loads what the e-mail shows, and checks again that
it is still wanted. Nothing stale is sent.
"""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qs, urlsplit

from app.clients.resend_client import OutgoingEmail
from app.core.clock import Clock
from app.core.config import Settings
from app.core.enums import PartnershipStatus
from app.core.invitations import hash_token
from app.core.unsubscribe_links import Subscription, unsubscribe_links
from app.crud.crud_email_recipient import EmailRecipientCrud
from app.crud.crud_invitation import InvitationCrud
from app.crud.crud_user import Account, UserCrud
from app.db.models import EmailOutbox
from app.db.session import Session
from app.emails.contents import Links, NotNeeded, Reading
from app.emails.daily_summary import write_daily_summary
from app.emails.first_goal import write_first_goal
from app.emails.messages import (
    MESSAGES,
    DailySummary,
    EmailMessage,
    FirstGoal,
    OptionalEmail,
    PartnershipAccepted,
    PartnershipInvitation,
    VerificationReminder,
)
from app.emails.render import render
from app.emails.verification_reminder import write_verification_reminder

__all__ = ["NotNeeded", "prepare"]

Write = Callable[[Mapping[str, object], Reading], Awaitable[OptionalEmail | NotNeeded]]

# What is shown is read when it is sent; the rows hold little more than whom it is for.
WRITTEN_LATE: dict[type[OptionalEmail], Write] = {
    DailySummary: write_daily_summary,
    VerificationReminder: write_verification_reminder,
    FirstGoal: write_first_goal,
}


async def prepare(
    email: EmailOutbox, *, session: Session, clock: Clock, settings: Settings
) -> OutgoingEmail | NotNeeded:
    """Write an e-mail as things stand now.

    Raises KeyError, ValueError or TemplateError if it is unreadable. That need not be for ever: a
    newer version may know what this one does not.
    """
    kind = MESSAGES[email.kind]
    account = None
    if email.user_id is not None:
        account = await UserCrud(session).get_account(email.user_id)
        if account is None or not account.is_active:
            return NotNeeded("the account is closed")
    if not issubclass(kind, OptionalEmail):
        message = kind.model_validate(email.payload)
        obsolete = await _why_obsolete(message, account, InvitationCrud(session), clock)
        if obsolete is not None:
            return obsolete
        return OutgoingEmail(
            email.id, account.email if account else email.to_email, render(message)
        )
    if account is None:
        raise ValueError("an optional e-mail without an account")
    return await _prepare_optional(email, kind, account, session, clock, settings)


async def _prepare_optional(
    email: EmailOutbox,
    kind: type[OptionalEmail],
    account: Account,
    session: Session,
    clock: Clock,
    settings: Settings,
) -> OutgoingEmail | NotNeeded:
    standing = await EmailRecipientCrud(session).standing(account.id, kind.preference)
    if standing is None or account.confirmed_email is None:
        return NotNeeded("the address is not confirmed")
    if standing["is_switched_off"]:
        return NotNeeded("switched off")
    if standing["is_suppressed"]:
        return NotNeeded("the address refuses e-mails")
    unsubscribe = unsubscribe_links(
        public_api_url=str(settings.public_api_url), secret=settings.email_links_secret
    ).link(Subscription(account.id, kind.preference))
    links = Links(settings.frontend_link, unsubscribe, settings.notification_settings_link)
    reading = Reading(account=account, session=session, clock=clock, links=links)
    message = await WRITTEN_LATE[kind](email.payload, reading)
    if isinstance(message, NotNeeded):
        return message
    return OutgoingEmail(
        id=email.id,
        to=account.confirmed_email,
        content=render(message),
        headers=unsubscribe_headers(message),
    )


def unsubscribe_headers(message: OptionalEmail) -> dict[str, str]:
    """What lets a mail program offer to unsubscribe with one click (RFC 2369, RFC 8058)."""
    return {
        "List-Unsubscribe": f"<{message.unsubscribe_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


async def _why_obsolete(
    message: EmailMessage, account: Account | None, invitations: InvitationCrud, clock: Clock
) -> NotNeeded | None:
    """Whether what a partnership's e-mail tells is over by now."""
    if isinstance(message, PartnershipAccepted) and account and not account.partner_id:
        return NotNeeded("the partnership has ended")
    if isinstance(message, PartnershipInvitation):
        (token,) = parse_qs(urlsplit(message.invite_url).query).get("invite_token", [""])
        invite = await invitations.find(hash_token(token)) if token else None
        if token and (
            invite is None
            or invite["status"] is not PartnershipStatus.PENDING_INVITE
            or invite["invite_token_expires_at"] <= clock.now()
        ):
            return NotNeeded("the invitation does not stand any more")
    return None
