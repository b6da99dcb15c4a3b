"""The floor: bare Starlette, asyncpg and orjson, with everything that the rules demand.

It has no validation library, no request log, no ids, no security headers: what the application
needs beyond this is the price of being one. It shares two things with it on purpose. Tokens are
verified alike (`tokens.py`). And progress and check-in windows come from the pure functions in
`app.core`: they are the product's rules, need the histories in Python, and would cost the same in
any framework; rewriting weeks, pauses and excused skips in SQL would only move the work to the
other core.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.core.consistency import goal_progress
from app.core.local_time import CheckinWindow, checkin_window, current_zone, open_dates, today
from app.core.notification_catalogue import CATALOGUE, NotificationType
from app.db.session import SESSION_SETTINGS
from app.services.history import system_history, zone_uses
from tests.benchmarks.servers import floor_dashboard, floor_lists
from tests.benchmarks.servers import floor_sql as sql
from tests.benchmarks.servers.floor_answers import (
    answer,
    caller_of,
    checkin,
    page_number,
    page_of,
    window,
)
from tests.benchmarks.servers.options import POOL_SIZE, ServerOptions
from tests.benchmarks.servers.settled import settle_garbage_collector
from tests.benchmarks.servers.tokens import token_verifier

_LOOKS_BACK = timedelta(days=37)


def lifespan_for(options: ServerOptions) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """Opens the pool and the verifier of tokens, as `app.state.pool` and `app.state.tokens`."""

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        app.state.tokens = token_verifier(options)
        async with asyncpg.create_pool(
            options.database_url,
            min_size=POOL_SIZE,
            max_size=POOL_SIZE,
            server_settings=SESSION_SETTINGS,
            reset=_leave_as_it_is,
        ) as app.state.pool:
            settle_garbage_collector()
            yield

    return lifespan


def make_app(options: ServerOptions) -> Starlette:
    return Starlette(
        lifespan=lifespan_for(options),
        routes=[
            Route("/api/v1/users/me", get_me),
            Route("/api/v1/goals", list_goals),
            Route("/api/v1/checkins", create_checkin, methods=["POST"]),
            Route("/api/v1/checkins", floor_lists.list_checkins),
            Route("/api/v1/messages", floor_lists.list_messages),
            Route("/api/v1/notifications", floor_lists.list_notifications),
            Route("/api/v1/systems", floor_lists.list_systems),
            Route("/api/v1/dashboard", floor_dashboard.get_dashboard),
        ],
    )


async def _leave_as_it_is(_connection: Any) -> None:
    """No transaction and no setting of the session is ever left behind here."""


async def get_me(request: Request) -> Response:
    async with request.app.state.pool.acquire() as connection:
        caller = await caller_of(request, connection)
    partner = None
    if caller["partner_id"]:
        partner = {
            "id": caller["partner_id"],
            "name": caller["partner_name"],
            "username": caller["partner_username"],
            "avatarUrl": caller["partner_profile_image_url"],
        }
    return answer(
        "Your profile.",
        {
            "id": caller["id"],
            "email": caller["email"],
            "username": caller["username"],
            "name": caller["name"],
            "avatarUrl": caller["profile_image_url"],
            "bio": caller["bio"],
            "timezone": caller["timezone"],
            "themePreference": caller["theme_preference"],
            "isEmailVerified": caller["is_email_verified"],
            "currentPartnershipId": caller["current_partnership_id"],
            "partnerDetails": partner,
            "createdAt": caller["created_at"],
            "updatedAt": caller["updated_at"],
        },
    )


async def list_goals(request: Request) -> Response:
    page = page_number(request)
    now = datetime.now(UTC)
    async with request.app.state.pool.acquire() as connection:
        caller = await caller_of(request, connection)
        goals = await connection.fetch(sql.GOALS, caller["id"], *window(page))
        histories: dict[Any, list[Any]] = defaultdict(list)
        with_systems = [goal for goal in goals if goal["systems_count"]]
        if with_systems:
            since = min(_since(goal, now) for goal in with_systems)
            ids = [goal["id"] for goal in with_systems]
            for history in await connection.fetch(sql.HISTORIES, ids, since):
                histories[history["goal_id"]].append(history)
    return answer(
        "Your goals.",
        page_of([_goal(goal, histories[goal["id"]], now) for goal in goals], goals, page),
    )


def _since(goal: Mapping[str, Any], now: datetime) -> date:
    begun: date = goal["start_date"] or goal["created_at"].date() - timedelta(days=1)
    return min(begun, now.date() - _LOOKS_BACK)


def _goal(goal: Mapping[str, Any], histories: Sequence[Any], now: datetime) -> dict[str, Any]:
    inputs = goal["ai_assistance_inputs"]
    return {
        "id": goal["id"],
        "title": goal["title"],
        "description": goal["description"],
        "category": goal["category"],
        "priority": goal["priority"],
        "status": goal["status"],
        "startDate": goal["start_date"],
        "targetDate": goal["target_date"],
        "progressValue": _progress(goal, histories, now),
        "aiAssistedPlan": goal["ai_generated_plan_details"],
        "aiAssistanceInputs": inputs and orjson.loads(inputs),
        "isArchived": goal["is_archived"],
        "systemsCount": goal["systems_count"],
        "createdAt": goal["created_at"],
        "updatedAt": goal["updated_at"],
    }


def _progress(goal: Mapping[str, Any], histories: Sequence[Any], now: datetime) -> int:
    if goal["status"] == "achieved":
        return 100
    if not histories:
        return 0
    zones = zone_uses(orjson.loads(histories[0]["zones"]))
    zone = current_zone(zones)
    return goal_progress(
        [
            system_history(
                schedules=orjson.loads(history["schedules"]),
                pauses=orjson.loads(history["pauses"]),
                credited=history["credited"],
                skipped=history["skipped"],
            )
            for history in histories
        ],
        goal["start_date"] or today(goal["created_at"], zone),
        goal["target_date"],
        today(now, zone),
        open_dates=open_dates(now, zones),
    )


async def create_checkin(request: Request) -> Response:
    body = orjson.loads(await request.body())
    now = datetime.now(UTC)
    async with request.app.state.pool.acquire() as connection:
        caller = await caller_of(request, connection)
        photo_id = None  # links to photos are signed: nothing that this compares
        system = await connection.fetchrow(sql.CONTEXT, body["systemId"], caller["id"], photo_id)
        zones = zone_uses(orjson.loads(system["zones"]))
        zone = current_zone(zones)
        given = body.get("localDate")
        local_date = date.fromisoformat(given) if given else today(now, zone)
        window = checkin_window(local_date, now, zones)
        completed = body.get("status", "completed") == "completed"
        value, notes = body.get("metricValueLogged"), body.get("notes")
        _check(system, window, completed=completed, value=value, notes=notes)
        verify = completed and system["verification_required"] and caller["partner_id"] is not None
        status = "pending_verification" if verify else "completed" if completed else "skipped"
        type_, title, message = _notification(caller, system["title"], verify=verify)
        kind = CATALOGUE[type_]
        unless = orjson.dumps([{"id": kind.preference, "enabled": False}]).decode()
        row = await connection.fetchrow(
            sql.CHECK_IN,
            *(caller["id"], body["systemId"], caller["current_partnership_id"]),
            *(now, body.get("originalLocalTimestamp"), local_date, zone),
            *(window is CheckinWindow.OPEN_LATE, status, value, notes, None),
            *(caller["partner_id"] if completed else None, type_, title, message),
            *(kind.link, kind.icon, system["title"], unless),
        )
    return answer("Checked in.", checkin(row), 201)


def _check(system: Any, window: CheckinWindow, *, completed: bool, value: Any, notes: Any) -> None:
    wants_value = completed and system["metric_type"] != "binary"
    valid = (
        system["status"] == "active"
        and system["photo_is_own"]
        and window.is_open
        and (0 < value <= 1_000_000 if wants_value else value is None)
        and (notes is None or len(notes) <= 500)
    )
    if not valid:
        raise ValueError


def _notification(
    caller: Any, system_title: str, *, verify: bool
) -> tuple[NotificationType, str, str]:
    name = caller["name"] or caller["username"] or "Your partner"
    if verify:
        message = f"{name} asks you to verify {system_title!r}."
        return NotificationType.VERIFICATION_REQUESTED, "Verification requested", message
    message = f"{name} completed {system_title!r}."
    return NotificationType.PARTNER_CHECKIN_COMPLETED, "Partner checked in", message
