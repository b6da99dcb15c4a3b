"""Live updates: what other processes are told after a commit.

Revision ID: 0004
Revises: 0003
"""

from collections.abc import Sequence

import sqlalchemy as sa

from alembic import op

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Once a statement and a person: a listener looks up what is new for that person. Equal messages of
# one transaction arrive as one.
TELL = """
    FOR reader_id IN {written} LOOP
        PERFORM pg_notify('duotrak_live', reader_id::text);
    END LOOP;
"""

FUNCTION = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    reader_id uuid;
BEGIN
    {body}
    RETURN NULL;
END
$$
"""

NOTIFICATIONS_INSERTED = """
    INSERT INTO public.live_events (user_id, event, target_id)
    SELECT fresh.recipient_id, 'notification', fresh.id FROM fresh
    RETURNING user_id
"""

# That one was read is no news: its recipient did it. Rows before and after are grouped, not joined:
# a plan that was kept from a single row would join thousands with thousands, one by one.
NOTIFICATIONS_UPDATED = """
    INSERT INTO public.live_events (user_id, event, target_id)
    SELECT recipient_id, 'notification', id
    FROM (
        SELECT id, recipient_id, title, message, created_at, true AS is_fresh FROM fresh
        UNION ALL
        SELECT id, recipient_id, title, message, created_at, false FROM stale
    ) AS written
    GROUP BY id, recipient_id, title, message, created_at
    HAVING count(*) = 1 AND bool_and(is_fresh)
    RETURNING user_id
"""

# The sender has other devices.
MESSAGES_INSERTED = """
    INSERT INTO public.live_events (user_id, event, target_id)
    SELECT member.id, 'message', fresh.id
    FROM fresh
    JOIN public.partnerships thread ON thread.id = fresh.partnership_id
    CROSS JOIN LATERAL (VALUES (thread.user1_id), (thread.user2_id)) AS member(id)
    WHERE member.id IS NOT NULL
    RETURNING user_id
"""

# Accounts that are closed, and rows that go with their owner, concern nobody's screen.
PEOPLE_OF_CHECKIN = """
    JOIN public.users owner ON owner.id = {changed}.user_id AND owner.is_active
    LEFT JOIN public.users partner
        ON partner.current_partnership_id = owner.current_partnership_id
        AND partner.id <> owner.id
"""
CONCERNED_BY_STATUS = """
    CASE WHEN {changed}.status = 'pending_verification' THEN partner.id
         WHEN {changed}.status IN ('verified_completed', 'queried_by_partner') THEN owner.id END
"""

CHECKINS_INSERTED = f"""
    INSERT INTO public.live_events (user_id, event, target_id)
    SELECT told.person, told.event, fresh.id
    FROM fresh
    {PEOPLE_OF_CHECKIN.format(changed="fresh")}
    CROSS JOIN LATERAL (VALUES
        (owner.id, 'checkin'),
        (partner.id, 'checkin'),
        ({CONCERNED_BY_STATUS.format(changed="fresh")}, 'verification')
    ) AS told(person, event)
    WHERE told.person IS NOT NULL
    RETURNING user_id
"""

# More than twenty at once, such as those of a deleted system, are one event without a target.
AT_MOST = 20
CHECKINS_CHANGED = """
    INSERT INTO public.live_events (user_id, event, target_id)
    SELECT person, event, CASE WHEN together <= {at_most} THEN id END
    FROM (
        SELECT told.person, told.event, {changed}.id,
               count(*) OVER of_person AS together,
               row_number() OVER (of_person ORDER BY {changed}.id) AS place
        FROM {rows}
        {people}
        CROSS JOIN LATERAL (VALUES {told}) AS told(person, event)
        WHERE told.person IS NOT NULL
        WINDOW of_person AS (PARTITION BY told.person, told.event)
    ) AS change
    WHERE together <= {at_most} OR place = 1
    RETURNING user_id
"""
CHECKINS_UPDATED = CHECKINS_CHANGED.format(
    at_most=AT_MOST,
    changed="moved",
    rows="""(
        SELECT id, user_id, max(status_now) AS status, max(status_before) AS status_before
        FROM (
            SELECT id, user_id, status AS status_now, NULL AS status_before FROM fresh
            UNION ALL
            SELECT id, user_id, NULL, status FROM stale
        ) AS written
        GROUP BY id, user_id
    ) AS moved""",
    people=PEOPLE_OF_CHECKIN.format(changed="moved"),
    told=f"""
        (owner.id, 'checkin'), (partner.id, 'checkin'),
        (CASE WHEN moved.status <> moved.status_before
              THEN {CONCERNED_BY_STATUS.format(changed="moved")} END, 'verification')
    """,
)
CHECKINS_DELETED = CHECKINS_CHANGED.format(
    at_most=AT_MOST,
    changed="stale",
    rows="stale",
    people=PEOPLE_OF_CHECKIN.format(changed="stale"),
    told="(owner.id, 'checkin'), (partner.id, 'checkin')",
)

# An account that closes ends its streams, wherever they are open.
ACCOUNT_CLOSED = "PERFORM pg_notify('duotrak_live', 'closed:' || OLD.id);"

FRESH = "REFERENCING NEW TABLE AS fresh"
STALE = "REFERENCING OLD TABLE AS stale"
BOTH = "REFERENCING NEW TABLE AS fresh OLD TABLE AS stale"
TRIGGERS = [
    ("notifications", "INSERT", FRESH, NOTIFICATIONS_INSERTED),
    ("notifications", "UPDATE", BOTH, NOTIFICATIONS_UPDATED),
    ("direct_messages", "INSERT", FRESH, MESSAGES_INSERTED),
    ("checkins", "INSERT", FRESH, CHECKINS_INSERTED),
    ("checkins", "UPDATE", BOTH, CHECKINS_UPDATED),
    ("checkins", "DELETE", STALE, CHECKINS_DELETED),
]


def function_name(table: str, change: str) -> str:
    return f"tell_live_{table}_{change.lower()}"


def upgrade() -> None:
    op.create_table(
        "live_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.Column(
            "transaction_id",
            sa.BigInteger(),
            server_default=sa.text("(pg_current_xact_id()::text)::bigint"),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_live_events_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_live_events")),
    )
    op.create_index("ix_live_events_unseen", "live_events", ["user_id", "transaction_id"])
    for table, change, transition, written in TRIGGERS:
        name = function_name(table, change)
        op.execute(FUNCTION.format(name=name, body=TELL.format(written=written)))
        op.execute(
            f"CREATE TRIGGER tell_live_{change.lower()} AFTER {change} ON {table} {transition} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )
    op.execute(FUNCTION.format(name="tell_live_account_closed", body=ACCOUNT_CLOSED))
    op.execute(
        "CREATE TRIGGER tell_live_closed AFTER UPDATE OF is_active ON users FOR EACH ROW "
        "WHEN (OLD.is_active AND NOT NEW.is_active) EXECUTE FUNCTION tell_live_account_closed()"
    )
    op.execute(
        "CREATE TRIGGER tell_live_deleted AFTER DELETE ON users FOR EACH ROW "
        "EXECUTE FUNCTION tell_live_account_closed()"
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION tell_live_account_closed() CASCADE")
    for table, change, _, _ in reversed(TRIGGERS):
        op.execute(f"DROP FUNCTION {function_name(table, change)}() CASCADE")
    op.drop_table("live_events")
