"""That something changed for somebody, for the streams of live updates."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base_class import Base


class LiveEvent(Base):
    """Written by triggers on notifications, direct_messages and checkins; kept for a day.

    `transaction_id` tells what a reader's snapshot had not seen yet: ids are given out before the
    commit, and transactions commit in another order. `target_id` is the changed row, or null for
    many at once.
    """

    __tablename__ = "live_events"
    __table_args__ = (Index("ix_live_events_unseen", "user_id", "transaction_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    event: Mapped[str] = mapped_column(String(16))
    target_id: Mapped[uuid.UUID | None]
    transaction_id: Mapped[int] = mapped_column(
        BigInteger, server_default=text("(pg_current_xact_id()::text)::bigint")
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
