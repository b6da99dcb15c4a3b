"""E-mails that wait to be sent, and what became of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Select,
    String,
    Update,
    Uuid,
    bindparam,
    case,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from app.core.enums import EmailStatus
from app.crud.base_crud import BaseCrud
from app.crud.crud_job import insert_jobs
from app.db.models import EmailOutbox
from app.jobs.payloads import DeliverEmail

_UNSETTLED = (EmailStatus.PENDING, EmailStatus.SENDING)
_COLUMNS = ("user_id", "to_email", "kind", "payload", "dedupe_key")


def insert_emails(source: Select[Any]) -> Select[tuple[UUID, UUID | None]]:
    """The statement that writes the e-mails of `source`, and the jobs that deliver them.

    `source` selects `user_id`, `to_email`, `kind`, `payload` (JSONB) and `dedupe_key`, by these
    names; a row whose `dedupe_key` is in the outbox already is left out. The statement has the
    parameter `now`, besides those of `source`, and a row (`id`, `user_id`) for each e-mail.
    """
    wanted = source.cte("wanted_emails")
    now = bindparam("now", type_=DateTime(timezone=True))
    written = (
        insert(EmailOutbox)
        .from_select(
            [*_COLUMNS, "next_attempt_at", "created_at"],
            select(*(wanted.c[name] for name in _COLUMNS), now, now),
            include_defaults=False,
        )
        .on_conflict_do_nothing(index_elements=[EmailOutbox.dedupe_key])
        .returning(EmailOutbox.id, EmailOutbox.user_id)
        .cte("written_emails")
    )
    jobs = insert_jobs(DeliverEmail, written, email_id=written.c.id).cte("delivery_jobs")
    return select(written.c.id, written.c.user_id).add_cte(jobs)


_ADD = insert_emails(
    select(
        bindparam("for_user_id", type_=Uuid).label("user_id"),
        bindparam("for_address", type_=String).label("to_email"),
        bindparam("of_kind", type_=String).label("kind"),
        bindparam("with_payload", type_=JSONB).label("payload"),
        bindparam("with_key", type_=String).label("dedupe_key"),
    )
)


class EmailOutboxCrud(BaseCrud):
    async def add(
        self,
        *,
        kind: str,
        to_email: str,
        payload: dict[str, Any],
        now: datetime,
        user_id: UUID | None = None,
        dedupe_key: str | None = None,
    ) -> UUID | None:
        """Written with the caller's transaction, and so is the job that sends it.

        With `user_id`, the account that it is for: it goes when that account is deleted. None
        when an e-mail with the same `dedupe_key` has been written already.
        """
        await self.session.flush()
        connection = await self.session.connection()
        written = await connection.execute(
            _ADD,
            {
                "for_user_id": user_id,
                "for_address": to_email,
                "of_kind": kind,
                "with_payload": payload,
                "with_key": dedupe_key,
                "now": now,
            },
        )
        row = written.first()
        return row.id if row else None

    async def get_unsettled(self, email_id: UUID) -> EmailOutbox | None:
        """The e-mail, if it still has to be sent."""
        return await self.session.scalar(
            select(EmailOutbox).where(
                EmailOutbox.id == email_id, EmailOutbox.status.in_(_UNSETTLED)
            )
        )

    async def begin_attempt(self, email: EmailOutbox, now: datetime) -> int | None:
        """Note that an attempt begins; returns its number.

        None when another one has begun, or the e-mail was settled meanwhile. An attempt that was
        begun and never settled may have been sent.
        """
        return await self.session.scalar(
            _change(
                EmailOutbox.id == email.id,
                EmailOutbox.attempts == email.attempts,
                EmailOutbox.status.in_(_UNSETTLED),
            )
            .values(
                status=EmailStatus.SENDING,
                attempts=EmailOutbox.attempts + 1,
                attempted_at=now,
                unclear_since=case(
                    (EmailOutbox.status == EmailStatus.SENDING, _UNCLEAR_SINCE),
                    else_=EmailOutbox.unclear_since,
                ),
            )
            .returning(EmailOutbox.attempts)
        )

    async def mark_sent(self, email_id: UUID, now: datetime) -> None:
        """It was accepted, whichever attempt that was. What it said is forgotten."""
        await self.session.execute(
            _change(EmailOutbox.id == email_id, EmailOutbox.status != EmailStatus.SENT).values(
                **_settled(EmailStatus.SENT, now), sent_at=now, last_error=None
            )
        )

    async def mark_pending(
        self,
        email: EmailOutbox,
        attempt: int,
        *,
        now: datetime,
        until: datetime,
        reason: str,
        unclear: bool,
    ) -> None:
        """The attempt was in vain: the next one is at `until`. `unclear`: it may have arrived."""
        values: dict[str, Any] = {"unclear_since": _UNCLEAR_SINCE} if unclear else {}
        await self.session.execute(
            _of_attempt(email, attempt).values(
                status=EmailStatus.PENDING,
                next_attempt_at=until,
                last_error=reason,
                history=_history("unclear" if unclear else "refused", now, reason),
                **values,
            )
        )

    async def mark_failed(
        self, email: EmailOutbox, attempt: int, *, now: datetime, reason: str
    ) -> None:
        """It will never be accepted."""
        await self.session.execute(
            _of_attempt(email, attempt).values(
                status=EmailStatus.FAILED,
                last_error=reason,
                history=_history(EmailStatus.FAILED, now, reason),
            )
        )

    async def mark_parked(self, email: EmailOutbox, now: datetime) -> None:
        """It may have been sent, and the vendor would no longer know a repetition for one."""
        await self._settle_unsent(email, EmailStatus.PARKED, now, None)

    async def mark_cancelled(self, email: EmailOutbox, *, now: datetime, reason: str) -> None:
        """It is not needed any more."""
        await self._settle_unsent(email, EmailStatus.CANCELLED, now, reason)

    async def _settle_unsent(
        self, email: EmailOutbox, status: EmailStatus, now: datetime, reason: str | None
    ) -> None:
        await self.session.execute(
            _change(EmailOutbox.id == email.id, EmailOutbox.status.in_(_UNSETTLED)).values(
                **_settled(status, now, reason), last_error=reason
            )
        )

    async def record_event(
        self, email_id: UUID, *, event: str, at: datetime, detail: str | None = None
    ) -> bool:
        """Add to the history what the vendor reports, such as `delivered`; False without the row.

        The same report twice is one entry. What was delivered or has bounced had been sent: this
        settles an e-mail of which that was unclear.
        """
        entry = [{"status": event, "detail": detail}]
        known = EmailOutbox.history.contains(entry)
        proves_sending = event in _PROOFS_OF_SENDING
        values: dict[str, Any] = {
            "history": case((known, EmailOutbox.history), else_=_history(event, at, detail))
        }
        if proves_sending:
            values |= {
                "status": EmailStatus.SENT,
                "sent_at": func.coalesce(EmailOutbox.sent_at, at),
                "payload": {},
            }
        changed = await self.session.scalar(
            _change(EmailOutbox.id == email_id).values(**values).returning(EmailOutbox.id)
        )
        return changed is not None


_PROOFS_OF_SENDING = frozenset({"delivered", "bounced", "complained"})
_UNCLEAR_SINCE = func.coalesce(EmailOutbox.unclear_since, EmailOutbox.attempted_at)


def _change(*where: ColumnElement[bool]) -> Update:
    return update(EmailOutbox).where(*where).execution_options(synchronize_session=False)


def _of_attempt(email: EmailOutbox, attempt: int) -> Update:
    """Only while no later attempt has begun and nothing has settled it."""
    return _change(
        EmailOutbox.id == email.id,
        EmailOutbox.attempts == attempt,
        EmailOutbox.status == EmailStatus.SENDING,
    )


def _settled(status: EmailStatus, now: datetime, reason: str | None = None) -> dict[str, Any]:
    return {"status": status, "payload": {}, "history": _history(status, now, reason)}


def _history(status: str, at: datetime, detail: str | None) -> ColumnElement[Any]:
    """The history with one more entry, unless the last one says the same."""
    latest = EmailOutbox.history[-1]
    entry = {"at": at.isoformat(), "status": str(status), "detail": detail}
    same = latest.contains({"status": str(status), "detail": detail})
    return case(
        (func.coalesce(same, False), EmailOutbox.history),
        else_=EmailOutbox.history.op("||")(literal([entry], JSONB)),
    )
