"""What a system's schedule was, and when it rested: the past keeps the schedule that it had."""

import uuid
from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.enums import SystemFrequency
from app.db.base_class import Base, UuidKey, stored_values


class SystemSchedule(Base):
    """From `effective_from`, a date in the owner's calendar, until the system's next row."""

    __tablename__ = "system_schedules"

    system_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("systems.id", ondelete="CASCADE"), primary_key=True
    )
    effective_from: Mapped[date] = mapped_column(primary_key=True)
    frequency: Mapped[SystemFrequency] = mapped_column(stored_values(SystemFrequency, "frequency"))
    frequency_details: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class SystemPause(Base):
    """Dates from `starts_on` up to, but without, `ends_on` were neutral; open while it is null."""

    __tablename__ = "system_pauses"
    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="dates_in_order"),
        Index(
            "uq_system_pauses_open", "system_id", unique=True, postgresql_where="ends_on IS NULL"
        ),
    )

    id: Mapped[UuidKey]
    system_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("systems.id", ondelete="CASCADE"), index=True
    )
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
