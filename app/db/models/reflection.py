"""What somebody thought about a day (Specification §4.6)."""

import uuid
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.base_class import Base, Timestamps, UuidKey

if TYPE_CHECKING:
    from app.db.models import Partnership, User


class Reflection(Timestamps, Base):
    __tablename__ = "reflections"
    __table_args__ = (
        UniqueConstraint("user_id", "reflection_date_local"),
        Index(
            "ix_reflections_partnership_id_user_id_created_at",
            "partnership_id",
            "user_id",
            "created_at",
            "id",
        ),
    )

    id: Mapped[UuidKey]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    partnership_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("partnerships.id", ondelete="SET NULL")
    )
    reflection_date_local: Mapped[date]
    content: Mapped[str] = mapped_column(Text)
    prompt_id: Mapped[str | None] = mapped_column(String(64))
    prompt_text: Mapped[str | None] = mapped_column(Text)

    user: Mapped["User"] = relationship(back_populates="reflections", lazy="raise")
    partnership: Mapped["Partnership | None"] = relationship(lazy="raise")
