"""Streaks: milestones, checkpoints of long walks, skips by date; when goals were achieved.

Revision ID: 0002
Revises: 0001
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# What somebody did, newest first, as the activity feed and a list of one status read it.
NEWEST_FIRST_INDEXES = (
    (
        "ix_checkins_partnership_id_user_id_timestamp",
        "checkins",
        ["partnership_id", "user_id", "checkin_timestamp_utc", "id"],
    ),
    (
        "ix_reflections_partnership_id_user_id_created_at",
        "reflections",
        ["partnership_id", "user_id", "created_at", "id"],
    ),
    (
        "ix_checkins_user_id_status_date",
        "checkins",
        ["user_id", "status", "checkin_date_local", "checkin_timestamp_utc", "id"],
    ),
    ("ix_goals_user_id_created_at", "goals", ["user_id", "created_at", "id"]),
    ("ix_systems_user_id_created_at", "systems", ["user_id", "created_at", "id"]),
)
# Two of them lead with the foreign key that had an index of its own.
REPLACED = ("checkins", "reflections")


def upgrade() -> None:
    # First, so that it can be run again when it fails: what comes after is one transaction.
    with op.get_context().autocommit_block():
        op.drop_index("ix_checkins_skipped", "checkins", if_exists=True)
        op.create_index(
            "ix_checkins_skipped",
            "checkins",
            ["system_id", "checkin_date_local"],
            postgresql_where="status = 'skipped'",
            postgresql_concurrently=True,
        )
        for name, table, columns in NEWEST_FIRST_INDEXES:
            op.drop_index(name, table, if_exists=True)
            op.create_index(name, table, columns, postgresql_concurrently=True)
        for table in REPLACED:
            op.drop_index(
                op.f(f"ix_{table}_partnership_id"),
                table,
                postgresql_concurrently=True,
                if_exists=True,
            )
    op.add_column("goals", sa.Column("achieved_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(  # of no row yet, so that it takes only a look at the table
        "ix_goals_user_id_achieved_at",
        "goals",
        ["user_id", "achieved_at", "id"],
        postgresql_where="achieved_at IS NOT NULL",
    )
    op.create_table(
        "streak_checkpoints",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("begun", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("longest", sa.Integer(), nullable=False),
        sa.Column("running", sa.Integer(), nullable=False),
        sa.Column("systems", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_streak_checkpoints_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "begun", name=op.f("pk_streak_checkpoints")),
    )
    op.create_table(
        "streak_milestones",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("partnership_id", sa.Uuid(), nullable=True),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length > 0", name=op.f("ck_streak_milestones_length_positive")),
        sa.ForeignKeyConstraint(
            ["partnership_id"],
            ["partnerships.id"],
            name=op.f("fk_streak_milestones_partnership_id_partnerships"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_streak_milestones_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_streak_milestones")),
    )
    op.create_index(
        op.f("ix_streak_milestones_partnership_id"),
        "streak_milestones",
        ["partnership_id"],
        unique=False,
    )
    op.create_index(
        "ix_streak_milestones_user_id_reached_at",
        "streak_milestones",
        ["user_id", "reached_at", "id"],
        unique=False,
    )
    op.create_index(
        "uq_streak_milestones_user_date",
        "streak_milestones",
        ["user_id", "local_date"],
        unique=True,
    )


def downgrade() -> None:
    for table in REPLACED:
        op.create_index(op.f(f"ix_{table}_partnership_id"), table, ["partnership_id"])
    op.drop_index("ix_goals_user_id_achieved_at", "goals")
    for name, table, _ in NEWEST_FIRST_INDEXES:
        op.drop_index(name, table)
    op.drop_index("ix_checkins_skipped", "checkins")
    op.drop_table("streak_milestones")
    op.drop_table("streak_checkpoints")
    op.drop_column("goals", "achieved_at")
