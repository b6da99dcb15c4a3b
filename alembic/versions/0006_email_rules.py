"""Which e-mails and reminders were sent, where none may go, and how the scans find what is due.

Revision ID: 0006
Revises: 0005
"""

from collections.abc import Sequence

import sqlalchemy as sa

from alembic import op

revision: str = "0006"
down_revision: str | Sequence[str] | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # First, so that it can be run again when it fails: what comes after is one transaction.
    with op.get_context().autocommit_block():
        op.drop_index("ix_users_daily_summary", "users", if_exists=True)
        op.create_index(
            "ix_users_daily_summary",
            "users",
            ["timezone", sa.text("COALESCE(last_daily_summary_local_date, '0001-01-01'::date)")],
            postgresql_where="is_active AND is_email_verified",
            postgresql_concurrently=True,
        )
        op.drop_index("ix_users_without_first_goal_email", "users", if_exists=True)
        op.create_index(
            "ix_users_without_first_goal_email",
            "users",
            ["email_verified_at"],
            postgresql_where="is_active AND is_email_verified AND NOT first_goal_email_sent",
            postgresql_concurrently=True,
        )
        op.drop_index("ix_checkins_pending_since", "checkins", if_exists=True)
        op.create_index(
            "ix_checkins_pending_since",
            "checkins",
            ["updated_at"],
            postgresql_include=["partnership_id", "user_id"],
            postgresql_where="status = 'pending_verification'",
            postgresql_concurrently=True,
        )
        op.drop_index("ix_systems_reminder", "systems", if_exists=True)
        op.create_index(
            "ix_systems_reminder",
            "systems",
            ["reminder_time_local"],
            postgresql_where="checkin_reminder AND status = 'active'",
            postgresql_concurrently=True,
        )
    op.add_column(
        "users",
        sa.Column(
            "previous_aggregated_verification_email_sent_at",
            sa.DateTime(timezone=True),
            nullable=True,
        ),
    )
    op.add_column("systems", sa.Column("last_reminder_local_date", sa.Date(), nullable=True))
    op.create_table(
        "email_suppressions",
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "reason IN ('bounced', 'complained')", name=op.f("ck_email_suppressions_reason")
        ),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("pk_email_suppressions")),
    )


def downgrade() -> None:
    op.drop_table("email_suppressions")
    op.drop_column("systems", "last_reminder_local_date")
    op.drop_column("users", "previous_aggregated_verification_email_sent_at")
    op.drop_index("ix_systems_reminder", "systems")
    op.drop_index("ix_checkins_pending_since", "checkins")
    op.drop_index("ix_users_without_first_goal_email", "users")
    op.drop_index("ix_users_daily_summary", "users")
