"""The floor's lists: one statement for the caller, one for the page."""

from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.core.enums import SystemFrequency
from app.core.local_time import current_zone, open_dates, today
from app.core.schedule import describe_schedule
from app.core.streaks import system_streak
from app.services.history import system_history, zone_uses
from tests.benchmarks.servers import floor_sql as sql
from tests.benchmarks.servers.floor_answers import (
    answer,
    caller_of,
    checkin,
    page_number,
    page_of,
    window,
)

_CAMEL = {"days_of_week": "daysOfWeek", "times_per_week": "timesPerWeek"}


async def list_checkins(request: Request) -> Response:
    page = page_number(request)
    async with request.app.state.pool.acquire() as connection:
        caller = await caller_of(request, connection)
        rows = await connection.fetch(sql.CHECKINS, caller["id"], *window(page))
    return answer("Your check-ins.", page_of([checkin(row) for row in rows], rows, page))


async def list_messages(request: Request) -> Response:
    page = page_number(request)
    async with request.app.state.pool.acquire() as connection:
        caller = await caller_of(request, connection)
        rows = await connection.fetch(
            sql.MESSAGES, caller["current_partnership_id"], caller["id"], *window(page)
        )
    items = [_message(row, caller["id"]) for row in rows]
    return answer("Your messages.", page_of(items, rows, page))


def _message(row: Any, reader_id: Any) -> dict[str, Any]:
    by_emoji: dict[str, list[str]] = {}
    for reaction in orjson.loads(row["reactions"] or "[]"):
        by_emoji.setdefault(reaction["emoji"], []).append(reaction["user_id"])
    return {
        "id": row["id"],
        "partnershipId": row["partnership_id"],
        "senderId": row["sender_id"],
        "textContent": row["text_content"],
        "emojiContent": row["emoji_content"],
        "imageUrl": row["image_url"],
        "timestamp": row["sent_at_utc"],
        "readAtUtc": row["read_at_utc"],
        "reactions": [
            {
                "emoji": emoji,
                "count": len(users),
                "userIds": users,
                "reactedByMe": str(reader_id) in users,
            }
            for emoji, users in by_emoji.items()
        ],
        "replyingTo": {
            "activityId": row["reply_to_activity_id"],
            "summary": row["reply_to_activity_summary"],
        }
        if row["reply_to_activity_id"]
        else None,
    }


async def list_notifications(request: Request) -> Response:
    page = page_number(request)
    async with request.app.state.pool.acquire() as connection:
        caller = await caller_of(request, connection)
        rows = await connection.fetch(sql.NOTIFICATIONS, caller["id"], *window(page))
    data = page_of([_notification(row) for row in rows], rows, page)
    data["pagination"]["unreadCount"] = rows[0]["unread"] if rows else 0
    return answer("Your notifications.", data)


def _notification(row: Any) -> dict[str, Any]:
    return {
        "id": row["id"],
        "type": row["type"],
        "title": row["title"],
        "message": row["message"],
        "timestamp": row["created_at"],
        "isRead": row["is_read"],
        "readAtUtc": row["read_at_utc"],
        "actionLink": row["link_to"],
        "icon": row["icon_identifier"],
        "actor": {
            "id": row["actor_id"],
            "name": row["actor_name"],
            "avatarUrl": row["actor_avatar_url"],
        }
        if row["actor_id"]
        else None,
        "target": {
            "type": row["target_type"],
            "id": row["target_id"],
            "name": row["target_name"],
        }
        if row["target_type"] and row["target_id"]
        else None,
    }


async def list_systems(request: Request) -> Response:
    page = page_number(request)
    now = datetime.now(UTC)
    async with request.app.state.pool.acquire() as connection:
        caller = await caller_of(request, connection)
        rows = await connection.fetch(sql.SYSTEMS, caller["id"], *window(page))
    items = []
    if rows:
        zones = zone_uses(orjson.loads(rows[0]["zones"]))
        day, is_open = today(now, current_zone(zones)), open_dates(now, zones)
        items = [_system(row, day, is_open) for row in rows]
    return answer("Your systems.", page_of(items, rows, page))


def _system(row: Any, day: Any, is_open: Any) -> dict[str, Any]:
    details = orjson.loads(row["frequency_details"] or "null")
    history = system_history(
        schedules=orjson.loads(row["schedules"]),
        pauses=orjson.loads(row["pauses"]),
        credited=row["credited"],
        skipped=row["skipped"],
        earlier=orjson.loads(row["earlier"] or "null"),
    )
    return {
        "id": row["id"],
        "goalId": row["goal_id"],
        "goalTitle": row["goal_title"],
        "title": row["title"],
        "description": row["description"],
        "status": row["status"],
        "frequency": row["frequency"],
        "frequencyDetails": details and {_CAMEL[key]: details[key] for key in details},
        "metricType": row["metric_type"],
        "targetValue": row["target_value"],
        "targetUnit": row["target_unit"],
        "targetTimeLocal": row["target_time_local"],
        "verificationRequired": row["verification_required"],
        "checkinReminder": row["checkin_reminder"],
        "reminderTimeLocal": row["reminder_time_local"],
        "aiAssistanceUsed": row["ai_assistance_used"],
        "scheduleDescription": describe_schedule(
            SystemFrequency(row["frequency"]), details, row["target_time_local"]
        ),
        "currentStreak": system_streak(history, day, open_dates=is_open),
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
    }
