"""What the servers answer from: pairs of partners, their goals, histories and habits.

Everything is made by a few statements, the same rows on every run but for the dates, which count
back from today. A *habit* is a system that nobody has checked in on yet; who has many of them
checks in. A *reader* has twenty-one practices, messages and notifications, and writes nothing.
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
READERS = 100  # numbered after the users
GOALS_PER_USER = 25
HABITS_PER_USER = 75
HISTORY_DAYS = 45
SAYINGS_PER_READER = 60

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
# Of some goals: daily, on some weekdays, or a number of times a week.
_GOAL_SYSTEMS = """
INSERT INTO systems (id, user_id, goal_id, title, frequency, frequency_details, metric_type,
                     created_at, updated_at)
SELECT md5('practice' || u || '-' || g)::uuid, md5('user' || u)::uuid,
       md5('goal' || u || '-' || g)::uuid, 'Practice ' || g,
       CASE WHEN g % 3 = 0 THEN 'daily' ELSE 'weekly' END,
       (array[NULL, '{"days_of_week": [0, 2, 4]}', '{"times_per_week": 3}'])[g % 3 + 1]::jsonb,
       'binary', now() - interval '45 days', now() - interval '45 days'
FROM generate_series($1::int, $2::int) u, generate_series(5, $3::int, $4::int) g
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
       u.timezone, CASE WHEN d % 17 = 0 THEN 'skipped' WHEN d = 19 THEN 'pending_verification'
                        ELSE 'completed' END,
       now() - interval '1 day' * d, now() - interval '1 day' * d
FROM systems s JOIN users u ON u.id = s.user_id, generate_series(2, $1::int) d
WHERE s.goal_id IS NOT NULL AND d % 5 <> 0
"""
# In every zone's today, whoever has habits has done something: the first check-in of a date also
# looks for a milestone, which the floor knows nothing of.
_TODAY = """
INSERT INTO checkins (user_id, system_id, partnership_id, checkin_timestamp_utc,
                      checkin_date_local, checkin_timezone, status)
SELECT s.user_id, s.id, u.current_partnership_id, now() - interval '1 hour', current_date + d,
       u.timezone, 'completed'
FROM generate_series(1, $1::int) n JOIN systems s ON s.id = md5('practice' || n || '-5')::uuid
JOIN users u ON u.id = s.user_id, generate_series(-1, 1) d
"""
# Every fourth message has a reaction, and every sixth answers something in the feed.
_MESSAGES = """
WITH said AS (
    INSERT INTO direct_messages (partnership_id, sender_id, text_content, sent_at_utc, read_at_utc,
                                 reply_to_activity_id, reply_to_activity_summary)
    SELECT u.current_partnership_id, u.id, 'Ten kilometres, and it did not even rain. You?',
           now() - n * interval '20 minutes', now() - n * interval '19 minutes',
           CASE WHEN n % 6 = 0 THEN 'checkin-' || n END,
           CASE WHEN n % 6 = 0 THEN 'Practice 5, on Monday' END
    FROM generate_series($1::int, $2::int) r JOIN users u ON u.id = md5('user' || r)::uuid,
         generate_series(1, $3::int / 2) n
    RETURNING id, partnership_id, sender_id, extract(minute FROM sent_at_utc)::int AS minute
)
INSERT INTO reactions (user_id, target_type, target_id, emoji)
SELECT CASE WHEN p.user1_id = said.sender_id THEN p.user2_id ELSE p.user1_id END,
       'direct_message', said.id, '👍'
FROM said JOIN partnerships p ON p.id = said.partnership_id WHERE minute < 20
"""
_NOTIFICATIONS = """
INSERT INTO notifications (recipient_id, actor_user_id, type, title, message, link_to,
                           icon_identifier, target_type, target_id, target_name, is_read,
                           read_at_utc, created_at)
SELECT u.id, CASE WHEN p.user1_id = u.id THEN p.user2_id ELSE p.user1_id END, 'new_comment',
       'New comment', 'Your partner commented on "Practice 5".', '/goals/practice',
       'MessageCircle', 'goal', md5('goal' || r || '-5'), 'Goal 5: run a half marathon', n > 7,
       CASE WHEN n > 7 THEN now() END, now() - n * interval '20 minutes'
FROM generate_series($1::int, $2::int) r JOIN users u ON u.id = md5('user' || r)::uuid
JOIN partnerships p ON p.id = u.current_partnership_id, generate_series(1, $3::int) n
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
    readers: Sequence[Caller]
    jwk: dict[str, object]


async def populate(database_url: str, *, issuer: str) -> Dataset:
    """Fill an empty, migrated database, and sign a token for each user."""
    key = await _signing_key(database_url)
    connection = await asyncpg.connect(database_url)
    try:
        preferences = orjson.dumps(default_preferences()).decode()
        await connection.execute(_USERS, USERS + READERS, preferences)
        await connection.execute(_ZONES)
        await connection.execute(_PARTNERSHIPS, USERS + READERS)
        await connection.execute(_PARTNERED)
        await connection.execute(_GOALS, USERS + READERS, GOALS_PER_USER)
        readers = (USERS + 1, USERS + READERS)
        await connection.execute(_GOAL_SYSTEMS, 1, USERS, GOALS_PER_USER, 5)
        await connection.execute(_GOAL_SYSTEMS, *readers, GOALS_PER_USER, 1)
        await connection.execute(_HABITS, USERS, HABITS_PER_USER)
        await connection.execute(_SCHEDULES)
        await connection.execute(_HISTORY, HISTORY_DAYS)
        await connection.execute(_TODAY, USERS)
        await connection.execute(_MESSAGES, *readers, SAYINGS_PER_READER)
        await connection.execute(_NOTIFICATIONS, *readers, SAYINGS_PER_READER)
        await connection.execute("VACUUM ANALYZE")
        rows = await connection.fetch(
            "SELECT u.id, u.email, "
            "array(SELECT id::text FROM systems WHERE user_id = u.id AND goal_id IS NULL "
            "ORDER BY id) AS habits FROM users u ORDER BY u.id"
        )
    finally:
        await connection.close()
    everybody = [
        Caller(_token(key, issuer, str(row["id"]), row["email"]), row["habits"]) for row in rows
    ]
    return Dataset(
        [caller for caller in everybody if caller.habits],
        [caller for caller in everybody if not caller.habits],
        key.jwk(),
    )


async def forget_new_checkins(connection: Any) -> None:
    """Make every habit free again, and leave the tables as they were, dead rows included."""
    await connection.execute("TRUNCATE live_events")
    await connection.execute("DELETE FROM notifications WHERE target_type = 'checkin'")
    await connection.execute(_NEW_CHECKINS)
    await connection.execute("VACUUM checkins, notifications")
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
