"""The link that was mailed to somebody is not the one that the inviter copies.

Revision ID: 0009
Revises: 0008
"""

from collections.abc import Sequence

import sqlalchemy as sa

from alembic import op

revision: str = "0009"
down_revision: str | Sequence[str] | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "partnerships", sa.Column("mailed_invite_token", sa.String(length=64), nullable=True)
    )
    op.create_index(  # of no row yet, so that it takes only a look at the table
        "uq_partnerships_mailed_invite_token",
        "partnerships",
        ["mailed_invite_token"],
        unique=True,
        postgresql_where="mailed_invite_token IS NOT NULL",
    )


def downgrade() -> None:
    op.drop_index("uq_partnerships_mailed_invite_token", "partnerships")
    op.drop_column("partnerships", "mailed_invite_token")
