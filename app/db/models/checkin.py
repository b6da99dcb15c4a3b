"""One act on one system for one local date (Specification §4.5)."""

import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.enums import CheckinStatus
from app.db.base_class import Base, Timestamps, UuidKey, stored_values

if TYPE_CHECKING:
    from app.db.models import Partnership, System, User


class Checkin(Timestamps, Base):
    """`checkin_date_local` was computed in `checkin_timezone` when written and never changes."""

    __tablename__ = "checkins"
    __table_args__ = (
        UniqueConstraint("system_id", "checkin_date_local"),
        CheckConstraint("metric_value_logged > 0", name="metric_value_positive"),
        CheckConstraint(
            "status <> 'skipped' OR metric_value_logged IS NULL", name="skip_has_no_metric"
        ),
        CheckConstraint(
            "status <> 'queried_by_partner' OR verifier_query IS NOT NULL", name="query_has_text"
        ),
        Index(
            "ix_checkins_user_id_date",
            "user_id",
            "checkin_date_local",
            "checkin_timestamp_utc",
            "id",
        ),
        Index(
            "ix_checkins_user_id_status_date",
            "user_id",
            "status",
            "checkin_date_local",
            "checkin_timestamp_utc",
            "id",
        ),
        Index(
            "ix_checkins_skipped",
            "system_id",
            "checkin_date_local",
            postgresql_where="status = 'skipped'",
        ),
        Index(
            "ix_checkins_partnership_id_user_id_timestamp",
            "partnership_id",
            "user_id",
            "checkin_timestamp_utc",
            "id",
        ),
        Index(
            "ix_checkins_awaiting_verification",
            "partnership_id",
            "checkin_timestamp_utc",
            postgresql_where="status = 'pending_verification'",
        ),
        Index(
            "ix_checkins_pending_since",
            "updated_at",
            postgresql_include=["partnership_id", "user_id"],
            postgresql_where="status = 'pending_verification'",
        ),
    )

    id: Mapped[UuidKey]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    system_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("systems.id", ondelete="CASCADE"))
    partnership_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("partnerships.id", ondelete="SET NULL")
    )
    checkin_timestamp_utc: Mapped[datetime]
    original_local_timestamp_str: Mapped[str | None] = mapped_column(String(40))
    checkin_date_local: Mapped[date]
    checkin_timezone: Mapped[str] = mapped_column(String(64))
    is_late: Mapped[bool] = mapped_column(server_default=text("false"))
    status: Mapped[CheckinStatus] = mapped_column(stored_values(CheckinStatus, "status"))
    metric_value_logged: Mapped[float | None]
    notes: Mapped[str | None] = mapped_column(Text)
    photo_url: Mapped[str | None] = mapped_column(String(2048))
    verified_by_partner_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    verified_at_utc: Mapped[datetime | None]
    verifier_query: Mapped[str | None] = mapped_column(Text)

    user: Mapped["User"] = relationship(
        foreign_keys=[user_id], back_populates="checkins_made", lazy="raise"
    )
    system: Mapped["System"] = relationship(back_populates="checkins", lazy="raise")
    partnership: Mapped["Partnership | None"] = relationship(lazy="raise")
    verifier: Mapped["User | None"] = relationship(
        foreign_keys=[verified_by_partner_id], back_populates="verified_checkins", lazy="raise"
    )
