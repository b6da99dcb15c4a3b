"""The floor's dashboard: the application's own three statements, and the rules from `app.core`.

What is compared here is what happens between the database and the rules, and from there to JSON.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.core.enums import CheckinStatus, SystemFrequency
from app.core.local_time import current_zone, open_dates, today
from app.core.reflection_prompts import prompts_for
from app.core.schedule import Earlier, describe_schedule
from app.core.streaks import longest_user_streak, system_streak, user_streak
from app.core.system_cards import card_status, clock_time, due_dates, verification_message
from app.core.tasks import QUERY_MEMORY
from app.crud.crud_card import CARDS
from app.crud.crud_dashboard import SUMMARY
from app.crud.crud_history import OF_PEOPLE
from app.services.history import system_history, zone_uses
from tests.benchmarks.servers.floor_answers import answer, caller_of

MOST_CARDS = 100


async def get_dashboard(request: Request) -> Response:
    now = datetime.now(UTC)
    async with request.app.state.pool.acquire() as connection:
        caller = await caller_of(request, connection)
        user_id = caller["id"]
        around = today(now, caller["timezone"])
        monday = around - timedelta(days=around.weekday())
        histories = await connection.fetch(
            OF_PEOPLE.sql,
            *OF_PEOPLE.arguments({"user_ids": [user_id], "since": monday, "begun": date.min}),
        )
        zones = zone_uses(orjson.loads(histories[0]["zones"]))
        day, is_open = today(now, current_zone(zones)), open_dates(now, zones)
        cards = await connection.fetch(
            CARDS.sql, *CARDS.arguments({"owner_id": user_id, "day": day})
        )
        summary = await connection.fetchrow(
            SUMMARY.sql,
            *SUMMARY.arguments(
                {
                    "viewer_id": user_id,
                    "partnership_id": caller["current_partnership_id"],
                    "day": day,
                    "queried_since": day - QUERY_MEMORY,
                }
            ),
        )
    systems = {row["system_id"]: _history(row) for row in histories if row["system_id"]}
    everything = [*systems.values()]
    first = histories[0]
    earlier = (
        None
        if first["until"] is None
        else Earlier(first["until"], first["longest"], first["running"])
    )
    due = sorted(
        (
            row
            for row in cards
            if row["checkin_id"]
            or (
                not row["goal_is_archived"]
                and row["status"] == "active"
                and due_dates(systems[row["id"]], day, day, over_before=min(is_open))
            )
        ),
        key=lambda row: (row["target_time_local"] or time.max, row["title"].casefold(), row["id"]),
    )
    reflection_id = summary["reflection_id"]
    partner = caller["partner_name"] or caller["partner_username"] or "Your partner"
    return answer(
        "Your dashboard.",
        {
            "userGreetingName": caller["name"] or caller["username"] or "there",
            "date": day,
            "streak": {
                "currentStreak": user_streak(everything, day, open_dates=is_open, earlier=earlier),
                "longestStreak": longest_user_streak(
                    everything, day, open_dates=is_open, earlier=earlier
                ),
            },
            "pendingVerificationCount": summary["awaiting_verification"],
            "pendingSystemsCount": sum(row["checkin_id"] is None for row in due),
            "unreadNotificationCount": summary["unread_notifications"],
            "systemsForToday": [
                _card(row, system_streak(systems[row["id"]], day, open_dates=is_open))
                for row in due[:MOST_CARDS]
            ],
            "dailyReflection": {
                "status": "completed" if reflection_id else "pending",
                "reflectionId": reflection_id,
            },
            "dailyReflectionPrompts": [
                {"id": prompt.id, "text": prompt.text} for prompt in prompts_for(day)
            ],
            "verificationAlerts": [
                _alert(partner, alert) for alert in orjson.loads(summary["alerts"])
            ],
        },
    )


def _history(row: Any) -> Any:
    return system_history(
        schedules=orjson.loads(row["schedules"]),
        pauses=orjson.loads(row["pauses"]),
        credited=row["credited"],
        skipped=row["skipped"],
        earlier=orjson.loads(row["earlier"] or "null"),
    )


def _card(row: Any, streak: int) -> dict[str, Any]:
    logged = row["checkin_status"]
    return {
        "id": row["id"],
        "name": row["title"],
        "status": card_status(CheckinStatus(logged) if logged else None, is_owner=True),
        "details": row["description"]
        or describe_schedule(
            SystemFrequency(row["frequency"]),
            orjson.loads(row["frequency_details"] or "null"),
            None,
        ),
        "scheduleTime": clock_time(row["target_time_local"]),
        "goalId": row["goal_id"],
        "goalTitle": row["goal_title"],
        "metricType": row["metric_type"],
        "targetValue": row["target_value"],
        "targetUnit": row["target_unit"],
        "lastValue": row["last_value"],
        "verificationRequired": row["verification_required"],
        "checkinId": row["checkin_id"],
        "currentStreak": streak,
    }


def _alert(partner: str, alert: dict[str, Any]) -> dict[str, Any]:
    local_date = date.fromisoformat(alert["local_date"])
    return {
        "id": alert["id"],
        "systemId": alert["system_id"],
        "systemName": alert["system_title"],
        "message": verification_message(partner, alert["system_title"], local_date, alert["query"]),
    }
