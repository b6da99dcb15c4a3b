"""A practice on a schedule (Specification §4.4)."""

import uuid
from datetime import date, time
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.enums import SystemFrequency, SystemMetricType, SystemStatus
from app.db.base_class import Base, Timestamps, UuidKey, stored_values

if TYPE_CHECKING:
    from app.db.models import Checkin, Goal, SystemPause, SystemSchedule, User


class System(Timestamps, Base):
    """The schedule in `frequency` and `frequency_details` is the newest; `schedules` has them all.

    `target_time_local` and `reminder_time_local` are wall-clock times in the owner's zone;
    `last_reminder_local_date` is the newest date of which the owner was reminded, or
    whose reminder's time was over when that was chosen.
    """

    __tablename__ = "systems"
    __table_args__ = (
        CheckConstraint("target_value > 0", name="target_value_positive"),
        CheckConstraint(
            "metric_type <> 'binary' OR (target_value IS NULL AND target_unit IS NULL)",
            name="binary_has_no_target",
        ),
        CheckConstraint(
            "(frequency = 'weekly') = (frequency_details IS NOT NULL)",
            name="weekly_has_details",
        ),
        Index("ix_systems_user_id_status_created_at", "user_id", "status", "created_at"),
        Index("ix_systems_user_id_created_at", "user_id", "created_at", "id"),
        Index(
            "ix_systems_reminder",
            "reminder_time_local",
            postgresql_where="checkin_reminder AND status = 'active'",
        ),
    )

    id: Mapped[UuidKey]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    goal_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("goals.id", ondelete="CASCADE"), index=True
    )
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, server_default="")
    status: Mapped[SystemStatus] = mapped_column(
        stored_values(SystemStatus, "status"),
        server_default=SystemStatus.ACTIVE.value,
        index=True,
    )
    frequency: Mapped[SystemFrequency] = mapped_column(stored_values(SystemFrequency, "frequency"))
    frequency_details: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    metric_type: Mapped[SystemMetricType] = mapped_column(
        stored_values(SystemMetricType, "metric_type")
    )
    target_value: Mapped[float | None]
    target_unit: Mapped[str | None] = mapped_column(String(50))
    target_time_local: Mapped[time | None]
    verification_required: Mapped[bool] = mapped_column(server_default=text("false"))
    checkin_reminder: Mapped[bool] = mapped_column(server_default=text("false"))
    reminder_time_local: Mapped[time | None]
    last_reminder_local_date: Mapped[date | None]
    ai_assistance_used: Mapped[bool] = mapped_column(server_default=text("false"))

    user: Mapped["User"] = relationship(back_populates="systems_created", lazy="raise")
    goal: Mapped["Goal | None"] = relationship(back_populates="systems", lazy="raise")
    checkins: Mapped[list["Checkin"]] = relationship(
        back_populates="system", cascade="all, delete-orphan", lazy="raise", passive_deletes=True
    )
    schedules: Mapped[list["SystemSchedule"]] = relationship(
        cascade="all, delete-orphan", lazy="raise", passive_deletes=True
    )
    pauses: Mapped[list["SystemPause"]] = relationship(
        cascade="all, delete-orphan", lazy="raise", passive_deletes=True
    )
