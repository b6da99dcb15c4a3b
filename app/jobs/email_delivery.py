"""Delivers the e-mails of the outbox, at least once each, while the application runs.

Claimed, sent and settled in three steps, so that no transaction is open while the vendor is
called. A process that dies in between leaves a claim that lapses; the e-mail's id, which is the
vendor's idempotency key, keeps the second attempt from arriving twice.
"""

import asyncio
from datetime import timedelta

import structlog
from jinja2 import TemplateError

from app.clients.resend_client import EmailNotSent, EmailSender, OutgoingEmail
from app.core.clock import Clock
from app.core.enums import EmailStatus
from app.core.logging import describe_exception
from app.crud.crud_email_outbox import EmailOutboxCrud
from app.db.errors import DATABASE_ERRORS
from app.db.models import EmailOutbox
from app.db.session import Database
from app.emails.messages import MESSAGES
from app.emails.render import RenderedEmail, render

log = structlog.get_logger()

CLAIM_LASTS = timedelta(minutes=2)  # longer than a batch takes, if each call of it times out
FIRST_RETRY = timedelta(minutes=1)
LAST_ATTEMPT = 8  # with doubling pauses, about two hours after the first
BATCH = 10
POLL_SECONDS = 1.0
PAUSE_AFTER_FAULT_SECONDS = 5.0


class EmailDelivery:
    def __init__(self, *, database: Database, sender: EmailSender, clock: Clock) -> None:
        self._database = database
        self._sender = sender
        self._clock = clock

    async def run(self) -> None:
        """Deliver what is due, for ever. Any number of processes may run it."""
        while True:
            try:
                delivered = await self.deliver_due()
            except DATABASE_ERRORS as error:
                log.warning("email_delivery_interrupted", **describe_exception(error))
                await asyncio.sleep(PAUSE_AFTER_FAULT_SECONDS)
                continue
            except Exception as error:  # a defect must not end the delivery of all other e-mails
                log.error("email_delivery_failed", **describe_exception(error))
                await asyncio.sleep(PAUSE_AFTER_FAULT_SECONDS)
                continue
            if delivered < BATCH:
                await asyncio.sleep(POLL_SECONDS)

    async def deliver_due(self) -> int:
        """Try everything that is due once; returns how many e-mails were tried."""
        now = self._clock.now()
        async with self._database.session() as session, session.begin():
            claimed = await EmailOutboxCrud(session).claim(
                now=now, again_at=now + CLAIM_LASTS, at_most=BATCH
            )
        for email in claimed:
            await self._deliver(email)
        return len(claimed)

    async def _deliver(self, email: EmailOutbox) -> None:
        try:
            await self._sender.send(OutgoingEmail(email.id, email.to_email, _write(email)))
        except EmailNotSent as error:
            outcome = self._after_failure(email, error)
            log.warning("email_not_sent", email_id=str(email.id), kind=email.kind, error=str(error))
        else:
            outcome = {"status": EmailStatus.SENT, "sent_at": self._clock.now(), "payload": {}}
            log.info("email_sent", email_id=str(email.id), kind=email.kind)
        async with self._database.session() as session, session.begin():
            await EmailOutboxCrud(session).settle(email.id, attempt=email.attempts, **outcome)

    def _after_failure(self, email: EmailOutbox, error: EmailNotSent) -> dict[str, object]:
        if error.permanent or email.attempts >= LAST_ATTEMPT:
            return {"status": EmailStatus.FAILED, "last_error": str(error)}
        pause = FIRST_RETRY * 2 ** (email.attempts - 1)
        return {
            "status": EmailStatus.PENDING,
            "next_attempt_at": self._clock.now() + pause,
            "last_error": str(error),
        }


def _write(email: EmailOutbox) -> RenderedEmail:
    """Raises EmailNotSent; not for ever, since a newer version may know what this one does not."""
    try:
        return render(MESSAGES[email.kind].model_validate(email.payload))
    except (KeyError, ValueError, TemplateError) as error:
        raise EmailNotSent(f"unreadable: {type(error).__name__}", permanent=False) from error
