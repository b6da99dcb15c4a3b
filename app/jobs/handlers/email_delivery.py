"""Delivers the e-mails of the outbox: each at least once, and as one e-mail to the vendor.

An attempt is noted before the vendor is called and settled afterwards; no transaction is open
meanwhile. Who finds an attempt that was never settled knows that it may have been sent, and sends
again with the same id, which is the vendor's idempotency key. The vendor remembers it for 24 hours:
what is unclear for longer is parked and reported, not sent again.
"""

import random
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from app.clients.resend_client import EmailNotSent, EmailSender, Refusal
from app.core.clock import Clock
from app.core.config import Settings
from app.core.enums import EmailStatus
from app.crud.crud_email_outbox import EmailOutboxCrud
from app.db.models import EmailOutbox
from app.db.session import Database
from app.emails.preparation import NotNeeded, prepare
from app.jobs.handler import GiveUp, Handler, Resources, TryAgain
from app.jobs.payloads import DeliverEmail

log = structlog.get_logger()

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
# Less than the vendor's 24 hours, by more than an attempt takes.
KEY_IS_KNOWN_FOR = timedelta(hours=24) - timedelta(minutes=5)
WORTH_SENDING_FOR = timedelta(days=3)
OVERTAKEN_PAUSE = timedelta(minutes=1)


class EmailDelivery:
    def __init__(
        self, *, database: Database, sender: EmailSender, clock: Clock, settings: Settings
    ) -> None:
        self._database = database
        self._sender = sender
        self._clock = clock
        self._settings = settings

    async def deliver(self, email_id: UUID) -> None:
        """Try to send an e-mail; nothing happens when that is done or it is gone.

        Raises TryAgain, and GiveUp when it is parked.
        """
        async with self._database.session() as session, session.begin():
            outbox = EmailOutboxCrud(session)
            email = await outbox.get_unsettled(email_id)
            if email is None:
                return
            now = self._clock.now()
            if self._is_unclear_for_too_long(email, now):
                await outbox.mark_parked(email, now)
                outgoing = None
            else:
                outgoing = await prepare(
                    email, session=session, clock=self._clock, settings=self._settings
                )
            if isinstance(outgoing, NotNeeded):
                await outbox.mark_cancelled(email, now=now, reason=outgoing.reason)
        if outgoing is None:
            log.error("email_parked", email_id=str(email_id), kind=email.kind)
            raise GiveUp("EmailParked")
        if isinstance(outgoing, NotNeeded):
            log.info(
                "email_cancelled", email_id=str(email_id), kind=email.kind, reason=outgoing.reason
            )
            return
        async with self._database.session() as session, session.begin():
            attempt = await EmailOutboxCrud(session).begin_attempt(email, self._clock.now())
        if attempt is None:
            raise TryAgain("Overtaken", after=OVERTAKEN_PAUSE)
        try:
            await self._sender.send(outgoing)
        except EmailNotSent as error:
            await self._after_refusal(email, attempt, error)
            return
        async with self._database.session() as session, session.begin():
            await EmailOutboxCrud(session).mark_sent(email.id, self._clock.now())
        log.info("email_sent", email_id=str(email_id), kind=email.kind)

    def _is_unclear_for_too_long(self, email: EmailOutbox, now: datetime) -> bool:
        since = email.unclear_since
        if email.status is EmailStatus.SENDING:  # nobody has settled that attempt
            since = since or email.attempted_at
        return since is not None and now - since >= KEY_IS_KNOWN_FOR

    async def _after_refusal(self, email: EmailOutbox, attempt: int, error: EmailNotSent) -> None:
        now = self._clock.now()
        reason, refusal = str(error), error.refusal
        if refusal is Refusal.LATER and now - email.created_at >= WORTH_SENDING_FOR:
            refusal = Refusal.FOR_EVER
        report = log.error if refusal is Refusal.CONFIGURATION else log.warning
        report(
            "email_not_sent",
            email_id=str(email.id),
            kind=email.kind,
            attempt=attempt,
            refusal=refusal.name.lower(),
            error=reason,
        )
        pause = error.retry_after or _pause_after(attempt)
        async with self._database.session() as session, session.begin():
            outbox = EmailOutboxCrud(session)
            if refusal is Refusal.FOR_EVER:
                await outbox.mark_failed(email, attempt, now=now, reason=reason)
                return
            await outbox.mark_pending(
                email,
                attempt,
                now=now,
                until=now + pause,
                reason=reason,
                unclear=refusal is Refusal.UNCLEAR,
            )
        raise TryAgain(reason, after=pause)


def _pause_after(attempt: int) -> timedelta:
    pause: timedelta = min(FIRST_PAUSE * 2 ** min(attempt - 1, 10), LONGEST_PAUSE)
    return pause * random.uniform(1.0, 1.25)  # those that failed together do not come together


async def deliver_email(payload: DeliverEmail, resources: Resources) -> None:
    if resources.sender is None:
        raise TryAgain("NoSender", after=LONGEST_PAUSE)
    delivery = EmailDelivery(
        database=resources.database,
        sender=resources.sender,
        clock=resources.clock,
        settings=resources.settings,
    )
    await delivery.deliver(payload.email_id)


HANDLER = Handler(DeliverEmail, deliver_email)
