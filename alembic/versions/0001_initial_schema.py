"""Initial schema: the ten resources of the specification and what keeps them correct.

Revision ID: 0001
Revises: nothing
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision: str = "0001"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "rate_limits",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("window_started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "name", "subject", "window_started_at", name=op.f("pk_rate_limits")
        ),
    )
    op.create_index(op.f("ix_rate_limits_expires_at"), "rate_limits", ["expires_at"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("username", sa.String(length=30), nullable=True),
        sa.Column("name", sa.String(length=100), nullable=True),
        sa.Column("profile_image_url", sa.String(length=2048), nullable=True),
        sa.Column("bio", sa.Text(), nullable=True),
        sa.Column("timezone", sa.String(length=64), server_default="UTC", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "is_email_verified", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("email_verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("current_partnership_id", sa.Uuid(), nullable=True),
        sa.Column(
            "theme_preference",
            sa.Enum(
                "light",
                "dark",
                "system",
                name="theme_preference",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="system",
            nullable=False,
        ),
        sa.Column(
            "notification_preferences",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("last_daily_summary_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_daily_summary_local_date", sa.Date(), nullable=True),
        sa.Column(
            "first_goal_email_sent", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column(
            "last_aggregated_verification_email_sent_at", sa.DateTime(timezone=True), nullable=True
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("username ~ '^[a-z0-9_]{3,30}$'", name=op.f("ck_users_username_format")),
        sa.CheckConstraint("char_length(bio) <= 200", name=op.f("ck_users_bio_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_index(
        op.f("ix_users_current_partnership_id"), "users", ["current_partnership_id"], unique=False
    )
    op.create_index(
        "uq_users_username_lower", "users", [sa.literal_column("lower(username)")], unique=True
    )
    op.create_table(
        "account_deletions",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_account_deletions_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_account_deletions")),
    )
    op.create_index(
        op.f("ix_account_deletions_next_attempt_at"),
        "account_deletions",
        ["next_attempt_at"],
        unique=False,
    )
    op.create_table(
        "comments",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("text_content", sa.Text(), nullable=False),
        sa.Column(
            "target_type",
            sa.Enum(
                "checkin",
                "reflection",
                "goal",
                name="target_type",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("parent_comment_id", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["parent_comment_id"],
            ["comments.id"],
            name=op.f("fk_comments_parent_comment_id_comments"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_comments_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
    )
    op.create_index(
        op.f("ix_comments_parent_comment_id"), "comments", ["parent_comment_id"], unique=False
    )
    op.create_index(
        "ix_comments_target",
        "comments",
        ["target_type", "target_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_comments_user_id"), "comments", ["user_id"], unique=False)
    op.create_table(
        "email_outbox",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("to_email", sa.String(length=320), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "sending",
                "sent",
                "failed",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="pending",
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "next_attempt_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_email_outbox_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_email_outbox")),
    )
    op.create_index(
        "ix_email_outbox_due",
        "email_outbox",
        ["next_attempt_at"],
        unique=False,
        postgresql_where="status IN ('pending', 'sending')",
    )
    op.create_index(op.f("ix_email_outbox_user_id"), "email_outbox", ["user_id"], unique=False)
    op.create_table(
        "goals",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("category", sa.String(length=50), nullable=True),
        sa.Column(
            "priority",
            sa.Enum(
                "high",
                "medium",
                "low",
                name="priority",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="medium",
            nullable=True,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "not_started",
                "in_progress",
                "achieved",
                "on_hold",
                "abandoned",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="not_started",
            nullable=False,
        ),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("target_date", sa.Date(), nullable=True),
        sa.Column(
            "ai_assistance_inputs",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
        ),
        sa.Column("ai_generated_plan_details", sa.Text(), nullable=True),
        sa.Column("is_archived", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("target_date >= start_date", name=op.f("ck_goals_dates_in_order")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_goals_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goals")),
    )
    op.create_index(op.f("ix_goals_category"), "goals", ["category"], unique=False)
    op.create_index(op.f("ix_goals_is_archived"), "goals", ["is_archived"], unique=False)
    op.create_index(op.f("ix_goals_status"), "goals", ["status"], unique=False)
    op.create_index(op.f("ix_goals_target_date"), "goals", ["target_date"], unique=False)
    op.create_index(
        "ix_goals_user_id_is_archived_created_at",
        "goals",
        ["user_id", "is_archived", "created_at"],
        unique=False,
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.String(length=8), nullable=False),
        sa.Column("path", sa.String(length=300), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("response_status", sa.Integer(), nullable=False),
        sa.Column("response_body", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_idempotency_keys_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "user_id", "method", "path", "key", name=op.f("pk_idempotency_keys")
        ),
    )
    op.create_index(
        op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"], unique=False
    )
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("actor_user_id", sa.Uuid(), nullable=True),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("link_to", sa.String(length=300), nullable=True),
        sa.Column("is_read", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("read_at_utc", sa.DateTime(timezone=True), nullable=True),
        sa.Column("icon_identifier", sa.String(length=64), nullable=True),
        sa.Column("target_type", sa.String(length=32), nullable=True),
        sa.Column("target_id", sa.String(length=64), nullable=True),
        sa.Column("target_name", sa.String(length=200), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["actor_user_id"],
            ["users.id"],
            name=op.f("fk_notifications_actor_user_id_users"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["recipient_id"],
            ["users.id"],
            name=op.f("fk_notifications_recipient_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
    )
    op.create_index(
        op.f("ix_notifications_actor_user_id"), "notifications", ["actor_user_id"], unique=False
    )
    op.create_index(
        "ix_notifications_recipient_id_created_at",
        "notifications",
        ["recipient_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_notifications_retention",
        "notifications",
        ["created_at"],
        unique=False,
        postgresql_where="is_read",
    )
    op.create_index(
        "ix_notifications_unread",
        "notifications",
        ["recipient_id"],
        unique=False,
        postgresql_where="NOT is_read",
    )
    op.create_index(
        "uq_notifications_unread_chat",
        "notifications",
        ["recipient_id", "target_id"],
        unique=True,
        postgresql_where="NOT is_read AND type = 'new_direct_message'",
    )
    op.create_table(
        "partnerships",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=True),
        sa.Column("user1_id", sa.Uuid(), nullable=False),
        sa.Column("user2_id", sa.Uuid(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "pending_invite",
                "active",
                "dissolved",
                "expired_invite",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="pending_invite",
            nullable=False,
        ),
        sa.Column("invite_token", sa.String(length=64), nullable=True),
        sa.Column("invite_token_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("invite_email", sa.String(length=320), nullable=True),
        sa.Column("invite_message", sa.Text(), nullable=True),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dissolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "status <> 'active' OR (user2_id IS NOT NULL AND activated_at IS NOT NULL)",
            name=op.f("ck_partnerships_active_has_both"),
        ),
        sa.CheckConstraint(
            "status <> 'dissolved' OR dissolved_at IS NOT NULL",
            name=op.f("ck_partnerships_dissolved_has_time"),
        ),
        sa.CheckConstraint("user1_id <> user2_id", name=op.f("ck_partnerships_two_people")),
        sa.ForeignKeyConstraint(
            ["user1_id"],
            ["users.id"],
            name=op.f("fk_partnerships_user1_id_users"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user2_id"],
            ["users.id"],
            name=op.f("fk_partnerships_user2_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partnerships")),
        sa.UniqueConstraint("invite_token", name=op.f("uq_partnerships_invite_token")),
    )
    op.create_index(
        "ix_partnerships_invite_email_pending",
        "partnerships",
        ["invite_email"],
        unique=False,
        postgresql_where="status = 'pending_invite'",
    )
    op.create_index(op.f("ix_partnerships_status"), "partnerships", ["status"], unique=False)
    op.create_index(op.f("ix_partnerships_user1_id"), "partnerships", ["user1_id"], unique=False)
    op.create_index(op.f("ix_partnerships_user2_id"), "partnerships", ["user2_id"], unique=False)
    op.create_index(
        "uq_partnerships_user1_active",
        "partnerships",
        ["user1_id"],
        unique=True,
        postgresql_where="status = 'active'",
    )
    op.create_index(
        "uq_partnerships_user1_pending",
        "partnerships",
        ["user1_id"],
        unique=True,
        postgresql_where="status = 'pending_invite'",
    )
    op.create_index(
        "uq_partnerships_user2_active",
        "partnerships",
        ["user2_id"],
        unique=True,
        postgresql_where="status = 'active'",
    )
    op.create_table(
        "reactions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("emoji", sa.String(length=64), nullable=False),
        sa.Column(
            "target_type",
            sa.Enum(
                "checkin",
                "reflection",
                "direct_message",
                name="target_type",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_reactions_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reactions")),
        sa.UniqueConstraint(
            "user_id",
            "target_type",
            "target_id",
            name=op.f("uq_reactions_user_id_target_type_target_id"),
        ),
    )
    op.create_index("ix_reactions_target", "reactions", ["target_type", "target_id"], unique=False)
    op.create_index(op.f("ix_reactions_user_id"), "reactions", ["user_id"], unique=False)
    op.create_table(
        "uploads",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "checkin",
                "message",
                "avatar",
                name="purpose",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("path", sa.String(length=300), nullable=False),
        sa.Column("url", sa.String(length=2048), nullable=False),
        sa.Column("content_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_uploads_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        sa.UniqueConstraint("path", name=op.f("uq_uploads_path")),
        sa.UniqueConstraint("url", name=op.f("uq_uploads_url")),
    )
    op.create_index(op.f("ix_uploads_user_id"), "uploads", ["user_id"], unique=False)
    op.create_table(
        "user_timezones",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("used_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_user_timezones_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "used_from", name=op.f("pk_user_timezones")),
    )
    op.create_table(
        "direct_messages",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("partnership_id", sa.Uuid(), nullable=False),
        sa.Column("sender_id", sa.Uuid(), nullable=False),
        sa.Column("text_content", sa.Text(), nullable=True),
        sa.Column("emoji_content", sa.String(length=64), nullable=True),
        sa.Column("image_url", sa.String(length=2048), nullable=True),
        sa.Column("sent_at_utc", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at_utc", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reply_to_activity_id", sa.String(length=100), nullable=True),
        sa.Column("reply_to_activity_summary", sa.String(length=300), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "num_nonnulls(text_content, emoji_content, image_url) > 0",
            name=op.f("ck_direct_messages_has_content"),
        ),
        sa.ForeignKeyConstraint(
            ["partnership_id"],
            ["partnerships.id"],
            name=op.f("fk_direct_messages_partnership_id_partnerships"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["sender_id"],
            ["users.id"],
            name=op.f("fk_direct_messages_sender_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_direct_messages")),
    )
    op.create_index(
        op.f("ix_direct_messages_sender_id"), "direct_messages", ["sender_id"], unique=False
    )
    op.create_index(
        "ix_direct_messages_thread",
        "direct_messages",
        ["partnership_id", "sent_at_utc", "id"],
        unique=False,
    )
    op.create_index(
        "ix_direct_messages_unread",
        "direct_messages",
        ["partnership_id", "sender_id"],
        unique=False,
        postgresql_where="read_at_utc IS NULL",
    )
    op.create_table(
        "reflections",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("partnership_id", sa.Uuid(), nullable=True),
        sa.Column("reflection_date_local", sa.Date(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("prompt_id", sa.String(length=64), nullable=True),
        sa.Column("prompt_text", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["partnership_id"],
            ["partnerships.id"],
            name=op.f("fk_reflections_partnership_id_partnerships"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_reflections_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reflections")),
        sa.UniqueConstraint(
            "user_id",
            "reflection_date_local",
            name=op.f("uq_reflections_user_id_reflection_date_local"),
        ),
    )
    op.create_index(
        op.f("ix_reflections_partnership_id"), "reflections", ["partnership_id"], unique=False
    )
    op.create_table(
        "systems",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("goal_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "active",
                "inactive",
                "paused",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="active",
            nullable=False,
        ),
        sa.Column(
            "frequency",
            sa.Enum(
                "daily",
                "weekly",
                name="frequency",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "frequency_details",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
        ),
        sa.Column(
            "metric_type",
            sa.Enum(
                "binary",
                "counter",
                "duration",
                "pages",
                name="metric_type",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("target_value", sa.Double(), nullable=True),
        sa.Column("target_unit", sa.String(length=50), nullable=True),
        sa.Column("target_time_local", sa.Time(), nullable=True),
        sa.Column(
            "verification_required", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column(
            "checkin_reminder", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("reminder_time_local", sa.Time(), nullable=True),
        sa.Column(
            "ai_assistance_used", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(frequency = 'weekly') = (frequency_details IS NOT NULL)",
            name=op.f("ck_systems_weekly_has_details"),
        ),
        sa.CheckConstraint(
            "metric_type <> 'binary' OR (target_value IS NULL AND target_unit IS NULL)",
            name=op.f("ck_systems_binary_has_no_target"),
        ),
        sa.CheckConstraint("target_value > 0", name=op.f("ck_systems_target_value_positive")),
        sa.ForeignKeyConstraint(
            ["goal_id"], ["goals.id"], name=op.f("fk_systems_goal_id_goals"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_systems_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_systems")),
    )
    op.create_index(op.f("ix_systems_goal_id"), "systems", ["goal_id"], unique=False)
    op.create_index(op.f("ix_systems_status"), "systems", ["status"], unique=False)
    op.create_index(
        "ix_systems_user_id_status_created_at",
        "systems",
        ["user_id", "status", "created_at"],
        unique=False,
    )
    op.create_table(
        "checkins",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("system_id", sa.Uuid(), nullable=False),
        sa.Column("partnership_id", sa.Uuid(), nullable=True),
        sa.Column("checkin_timestamp_utc", sa.DateTime(timezone=True), nullable=False),
        sa.Column("original_local_timestamp_str", sa.String(length=40), nullable=True),
        sa.Column("checkin_date_local", sa.Date(), nullable=False),
        sa.Column("checkin_timezone", sa.String(length=64), nullable=False),
        sa.Column("is_late", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "completed",
                "skipped",
                "pending_verification",
                "verified_completed",
                "queried_by_partner",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("metric_value_logged", sa.Double(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("photo_url", sa.String(length=2048), nullable=True),
        sa.Column("verified_by_partner_id", sa.Uuid(), nullable=True),
        sa.Column("verified_at_utc", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verifier_query", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "status <> 'queried_by_partner' OR verifier_query IS NOT NULL",
            name=op.f("ck_checkins_query_has_text"),
        ),
        sa.CheckConstraint(
            "status <> 'skipped' OR metric_value_logged IS NULL",
            name=op.f("ck_checkins_skip_has_no_metric"),
        ),
        sa.CheckConstraint(
            "metric_value_logged > 0", name=op.f("ck_checkins_metric_value_positive")
        ),
        sa.ForeignKeyConstraint(
            ["partnership_id"],
            ["partnerships.id"],
            name=op.f("fk_checkins_partnership_id_partnerships"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["system_id"],
            ["systems.id"],
            name=op.f("fk_checkins_system_id_systems"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_checkins_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["verified_by_partner_id"],
            ["users.id"],
            name=op.f("fk_checkins_verified_by_partner_id_users"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkins")),
        sa.UniqueConstraint(
            "system_id", "checkin_date_local", name=op.f("uq_checkins_system_id_checkin_date_local")
        ),
    )
    op.create_index(
        "ix_checkins_awaiting_verification",
        "checkins",
        ["partnership_id", "checkin_timestamp_utc"],
        unique=False,
        postgresql_where="status = 'pending_verification'",
    )
    op.create_index(
        op.f("ix_checkins_partnership_id"), "checkins", ["partnership_id"], unique=False
    )
    op.create_index(
        "ix_checkins_user_id_date",
        "checkins",
        ["user_id", "checkin_date_local", "checkin_timestamp_utc", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_checkins_verified_by_partner_id"),
        "checkins",
        ["verified_by_partner_id"],
        unique=False,
    )
    op.create_table(
        "system_pauses",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("system_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_system_pauses_dates_in_order")),
        sa.ForeignKeyConstraint(
            ["system_id"],
            ["systems.id"],
            name=op.f("fk_system_pauses_system_id_systems"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_system_pauses")),
    )
    op.create_index(
        op.f("ix_system_pauses_system_id"), "system_pauses", ["system_id"], unique=False
    )
    op.create_index(
        "uq_system_pauses_open",
        "system_pauses",
        ["system_id"],
        unique=True,
        postgresql_where="ends_on IS NULL",
    )
    op.create_table(
        "system_schedules",
        sa.Column("system_id", sa.Uuid(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column(
            "frequency",
            sa.Enum(
                "daily",
                "weekly",
                name="frequency",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "frequency_details",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["system_id"],
            ["systems.id"],
            name=op.f("fk_system_schedules_system_id_systems"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("system_id", "effective_from", name=op.f("pk_system_schedules")),
    )
    # Users and partnerships point at each other, so this key comes after both tables.
    op.create_foreign_key(
        "fk_users_current_partnership_id_partnerships",
        "users",
        "partnerships",
        ["current_partnership_id"],
        ["id"],
        ondelete="SET NULL",
    )


def downgrade() -> None:
    op.drop_constraint("fk_users_current_partnership_id_partnerships", "users", type_="foreignkey")
    op.drop_table("system_schedules")
    op.drop_table("system_pauses")
    op.drop_table("checkins")
    op.drop_table("systems")
    op.drop_table("reflections")
    op.drop_table("direct_messages")
    op.drop_table("user_timezones")
    op.drop_table("uploads")
    op.drop_table("reactions")
    op.drop_table("partnerships")
    op.drop_table("notifications")
    op.drop_table("idempotency_keys")
    op.drop_table("goals")
    op.drop_table("email_outbox")
    op.drop_table("comments")
    op.drop_table("account_deletions")
    op.drop_table("users")
    op.drop_table("rate_limits")
