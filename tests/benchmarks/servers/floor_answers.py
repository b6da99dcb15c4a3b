"""What all of the floor's operations share: who asks, and the frame of an answer."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from tests.benchmarks.servers import floor_sql as sql

LIMIT = 20


async def caller_of(request: Request, connection: Any) -> Any:
    token = request.headers["authorization"].removeprefix("Bearer ")
    verified = await request.app.state.tokens.verify(token)
    caller = await connection.fetchrow(sql.CALLER, verified.user_id)
    if not caller["is_active"] or caller["email"] != verified.email:
        raise PermissionError
    return caller


def answer(message: str, data: Any, status: int = 200) -> Response:
    body = orjson.dumps(
        {"success": True, "message": message, "data": data},
        default=str,  # asyncpg's UUID is a subclass, which orjson does not take by itself
        option=orjson.OPT_UTC_Z,
    )
    return Response(body, status, media_type="application/json")


def page_number(request: Request) -> int:
    return int(request.query_params.get("page", "1"))


def window(page: int) -> tuple[int, int]:
    """The statement's limit and offset."""
    return LIMIT, (page - 1) * LIMIT


def page_of(items: Sequence[Any], rows: Sequence[Mapping[str, Any]], page: int) -> dict[str, Any]:
    total = rows[0]["total_items"] if rows else 0
    return {
        "items": items,
        "pagination": {
            "currentPage": page,
            "limit": LIMIT,
            "totalItems": total,
            "totalPages": -(-total // LIMIT),
            "hasNextPage": page * LIMIT < total,
        },
    }


def checkin(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "systemId": row["system_id"],
        "systemTitle": row["system_title"],
        "userId": row["user_id"],
        "partnershipId": row["partnership_id"],
        "status": row["status"],
        "localDate": row["checkin_date_local"],
        "checkinTimestampUtc": row["checkin_timestamp_utc"],
        "originalLocalTimestamp": row["original_local_timestamp_str"],
        "isLate": row["is_late"],
        "metricValueLogged": row["metric_value_logged"],
        "notes": row["notes"],
        "photoUrl": row["photo_url"],
        "verifiedByPartnerId": row["verified_by_partner_id"],
        "verifiedAtUtc": row["verified_at_utc"],
        "verifierQuery": row["verifier_query"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
    }
