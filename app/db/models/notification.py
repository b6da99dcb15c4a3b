"""Something that a user should know (Specification §4.8)."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.base_class import Base, UuidKey

if TYPE_CHECKING:
    from app.db.models import User


class Notification(Base):
    """`type` is one of `core/notification_catalogue.py`; `link_to` is a path of the client."""

    __tablename__ = "notifications"
    __table_args__ = (
        Index("ix_notifications_recipient_id_created_at", "recipient_id", "created_at", "id"),
        Index("ix_notifications_unread", "recipient_id", postgresql_where="NOT is_read"),
        Index("ix_notifications_retention", "created_at", postgresql_where="is_read"),
        Index(
            "uq_notifications_unread_chat",
            "recipient_id",
            "target_id",
            unique=True,
            postgresql_where="NOT is_read AND type = 'new_direct_message'",
        ),
    )

    id: Mapped[UuidKey]
    recipient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    actor_user_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    type: Mapped[str] = mapped_column(String(64))
    title: Mapped[str | None] = mapped_column(String(200))
    message: Mapped[str | None] = mapped_column(Text)
    link_to: Mapped[str | None] = mapped_column(String(300))
    is_read: Mapped[bool] = mapped_column(server_default=text("false"))
    read_at_utc: Mapped[datetime | None]
    icon_identifier: Mapped[str | None] = mapped_column(String(64))
    target_type: Mapped[str | None] = mapped_column(String(32))
    target_id: Mapped[str | None] = mapped_column(String(64))
    target_name: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    recipient: Mapped["User"] = relationship(
        foreign_keys=[recipient_id], back_populates="notifications_received", lazy="raise"
    )
    actor: Mapped["User | None"] = relationship(
        foreign_keys=[actor_user_id], back_populates="notifications_acted", lazy="raise"
    )
