"""Two people, or one and an invitation (Specification §4.2)."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.enums import PartnershipStatus
from app.db.base_class import Base, Timestamps, UuidKey, stored_values

if TYPE_CHECKING:
    from app.db.models import DirectMessage, User


class Partnership(Timestamps, Base):
    """`user1` invited, `user2` accepted. Tokens are kept as their SHA-256, in hex.

    That of the link which the inviter may copy is another one than that of the e-mail: inviting
    again renews the former, while the latter may be in somebody's inbox already.
    """

    __tablename__ = "partnerships"
    __table_args__ = (
        CheckConstraint("user1_id <> user2_id", name="two_people"),
        CheckConstraint(
            "status <> 'active' OR (user2_id IS NOT NULL AND activated_at IS NOT NULL)",
            name="active_has_both",
        ),
        CheckConstraint(
            "status <> 'dissolved' OR dissolved_at IS NOT NULL", name="dissolved_has_time"
        ),
        Index(
            "uq_partnerships_user1_active",
            "user1_id",
            unique=True,
            postgresql_where="status = 'active'",
        ),
        Index(
            "uq_partnerships_user2_active",
            "user2_id",
            unique=True,
            postgresql_where="status = 'active'",
        ),
        Index(
            "uq_partnerships_user1_pending",
            "user1_id",
            unique=True,
            postgresql_where="status = 'pending_invite'",
        ),
        Index(
            "uq_partnerships_mailed_invite_token",
            "mailed_invite_token",
            unique=True,
            postgresql_where="mailed_invite_token IS NOT NULL",
        ),
        Index(
            "ix_partnerships_invite_email_pending",
            "invite_email",
            postgresql_where="status = 'pending_invite'",
        ),
    )

    id: Mapped[UuidKey]
    name: Mapped[str | None] = mapped_column(String(100))
    user1_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    user2_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    status: Mapped[PartnershipStatus] = mapped_column(
        stored_values(PartnershipStatus, "status"),
        server_default=PartnershipStatus.PENDING_INVITE.value,
        index=True,
    )
    invite_token: Mapped[str | None] = mapped_column(String(64), unique=True)
    mailed_invite_token: Mapped[str | None] = mapped_column(String(64))
    invite_token_expires_at: Mapped[datetime | None]
    invite_email: Mapped[str | None] = mapped_column(String(320))
    invite_message: Mapped[str | None] = mapped_column(Text)
    activated_at: Mapped[datetime | None]
    dissolved_at: Mapped[datetime | None]

    user1: Mapped["User"] = relationship(
        foreign_keys=[user1_id], back_populates="partnerships_as_user1", lazy="raise"
    )
    user2: Mapped["User | None"] = relationship(
        foreign_keys=[user2_id], back_populates="partnerships_as_user2", lazy="raise"
    )
    direct_messages: Mapped[list["DirectMessage"]] = relationship(
        back_populates="partnership",
        cascade="all, delete-orphan",
        lazy="raise",
        passive_deletes=True,
    )
