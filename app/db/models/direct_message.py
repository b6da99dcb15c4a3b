"""A message within a partnership (Specification §4.7). The receiver is the other member."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.base_class import Base, Timestamps, UuidKey

if TYPE_CHECKING:
    from app.db.models import Partnership, User


class DirectMessage(Timestamps, Base):
    __tablename__ = "direct_messages"
    __table_args__ = (
        CheckConstraint(
            "num_nonnulls(text_content, emoji_content, image_url) > 0", name="has_content"
        ),
        Index("ix_direct_messages_thread", "partnership_id", "sent_at_utc", "id"),
        Index(
            "ix_direct_messages_unread",
            "partnership_id",
            "sender_id",
            postgresql_where="read_at_utc IS NULL",
        ),
    )

    id: Mapped[UuidKey]
    partnership_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("partnerships.id", ondelete="CASCADE")
    )
    sender_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    text_content: Mapped[str | None] = mapped_column(Text)
    emoji_content: Mapped[str | None] = mapped_column(String(64))
    image_url: Mapped[str | None] = mapped_column(String(2048))
    sent_at_utc: Mapped[datetime]
    read_at_utc: Mapped[datetime | None]
    reply_to_activity_id: Mapped[str | None] = mapped_column(String(100))
    reply_to_activity_summary: Mapped[str | None] = mapped_column(String(300))

    partnership: Mapped["Partnership"] = relationship(
        back_populates="direct_messages", lazy="raise"
    )
    sender: Mapped["User"] = relationship(back_populates="messages_sent", lazy="raise")
