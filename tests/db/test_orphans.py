"""Reactions and comments go with what they are about, however it goes."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.conftest import MakeApp

DAY = "DATE '2026-03-10'"
SETUP = f"""
INSERT INTO users (id, email) VALUES ($1, 'a@example.com');
INSERT INTO goals (id, user_id, title) VALUES (gen_random_uuid(), $1, 'Run');
INSERT INTO partnerships (user1_id) VALUES ($1);
INSERT INTO systems (user_id, goal_id, title, frequency, metric_type)
    SELECT user_id, id, 'Run', 'daily', 'binary' FROM goals;
INSERT INTO checkins (user_id, system_id, checkin_timestamp_utc, checkin_date_local,
                      checkin_timezone, status)
    SELECT user_id, id, now(), {DAY} - n, 'UTC', 'completed'
    FROM systems, generate_series(1, 3) n;
INSERT INTO reflections (user_id, reflection_date_local, content)
    SELECT $1, {DAY} - n, 'Good' FROM generate_series(1, 3) n;
INSERT INTO direct_messages (partnership_id, sender_id, text_content, sent_at_utc)
    SELECT id, $1, 'Hi', now() FROM partnerships, generate_series(1, 3);
INSERT INTO reactions (user_id, emoji, target_type, target_id)
    SELECT $1, '+', 'checkin', id FROM checkins UNION ALL
    SELECT $1, '+', 'reflection', id FROM reflections UNION ALL
    SELECT $1, '+', 'direct_message', id FROM direct_messages;
INSERT INTO comments (user_id, text_content, target_type, target_id)
    SELECT $1, 'Yes', 'checkin', id FROM checkins UNION ALL
    SELECT $1, 'Yes', 'reflection', id FROM reflections UNION ALL
    SELECT $1, 'Yes', 'goal', id FROM goals;
INSERT INTO comments (user_id, text_content, target_type, target_id, parent_comment_id)
    SELECT $1, 'No', target_type, target_id, id FROM comments;
"""
LEFT = """
SELECT 'reactions ' || target_type AS what, count(*) FROM reactions GROUP BY 1
UNION ALL SELECT 'comments ' || target_type, count(*) FROM comments GROUP BY 1
"""
ALL = {
    "reactions checkin": 3,
    "reactions reflection": 3,
    "reactions direct_message": 3,
    "comments checkin": 6,
    "comments reflection": 6,
    "comments goal": 2,
}


@pytest.fixture
async def connection(make_app: MakeApp) -> AsyncIterator[Any]:
    app = await make_app()
    url = app.state.database.engine.url.set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    await connection.execute(SETUP.replace("$1", f"'{UUID(int=1)}'::uuid"))
    yield connection
    await connection.close()


async def left(connection: Any) -> dict[str, int]:
    return {row["what"]: row["count"] for row in await connection.fetch(LEFT)}


@pytest.mark.parametrize(
    ("deletion", "gone"),
    [
        ("DELETE FROM checkins", {"reactions checkin": 3, "comments checkin": 6}),
        (
            f"DELETE FROM checkins WHERE checkin_date_local = {DAY} - 1",
            {"reactions checkin": 1, "comments checkin": 2},
        ),
        ("DELETE FROM reflections", {"reactions reflection": 3, "comments reflection": 6}),
        ("DELETE FROM direct_messages", {"reactions direct_message": 3}),
        ("DELETE FROM partnerships", {"reactions direct_message": 3}),
        ("DELETE FROM systems", {"reactions checkin": 3, "comments checkin": 6}),
        (
            "DELETE FROM goals",
            {"comments goal": 2, "reactions checkin": 3, "comments checkin": 6},
        ),
        ("DELETE FROM users", ALL),
        ("DELETE FROM checkins WHERE false", {}),
        ("UPDATE goals SET title = 'Walk'", {}),
    ],
)
async def test_what_was_said_goes_with_its_target_and_nothing_else_does(
    connection: Any, deletion: str, gone: dict[str, int]
) -> None:
    assert await left(connection) == ALL

    await connection.execute(deletion)

    expected = {what: count - gone.get(what, 0) for what, count in ALL.items()}
    assert await left(connection) == {what: count for what, count in expected.items() if count}


async def test_the_same_id_in_another_table_is_another_target(connection: Any) -> None:
    shared = await connection.fetchval("SELECT id FROM goals")
    await connection.execute(
        "INSERT INTO reactions (user_id, emoji, target_type, target_id)"
        " VALUES ($1, '+', 'checkin', $2)",
        UUID(int=1),
        shared,
    )

    await connection.execute("UPDATE systems SET goal_id = NULL")
    await connection.execute("DELETE FROM goals")

    assert await connection.fetchval("SELECT count(*) FROM reactions WHERE target_id = $1", shared)


async def test_a_mass_deletion_is_one_statement_for_the_trigger(connection: Any) -> None:
    await connection.execute("""
        INSERT INTO direct_messages (partnership_id, sender_id, text_content, sent_at_utc)
        SELECT id, user1_id, 'Hi', now() FROM partnerships, generate_series(1, 2000);
        INSERT INTO reactions (user_id, emoji, target_type, target_id)
        SELECT sender_id, '+', 'direct_message', id FROM direct_messages ON CONFLICT DO NOTHING;
    """)

    plan = await connection.fetch("EXPLAIN ANALYZE DELETE FROM partnerships")

    fired = [row[0] for row in plan if "delete_what_was_said" in row[0]]
    assert [line.rpartition("calls=")[2] for line in fired] == ["1"]
    assert "reactions direct_message" not in await left(connection)


async def test_the_search_path_of_whoever_deletes_does_not_matter(connection: Any) -> None:
    await connection.execute("CREATE SCHEMA other; CREATE TABLE other.reactions (id int)")
    await connection.execute("SET search_path = other")

    await connection.execute("DELETE FROM public.checkins")

    await connection.execute("SET search_path = public")
    assert "reactions checkin" not in await left(connection)
