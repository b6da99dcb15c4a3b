"""Asking the AI planner."""

from typing import Any

import httpx
from fastapi import FastAPI

from tests.factories import Person
from tests.support import count_rows, rows

WISH = "I want to run a half marathon this autumn."


async def ask(person: Person, wish: str = WISH, **fields: Any) -> httpx.Response:
    headers = fields.pop("headers", None)
    return await person.post("/ai-planner/plan-goal", {"userInput": wish} | fields, headers=headers)


async def usage(app: FastAPI) -> list[Any]:
    return await rows(app, "SELECT * FROM ai_usage ORDER BY created_at, id")


async def nothing_was_made(app: FastAPI) -> bool:
    tables = ("goals", "systems", "system_schedules", "notifications", "idempotency_keys")
    return await count_rows(app, *tables) == (0,) * len(tables)
