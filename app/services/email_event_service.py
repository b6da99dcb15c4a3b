"""What Resend reports of e-mails that it took: delivered, bounced, complained about."""

from email.utils import parseaddr

import structlog
from pydantic import ValidationError

from app.core import webhooks
from app.core.clock import Clock
from app.core.enums import SuppressionReason
from app.core.errors import InvalidInput, InvalidSignature, WebhooksNotConfigured
from app.core.webhooks import SignedMessage, WebhookRefused
from app.crud.crud_email_outbox import EmailOutboxCrud
from app.crud.crud_email_recipient import EmailRecipientCrud
from app.crud.crud_suppression import SuppressionCrud
from app.db.session import Session
from app.emails.messages import EMAIL_PREFERENCES
from app.schemas.email_event_schemas import EmailEvent, EmailEventKind
from app.services.preference_service import PreferenceService

log = structlog.get_logger()


class EmailEventService:
    """An event says what became of an e-mail, and repeating it says nothing new."""

    def __init__(self, *, session: Session, clock: Clock, keys: tuple[bytes, ...]) -> None:
        self._outbox = EmailOutboxCrud(session)
        self._recipients = EmailRecipientCrud(session)
        self._suppressions = SuppressionCrud(session)
        self._preferences = PreferenceService(session, clock)
        self._clock = clock
        self._keys = keys

    async def receive(self, message: SignedMessage) -> None:
        """Note an event, if it is signed; events of other kinds are ignored.

        An address that refuses e-mails for good, or complains, gets no optional ones any more. Who
        complains has them switched off as well, so that the settings tell the truth.
        Raises WebhooksNotConfigured, InvalidSignature, InvalidInput.
        """
        if not self._keys:
            raise WebhooksNotConfigured("Webhooks are not set up: RESEND_WEBHOOK_SECRET is empty.")
        try:
            webhooks.verify(message, keys=self._keys, now=self._clock.now())
        except WebhookRefused as refused:
            log.warning("webhook_refused", reason=str(refused))
            raise InvalidSignature from refused
        try:
            event = EmailEvent.model_validate_json(message.body)
        except ValidationError as error:
            raise InvalidInput("This is no event about an e-mail.") from error
        kind = event.kind
        if kind is None:
            log.info("email_event_ignored", event_type=event.type[:50])
            return
        await self._note(event, kind)

    async def _note(self, event: EmailEvent, kind: EmailEventKind) -> None:
        email_id = event.email_id
        if email_id is not None:
            await self._outbox.record_event(
                email_id, event=kind.value, at=event.created_at, detail=event.detail
            )
        reason = _suppression(event, kind)
        if reason is not None:
            addresses = {parseaddr(to)[1].lower() for to in event.data.to} - {""}
            added = await self._suppressions.add(addresses, reason, self._clock.now())
            log.info("addresses_suppressed", reason=reason.value, added=added)
            if reason is SuppressionReason.COMPLAINED:
                for user_id in await self._recipients.accounts_of(addresses):
                    await self._preferences.switch_off(user_id, EMAIL_PREFERENCES)
        log.info("email_reported", status=kind.value, email_id=str(email_id))


def _suppression(event: EmailEvent, kind: EmailEventKind) -> SuppressionReason | None:
    if kind is EmailEventKind.COMPLAINED:
        return SuppressionReason.COMPLAINED
    if kind is EmailEventKind.BOUNCED and event.is_permanent:
        return SuppressionReason.BOUNCED
    return None
