"""What somebody wants to reach (Specification §4.3)."""

import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.enums import GoalPriority, GoalStatus
from app.db.base_class import Base, Timestamps, UuidKey, stored_values

if TYPE_CHECKING:
    from app.db.models import System, User


class Goal(Timestamps, Base):
    """`start_date` and `target_date` are dates in the owner's calendar."""

    __tablename__ = "goals"
    __table_args__ = (
        CheckConstraint("target_date >= start_date", name="dates_in_order"),
        Index("ix_goals_user_id_is_archived_created_at", "user_id", "is_archived", "created_at"),
        Index("ix_goals_user_id_created_at", "user_id", "created_at", "id"),
        Index(
            "ix_goals_user_id_achieved_at",
            "user_id",
            "achieved_at",
            "id",
            postgresql_where="achieved_at IS NOT NULL",
        ),
    )

    id: Mapped[UuidKey]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str | None] = mapped_column(Text)
    category: Mapped[str | None] = mapped_column(String(50), index=True)
    priority: Mapped[GoalPriority | None] = mapped_column(
        stored_values(GoalPriority, "priority").evaluates_none(),  # None is null, not the default
        server_default=GoalPriority.MEDIUM.value,
    )
    status: Mapped[GoalStatus] = mapped_column(
        stored_values(GoalStatus, "status"),
        server_default=GoalStatus.NOT_STARTED.value,
        index=True,
    )
    start_date: Mapped[date | None]
    target_date: Mapped[date | None] = mapped_column(index=True)
    ai_assistance_inputs: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    ai_generated_plan_details: Mapped[str | None] = mapped_column(Text)
    achieved_at: Mapped[datetime | None]
    is_archived: Mapped[bool] = mapped_column(server_default=text("false"), index=True)

    user: Mapped["User"] = relationship(back_populates="goals", lazy="raise")
    systems: Mapped[list["System"]] = relationship(
        back_populates="goal", cascade="all, delete-orphan", lazy="raise", passive_deletes=True
    )
