"""Reactions and comments go with what they are about.

Revision ID: 0003
Revises: 0002

Both point at rows of several tables, so no foreign key can cascade: a trigger does. It runs once
a statement, for all the rows that went, also when they went with a parent of theirs.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0003"
down_revision: str | Sequence[str] | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TARGETS = {
    "checkins": "checkin",
    "reflections": "reflection",
    "goals": "goal",
    "direct_messages": "direct_message",
}


def upgrade() -> None:
    op.execute("""
        CREATE FUNCTION public.delete_what_was_said_about() RETURNS trigger
        LANGUAGE plpgsql SET search_path = '' AS $$
        BEGIN
            DELETE FROM public.reactions AS said USING gone
            WHERE said.target_type = TG_ARGV[0] AND said.target_id = gone.id;
            DELETE FROM public.comments AS said USING gone
            WHERE said.target_type = TG_ARGV[0] AND said.target_id = gone.id;
            RETURN NULL;
        END
        $$
    """)
    for table, target_type in TARGETS.items():
        op.execute(f"""
            CREATE TRIGGER delete_what_was_said AFTER DELETE ON public.{table}
            REFERENCING OLD TABLE AS gone FOR EACH STATEMENT
            EXECUTE FUNCTION public.delete_what_was_said_about('{target_type}')
        """)


def downgrade() -> None:
    for table in TARGETS:
        op.execute(f"DROP TRIGGER delete_what_was_said ON public.{table}")
    op.execute("DROP FUNCTION public.delete_what_was_said_about()")
