"""E-mails that wait to be sent."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from app.core.enums import EmailStatus
from app.crud.base_crud import BaseCrud
from app.db.models import EmailOutbox


class EmailOutboxCrud(BaseCrud):
    def add(
        self,
        *,
        kind: str,
        to_email: str,
        payload: dict[str, Any],
        now: datetime,
        user_id: UUID | None = None,
    ) -> None:
        """Written with the caller's transaction: sent if, and only if, it commits.

        With `user_id`, the account that it is for: it goes when that account is deleted.
        """
        self.session.add(
            EmailOutbox(
                kind=kind,
                to_email=to_email,
                user_id=user_id,
                payload=payload,
                next_attempt_at=now,
                created_at=now,
            )
        )

    async def claim(
        self, *, now: datetime, again_at: datetime, at_most: int
    ) -> Sequence[EmailOutbox]:
        """Take due e-mails. One that is not settled by `again_at` is taken again then."""
        due = (
            select(EmailOutbox.id)
            .where(
                EmailOutbox.status.in_([EmailStatus.PENDING, EmailStatus.SENDING]),
                EmailOutbox.next_attempt_at <= now,
            )
            .order_by(EmailOutbox.next_attempt_at, EmailOutbox.id)
            .limit(at_most)
            .with_for_update(skip_locked=True)
        )
        rows = await self.session.scalars(
            update(EmailOutbox)
            .where(EmailOutbox.id.in_(due))
            .values(
                status=EmailStatus.SENDING,
                attempts=EmailOutbox.attempts + 1,
                next_attempt_at=again_at,
            )
            .returning(EmailOutbox)
        )
        return rows.all()

    async def settle(self, email_id: UUID, *, attempt: int, **values: Any) -> None:
        """Write down how an attempt ended, unless its claim has lapsed and another one began."""
        await self.session.execute(
            update(EmailOutbox)
            .where(EmailOutbox.id == email_id, EmailOutbox.attempts == attempt)
            .values(**values)
        )
