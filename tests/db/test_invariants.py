"""What the database refuses by itself, whatever the code above it does.

Each check and unique rule has a case: rows that are allowed together, and one more that is not.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import Enum

from app.db.base_class import Base

ALICE, BOB, CAROL = (UUID(int=n) for n in (1, 2, 3))
SYSTEM, PAST, TARGET = (UUID(int=n) for n in (4, 5, 6))
NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
DAY, EVE = date(2026, 3, 10), date(2026, 3, 9)

Row = tuple[str, dict[str, Any]]

# A row of each table that is allowed; cases change what matters to them.
ALLOWED: dict[str, dict[str, Any]] = {
    "users": {"email": "somebody@example.com"},
    "partnerships": {"user1_id": ALICE},
    "goals": {"user_id": ALICE, "title": "Run"},
    "systems": {"user_id": ALICE, "title": "Run", "frequency": "daily", "metric_type": "binary"},
    "system_schedules": {"system_id": SYSTEM, "effective_from": DAY, "frequency": "daily"},
    "system_pauses": {"system_id": SYSTEM, "starts_on": DAY},
    "checkins": {
        "user_id": ALICE,
        "system_id": SYSTEM,
        "checkin_timestamp_utc": NOW,
        "checkin_date_local": DAY,
        "checkin_timezone": "UTC",
        "status": "completed",
    },
    "streak_milestones": {"user_id": ALICE, "length": 7, "local_date": DAY, "reached_at": NOW},
    "reflections": {"user_id": ALICE, "reflection_date_local": DAY, "content": "Good."},
    "direct_messages": {
        "partnership_id": PAST,
        "sender_id": ALICE,
        "text_content": "Hello",
        "sent_at_utc": NOW,
    },
    "notifications": {"recipient_id": ALICE, "type": "new_direct_message", "target_id": "t"},
    "reactions": {"user_id": ALICE, "emoji": "+", "target_type": "checkin", "target_id": TARGET},
    "comments": {
        "user_id": ALICE,
        "text_content": "Well done",
        "target_type": "checkin",
        "target_id": TARGET,
    },
    "ai_usage": {
        "user_id": ALICE,
        "operation": "plan_goal",
        "model": "m",
        "prompt_version": "v",
        "tokens_read": 1,
        "tokens_written": 1,
        "latency_ms": 1,
        "outcome": "succeeded",
    },
    "email_outbox": {"kind": "k", "to_email": "a@example.com", "payload": "{}"},
    "email_suppressions": {"address_hash": "h", "reason": "bounced"},
    "uploads": {
        "user_id": ALICE,
        "purpose": "checkin",
        "path": "p",
        "url": "u",
        "content_type": "image/png",
        "size": 1,
    },
}


@dataclass(frozen=True, slots=True)
class Case:
    rule: str
    allowed: tuple[Row, ...]
    refused: Row


def row(table: str, **values: Any) -> Row:
    return table, ALLOWED[table] | values


def user(**values: Any) -> Row:
    return row("users", **({"email": f"{uuid4()}@example.com"} | values))


def active(user1: UUID, user2: UUID) -> Row:
    return row("partnerships", user1_id=user1, user2_id=user2, status="active", activated_at=NOW)


CASES = [
    Case("uq_users_email", (user(email="a@example.com"),), user(email="a@example.com")),
    Case(
        "uq_users_username_lower",
        (user(username="alice_1"), user(username=None), user(username=None)),
        user(username="alice_1"),
    ),
    *(
        Case("ck_users_username_format", (user(username="abc"),), user(username=name))
        for name in ("Alice", "al", "a" * 29 + "\n", "al-ice", "álice", "")
    ),
    Case("ck_users_bio_length", (user(bio="ü" * 200),), user(bio="ü" * 201)),
    Case(
        "ck_partnerships_two_people",
        (row("partnerships", user1_id=ALICE, user2_id=None),),
        row("partnerships", user1_id=BOB, user2_id=BOB),
    ),
    Case(
        "ck_partnerships_active_has_both",
        (),
        row("partnerships", status="active", activated_at=NOW, user2_id=None),
    ),
    Case(
        "ck_partnerships_active_has_both",
        (),
        row("partnerships", status="active", activated_at=None, user2_id=BOB),
    ),
    Case(
        "ck_partnerships_dissolved_has_time",
        (row("partnerships", status="dissolved", dissolved_at=NOW),),
        row("partnerships", status="dissolved"),
    ),
    Case("uq_partnerships_user1_active", (active(ALICE, BOB),), active(ALICE, CAROL)),
    Case("uq_partnerships_user2_active", (active(ALICE, BOB),), active(CAROL, BOB)),
    Case(
        "uq_partnerships_user1_pending",
        (
            row("partnerships"),
            row("partnerships", user1_id=BOB),
            row("partnerships", status="expired_invite"),
        ),
        row("partnerships"),
    ),
    Case(
        "uq_partnerships_invite_token",
        (row("partnerships", invite_token="t"),),
        row("partnerships", user1_id=BOB, invite_token="t"),
    ),
    Case(
        "uq_partnerships_mailed_invite_token",
        (row("partnerships", mailed_invite_token="t"),),
        row("partnerships", user1_id=BOB, mailed_invite_token="t"),
    ),
    Case(
        "ck_goals_dates_in_order",
        (
            row("goals", start_date=DAY, target_date=DAY),
            row("goals", start_date=DAY),
            row("goals", target_date=EVE),
        ),
        row("goals", start_date=DAY, target_date=EVE),
    ),
    *(
        Case(
            "ck_systems_target_value_positive",
            (row("systems", metric_type="counter", target_value=0.1),),
            row("systems", metric_type="counter", target_value=value),
        )
        for value in (0.0, -1.0)
    ),
    Case(
        "ck_systems_binary_has_no_target",
        (row("systems", metric_type="pages", target_value=5.0, target_unit="pages"),),
        row("systems", target_value=5.0),
    ),
    Case("ck_systems_binary_has_no_target", (), row("systems", target_unit="km")),
    Case(
        "ck_systems_weekly_has_details",
        (row("systems", frequency="weekly", frequency_details='{"days": ["mon"]}'),),
        row("systems", frequency="weekly"),
    ),
    Case("ck_systems_weekly_has_details", (), row("systems", frequency_details="{}")),
    Case(
        "ck_system_pauses_dates_in_order",
        (row("system_pauses", ends_on=DAY),),
        row("system_pauses", ends_on=EVE),
    ),
    Case(
        "uq_system_pauses_open",
        (row("system_pauses", ends_on=DAY), row("system_pauses")),
        row("system_pauses", starts_on=EVE),
    ),
    Case(
        "uq_checkins_system_id_checkin_date_local",
        (row("checkins"), row("checkins", checkin_date_local=EVE)),
        row("checkins", status="skipped"),
    ),
    *(
        Case("ck_checkins_metric_value_positive", (), row("checkins", metric_value_logged=value))
        for value in (0.0, -0.5)
    ),
    Case(
        "ck_checkins_skip_has_no_metric",
        (row("checkins", status="skipped"),),
        row("checkins", status="skipped", checkin_date_local=EVE, metric_value_logged=1.0),
    ),
    Case(
        "ck_checkins_query_has_text",
        (row("checkins", status="queried_by_partner", verifier_query="Really?"),),
        row("checkins", status="queried_by_partner", checkin_date_local=EVE),
    ),
    Case(
        "ck_streak_milestones_length_positive",
        (row("streak_milestones", length=1),),
        row("streak_milestones", local_date=EVE, length=0),
    ),
    Case(
        "uq_streak_milestones_user_date",
        (
            row("streak_milestones"),
            row("streak_milestones", local_date=EVE),
            row("streak_milestones", user_id=BOB),
        ),
        row("streak_milestones", length=14),
    ),
    Case(
        "uq_reflections_user_id_reflection_date_local",
        (row("reflections"), row("reflections", user_id=BOB)),
        row("reflections", content="Other"),
    ),
    Case(
        "ck_direct_messages_has_content",
        (
            row("direct_messages", text_content=None, emoji_content="+"),
            row("direct_messages", text_content=None, image_url="u"),
        ),
        row("direct_messages", text_content=None),
    ),
    Case(
        "uq_notifications_unread_chat",
        (
            row("notifications", is_read=True),
            row("notifications"),
            row("notifications", target_id="other"),
            row("notifications", type="partner_checkin_completed"),
            row("notifications", type="partner_checkin_completed"),
        ),
        row("notifications"),
    ),
    Case(
        "uq_reactions_user_id_target_type_target_id",
        (row("reactions"), row("reactions", user_id=BOB), row("reactions", target_id=ALICE)),
        row("reactions", emoji="-"),
    ),
    Case(
        "uq_email_outbox_dedupe_key",
        (row("email_outbox"), row("email_outbox"), row("email_outbox", dedupe_key="k")),
        row("email_outbox", dedupe_key="k"),
    ),
    Case("uq_uploads_path", (row("uploads"),), row("uploads", url="v")),
    Case("uq_uploads_url", (row("uploads"),), row("uploads", path="q")),
]

ENUM_COLUMNS = [
    (table.name, column.name, column.type.name)
    for table in Base.metadata.sorted_tables
    for column in table.columns
    if isinstance(column.type, Enum)
]

RULES = """
SELECT conname AS name FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'u')
  AND conrelid::regclass::text NOT LIKE 'pgqueuer%'
UNION
SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique AND NOT i.indisprimary
  AND c.relname NOT LIKE 'pgqueuer%'
"""


@pytest.fixture(scope="module")
def url(make_database: Callable[[], str]) -> str:
    return make_database()


@pytest.fixture
async def connection(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Alice, Bob, Carol, a system and a past partnership; all is undone afterwards."""
    connection = await asyncpg.connect(url)
    transaction = connection.transaction()
    await transaction.start()
    for user_id in (ALICE, BOB, CAROL):
        await insert(connection, user(id=user_id))
    await insert(connection, row("systems", id=SYSTEM))
    past = {"user2_id": BOB, "status": "dissolved", "dissolved_at": NOW}
    await insert(connection, row("partnerships", id=PAST, **past))
    yield connection
    await transaction.rollback()
    await connection.close()


async def insert(connection: Any, given: Row) -> None:
    table, values = given
    places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    sql = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({places})"
    await connection.execute(sql, *values.values())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
async def test_the_database_refuses(case: Case, connection: Any) -> None:
    for given in case.allowed:
        await insert(connection, given)
    count = f"SELECT count(*) FROM {case.refused[0]}"
    before = await connection.fetchval(count)

    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refusal:
        async with connection.transaction():
            await insert(connection, case.refused)

    assert refusal.value.constraint_name == case.rule
    assert await connection.fetchval(count) == before


@pytest.mark.parametrize(("table", "column", "name"), ENUM_COLUMNS)
async def test_a_value_outside_its_closed_set_is_refused(
    table: str, column: str, name: str, connection: Any
) -> None:
    with pytest.raises(asyncpg.CheckViolationError) as refusal:
        async with connection.transaction():
            await insert(connection, row(table, **{column: "NONSENSE"}))

    assert refusal.value.constraint_name == f"ck_{table}_{name}"


async def test_every_rule_of_the_schema_has_a_case_here(connection: Any) -> None:
    in_schema = {record["name"] for record in await connection.fetch(RULES)}
    closed_sets = {f"ck_{table}_{name}" for table, _, name in ENUM_COLUMNS}
    assert in_schema == {case.rule for case in CASES} | closed_sets
