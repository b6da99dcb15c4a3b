"""What is kept of streaks: milestones that were reached, and where a long walk may begin."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base_class import Base, UuidKey


class StreakMilestone(Base):
    """A user streak reached `length` days on `local_date`: told once, shown in the feed."""

    __tablename__ = "streak_milestones"
    __table_args__ = (
        CheckConstraint("length > 0", name="length_positive"),
        Index("uq_streak_milestones_user_date", "user_id", "local_date", unique=True),
        Index("ix_streak_milestones_user_id_reached_at", "user_id", "reached_at", "id"),
    )

    id: Mapped[UuidKey]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    partnership_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("partnerships.id", ondelete="SET NULL"), index=True
    )
    length: Mapped[int]
    local_date: Mapped[date]
    reached_at: Mapped[datetime]


class StreakCheckpoint(Base):
    """What a person's closed dates before `until`, a Monday, come to: derived, never the truth.

    As if no system had begun before `begun`, the local date on which a partnership began;
    `date.min`, which is -infinity in the database, is for all time. `systems` holds, by system id,
    the same for each system that existed then. Deleting a system deletes its owner's checkpoints,
    by a trigger.
    """

    __tablename__ = "streak_checkpoints"

    user_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    begun: Mapped[date] = mapped_column(primary_key=True)
    until: Mapped[date]
    longest: Mapped[int]
    running: Mapped[int]
    systems: Mapped[dict[str, Any]] = mapped_column(JSONB)
