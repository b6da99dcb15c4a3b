"""One emoji of one user on one target; the next replaces it (Specification §4.9)."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.enums import ReactionTarget
from app.db.base_class import Base, UuidKey, stored_values

if TYPE_CHECKING:
    from app.db.models import User


class Reaction(Base):
    __tablename__ = "reactions"
    __table_args__ = (
        UniqueConstraint("user_id", "target_type", "target_id"),
        Index("ix_reactions_target", "target_type", "target_id"),
    )

    id: Mapped[UuidKey]
    user_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    emoji: Mapped[str] = mapped_column(String(64))
    target_type: Mapped[ReactionTarget] = mapped_column(
        stored_values(ReactionTarget, "target_type")
    )
    target_id: Mapped[uuid.UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    user: Mapped["User"] = relationship(lazy="raise")
