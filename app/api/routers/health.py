"""Whether the process is up, and whether it can serve."""

import asyncio
from typing import Literal

from fastapi import APIRouter, Request, Response

from app.db.errors import DATABASE_ERRORS
from app.db.migrations import head_revision
from app.schemas.base_schemas import ResponseSchema

router = APIRouter(tags=["Operations"])

READY_WITHIN_SECONDS = 1.5
UNREACHABLE: tuple[type[Exception], ...] = (*DATABASE_ERRORS, TimeoutError, OSError)


class Health(ResponseSchema):
    status: Literal["ok"] = "ok"


class Readiness(ResponseSchema):
    status: Literal["ready", "not_ready"]
    database: Literal["reachable", "unreachable"]
    migrations: Literal["current", "behind", "unknown"]


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", summary="Is the process up?")
async def get_health() -> Health:
    """Answers without touching the database."""
    return Health()


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz", summary="Can it serve?", responses={503: {"model": Readiness}})
async def get_readiness(request: Request, response: Response) -> Readiness:
    """Ready when the database answers and its schema is the one that this version knows."""
    head = await asyncio.to_thread(head_revision)
    try:
        async with asyncio.timeout(READY_WITHIN_SECONDS):
            found = await request.app.state.database.schema_revision()
    except UNREACHABLE:
        response.status_code = 503
        return Readiness(status="not_ready", database="unreachable", migrations="unknown")
    if found != head:
        response.status_code = 503
        return Readiness(status="not_ready", database="reachable", migrations="behind")
    return Readiness(status="ready", database="reachable", migrations="current")
