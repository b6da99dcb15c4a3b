"""E-mails to be sent, written in the transaction of their cause."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.enums import EmailStatus
from app.db.base_class import Base, UuidKey, stored_values


class EmailOutbox(Base):
    """`id` is the vendor's idempotency key. `payload` holds links: it is emptied once sent.

    `attempted_at` is when the latest attempt began, and `unclear_since` when the first one began
    of which nobody knows whether it arrived: null while there was none. `history` is a list of
    `{"at", "status", "detail"}`, oldest first, with what the vendor reported later.
    Of equal `dedupe_key`s only the first is written.
    """

    __tablename__ = "email_outbox"

    id: Mapped[UuidKey]
    kind: Mapped[str] = mapped_column(String(64))
    to_email: Mapped[str] = mapped_column(String(320))
    user_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    status: Mapped[EmailStatus] = mapped_column(
        stored_values(EmailStatus, "status"),
        server_default=EmailStatus.PENDING.value,
    )
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempted_at: Mapped[datetime | None]
    unclear_since: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    history: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    dedupe_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]
