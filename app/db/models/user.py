"""A person (Specification §4.1). `id` is the id of the account in Supabase Auth."""

import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.enums import ThemePreference
from app.db.base_class import Base, Timestamps, UuidKey, stored_values

if TYPE_CHECKING:
    from app.db.models import (
        Checkin,
        DirectMessage,
        Goal,
        Notification,
        Partnership,
        Reflection,
        System,
    )


class User(Timestamps, Base):
    __tablename__ = "users"
    __table_args__ = (
        Index("uq_users_username_lower", func.lower(text("username")), unique=True),
        CheckConstraint("username ~ '^[a-z0-9_]{3,30}$'", name="username_format"),
        CheckConstraint("char_length(bio) <= 200", name="bio_length"),
        Index(
            "ix_users_daily_summary",
            "timezone",
            text("COALESCE(last_daily_summary_local_date, '0001-01-01'::date)"),
            postgresql_where="is_active AND is_email_verified",
        ),
        Index(
            "ix_users_without_first_goal_email",
            "email_verified_at",
            postgresql_where="is_active AND is_email_verified AND NOT first_goal_email_sent",
        ),
    )

    id: Mapped[UuidKey]
    email: Mapped[str] = mapped_column(String(320), unique=True)
    username: Mapped[str | None] = mapped_column(String(30))
    name: Mapped[str | None] = mapped_column(String(100))
    profile_image_url: Mapped[str | None] = mapped_column(String(2048))
    bio: Mapped[str | None] = mapped_column(Text)
    timezone: Mapped[str] = mapped_column(String(64), default="UTC", server_default="UTC")
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    is_email_verified: Mapped[bool] = mapped_column(server_default=text("false"))
    email_verified_at: Mapped[datetime | None]
    current_partnership_id: Mapped[uuid.UUID | None] = mapped_column(
        # The two tables point at each other: this key is added after both exist.
        ForeignKey("partnerships.id", ondelete="SET NULL", use_alter=True),
        index=True,
    )
    theme_preference: Mapped[ThemePreference] = mapped_column(
        stored_values(ThemePreference, "theme_preference"),
        server_default=ThemePreference.SYSTEM.value,
    )
    notification_preferences: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, server_default=text("'[]'::jsonb")
    )
    last_daily_summary_sent_at: Mapped[datetime | None]
    last_daily_summary_local_date: Mapped[date | None]
    first_goal_email_sent: Mapped[bool] = mapped_column(server_default=text("false"))
    last_aggregated_verification_email_sent_at: Mapped[datetime | None]
    previous_aggregated_verification_email_sent_at: Mapped[datetime | None]

    current_partnership: Mapped["Partnership | None"] = relationship(
        foreign_keys=[current_partnership_id], lazy="raise", post_update=True
    )
    partnerships_as_user1: Mapped[list["Partnership"]] = relationship(
        foreign_keys="Partnership.user1_id",
        back_populates="user1",
        lazy="raise",
        passive_deletes=True,
    )
    partnerships_as_user2: Mapped[list["Partnership"]] = relationship(
        foreign_keys="Partnership.user2_id",
        back_populates="user2",
        lazy="raise",
        passive_deletes=True,
    )
    goals: Mapped[list["Goal"]] = relationship(
        back_populates="user", cascade="all, delete-orphan", lazy="raise", passive_deletes=True
    )
    systems_created: Mapped[list["System"]] = relationship(
        back_populates="user", cascade="all, delete-orphan", lazy="raise", passive_deletes=True
    )
    checkins_made: Mapped[list["Checkin"]] = relationship(
        foreign_keys="Checkin.user_id",
        back_populates="user",
        cascade="all, delete-orphan",
        lazy="raise",
        passive_deletes=True,
    )
    verified_checkins: Mapped[list["Checkin"]] = relationship(
        foreign_keys="Checkin.verified_by_partner_id",
        back_populates="verifier",
        lazy="raise",
        passive_deletes=True,
    )
    reflections: Mapped[list["Reflection"]] = relationship(
        back_populates="user", cascade="all, delete-orphan", lazy="raise", passive_deletes=True
    )
    messages_sent: Mapped[list["DirectMessage"]] = relationship(
        back_populates="sender", lazy="raise", passive_deletes=True
    )
    notifications_received: Mapped[list["Notification"]] = relationship(
        foreign_keys="Notification.recipient_id",
        back_populates="recipient",
        cascade="all, delete-orphan",
        lazy="raise",
        passive_deletes=True,
    )
    notifications_acted: Mapped[list["Notification"]] = relationship(
        foreign_keys="Notification.actor_user_id",
        back_populates="actor",
        lazy="raise",
        passive_deletes=True,
    )
