"""The past of a deleted system goes with it, also from what is kept of its owner's streaks.

Revision ID: 0008
Revises: 0007
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0008"
down_revision: str | Sequence[str] | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("""
        CREATE FUNCTION public.delete_checkpoints_of_owners() RETURNS trigger
        LANGUAGE plpgsql SET search_path = '' AS $$
        BEGIN
            DELETE FROM public.streak_checkpoints
            WHERE user_id = ANY (ARRAY(SELECT DISTINCT user_id FROM gone));
            RETURN NULL;
        END
        $$
    """)
    op.execute("""
        CREATE TRIGGER delete_checkpoints AFTER DELETE ON public.systems
        REFERENCING OLD TABLE AS gone FOR EACH STATEMENT
        EXECUTE FUNCTION public.delete_checkpoints_of_owners()
    """)
    # Until now they stayed, and whoever read them looked whether their systems still existed.
    op.execute("""
        DELETE FROM public.streak_checkpoints AS kept
        WHERE EXISTS (
            SELECT FROM jsonb_object_keys(kept.systems) AS named(id)
            WHERE NOT EXISTS (SELECT FROM public.systems WHERE systems.id = named.id::uuid)
        )
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER delete_checkpoints ON public.systems")
    op.execute("DROP FUNCTION public.delete_checkpoints_of_owners()")
