"""What the servers answer from: pairs of partners, their goals, histories and habits.

Everything is made by a few statements, the same rows on every run but for the dates, which count
back from today. A *habit* is a system that nobody has checked in on yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import orjson
from sqlalchemy.ext.asyncio import create_async_engine

from app.core.config import parse_database_url
from app.core.notification_catalogue import default_preferences
from app.local import mailbox, supabase_auth
from app.local.auth_keys import SigningKey
from app.local.auth_schema import load_signing_key

USERS = 200
GOALS_PER_USER = 25
HABITS_PER_USER = 75
HISTORY_DAYS = 45

_USERS = """
INSERT INTO users (id, email, username, name, bio, profile_image_url, timezone, is_email_verified,
                   email_verified_at, notification_preferences, created_at, updated_at)
SELECT md5('user' || n)::uuid, 'person' || n || '@example.com', 'person_' || n, 'Person ' || n,
       'Runs before breakfast.', 'https://img.example.com/' || n || '.webp',
       (array['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Tokyo'])[n % 4 + 1], true,
       now() - interval '90 days', $2::text::jsonb, now() - interval '90 days',
       now() - interval '30 days'
FROM generate_series(1, $1::int) n
"""
_ZONES = """
INSERT INTO user_timezones (user_id, used_from, timezone) SELECT id, created_at, timezone FROM users
"""
_PARTNERSHIPS = """
INSERT INTO partnerships (id, user1_id, user2_id, status, activated_at)
SELECT md5('pair' || n)::uuid, md5('user' || 2 * n - 1)::uuid, md5('user' || 2 * n)::uuid,
       'active', now() - interval '60 days'
FROM generate_series(1, $1::int / 2) n
"""
_PARTNERED = """
UPDATE users SET current_partnership_id = p.id FROM partnerships p
WHERE users.id IN (p.user1_id, p.user2_id)
"""
_GOALS = """
INSERT INTO goals (id, user_id, title, description, category, priority, status, start_date,
                   target_date, ai_assistance_inputs, created_at, updated_at)
SELECT md5('goal' || u || '-' || g)::uuid, md5('user' || u)::uuid,
       'Goal ' || g || ': run a half marathon',
       'Train three times a week, sleep well, and tell somebody how it went every evening.',
       (array['Health', 'Work', 'Home'])[g % 3 + 1], (array['low', 'medium', 'high'])[g % 3 + 1],
       (array['in_progress', 'not_started', 'on_hold', 'achieved'])[g % 4 + 1],
       current_date - 40, CASE WHEN g % 2 = 0 THEN current_date + 60 END,
       CASE WHEN g % 5 = 1 THEN '{"experience": "beginner", "hours": 4}'::jsonb END,
       now() - (interval '1 day' * (45 - g)), now() - interval '2 hours'
FROM generate_series(1, $1::int) u, generate_series(1, $2::int) g
"""
# Every fifth goal has a system: daily, on some weekdays, or a number of times a week.
_GOAL_SYSTEMS = """
INSERT INTO systems (id, user_id, goal_id, title, frequency, frequency_details, metric_type,
                     created_at, updated_at)
SELECT md5('practice' || u || '-' || g)::uuid, md5('user' || u)::uuid,
       md5('goal' || u || '-' || g)::uuid, 'Practice ' || g,
       CASE WHEN g % 3 = 0 THEN 'daily' ELSE 'weekly' END,
       (array[NULL, '{"days_of_week": [0, 2, 4]}', '{"times_per_week": 3}'])[g % 3 + 1]::jsonb,
       'binary', now() - interval '45 days', now() - interval '45 days'
FROM generate_series(1, $1::int) u, generate_series(5, $2::int, 5) g
"""
_HABITS = """
INSERT INTO systems (id, user_id, title, frequency, metric_type, target_value, target_unit,
                     verification_required, created_at, updated_at)
SELECT md5('habit' || u || '-' || h)::uuid, md5('user' || u)::uuid, 'Habit ' || h, 'daily',
       'duration', 30, 'minutes', h % 2 = 0, now() - interval '45 days', now() - interval '45 days'
FROM generate_series(1, $1::int) u, generate_series(1, $2::int) h
"""
_SCHEDULES = """
INSERT INTO system_schedules (system_id, effective_from, frequency, frequency_details)
SELECT id, current_date - 45, frequency, frequency_details FROM systems
"""
# About four of five days, none of the last two: today stays free in every zone.
_HISTORY = """
INSERT INTO checkins (user_id, system_id, partnership_id, checkin_timestamp_utc,
                      checkin_date_local, checkin_timezone, status, created_at, updated_at)
SELECT s.user_id, s.id, u.current_partnership_id, now() - interval '1 day' * d, current_date - d,
       u.timezone, CASE WHEN d % 17 = 0 THEN 'skipped' ELSE 'completed' END,
       now() - interval '1 day' * d, now() - interval '1 day' * d
FROM systems s JOIN users u ON u.id = s.user_id, generate_series(2, $1::int) d
WHERE s.goal_id IS NOT NULL AND d % 5 <> 0
"""
_NEW_CHECKINS = """
DELETE FROM checkins USING systems
WHERE systems.id = checkins.system_id AND systems.goal_id IS NULL
"""


@dataclass(frozen=True)
class Caller:
    token: str
    habits: Sequence[str]


@dataclass(frozen=True)
class Dataset:
    callers: Sequence[Caller]
    jwk: dict[str, object]


async def populate(database_url: str, *, issuer: str) -> Dataset:
    """Fill an empty, migrated database, and sign a token for each user."""
    key = await _signing_key(database_url)
    connection = await asyncpg.connect(database_url)
    try:
        preferences = orjson.dumps(default_preferences()).decode()
        await connection.execute(_USERS, USERS, preferences)
        await connection.execute(_ZONES)
        await connection.execute(_PARTNERSHIPS, USERS)
        await connection.execute(_PARTNERED)
        await connection.execute(_GOALS, USERS, GOALS_PER_USER)
        await connection.execute(_GOAL_SYSTEMS, USERS, GOALS_PER_USER)
        await connection.execute(_HABITS, USERS, HABITS_PER_USER)
        await connection.execute(_SCHEDULES)
        await connection.execute(_HISTORY, HISTORY_DAYS)
        await connection.execute("VACUUM ANALYZE")
        rows = await connection.fetch(
            "SELECT u.id, u.email, array_agg(s.id::text ORDER BY s.id) AS habits "
            "FROM users u JOIN systems s ON s.user_id = u.id AND s.goal_id IS NULL "
            "GROUP BY u.id ORDER BY u.id"
        )
    finally:
        await connection.close()
    callers = [
        Caller(_token(key, issuer, str(row["id"]), row["email"]), row["habits"]) for row in rows
    ]
    return Dataset(callers, key.jwk())


async def forget_new_checkins(connection: Any) -> None:
    """Make every habit free again, and leave the tables as they were, dead rows included."""
    await connection.execute("TRUNCATE notifications")
    await connection.execute(_NEW_CHECKINS)
    await connection.execute("VACUUM checkins")
    await connection.execute("CHECKPOINT")


async def _signing_key(database_url: str) -> SigningKey:
    engine = create_async_engine(parse_database_url(database_url).url)
    try:
        await supabase_auth.prepare(engine)
        await mailbox.prepare(engine)
        async with engine.begin() as connection:
            return await load_signing_key(connection)
    finally:
        await engine.dispose()


def _token(key: SigningKey, issuer: str, user_id: str, email: str) -> str:
    now = datetime.now(UTC)
    return key.sign(
        {
            "iss": issuer,
            "aud": "authenticated",
            "role": "authenticated",
            "sub": user_id,
            "email": email,
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(hours=2)).timestamp()),
            "session_id": user_id,
            "is_anonymous": False,
            "user_metadata": {"email": email, "email_verified": True},
        }
    )
