"""`Idempotency-Key`: a repeated POST gets the first one's answer and has no second effect.

The answer is stored in the transaction of the effect. While the first request runs it holds an
advisory lock on the key, so that a second one is told at once instead of waiting. Refusals are
stored like successes; faults (5xx) are not, so that the client may try again.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from fastapi import Request, Response

from app.core.clock import Clock
from app.core.errors import (
    IdempotencyKeyReused,
    InvalidIdempotencyKey,
    RequestInProgress,
)
from app.crud.crud_idempotency import IdempotencyCrud, KeyScope
from app.db.session import Session

KEPT_FOR = timedelta(hours=24)
HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
_PRINTABLE = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,254}")


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    scope: KeyScope
    request_hash: str
    received_at: datetime


class ReplayedAnswer(Exception):
    """The request was answered before; `response` is that answer."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


async def begin(request: Request, session: Session, clock: Clock, user_id: UUID) -> None:
    """Claim the request's key. Raises ReplayedAnswer when it was answered within 24 hours.

    Raises InvalidIdempotencyKey, IdempotencyKeyReused, RequestInProgress.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return
    if not _PRINTABLE.fullmatch(key):
        raise InvalidIdempotencyKey
    scope = KeyScope(user_id=user_id, method=request.method, path=request.url.path, key=key)
    digest = hashlib.sha256(request.url.query.encode() + b"\n" + await request.body()).hexdigest()
    now = clock.now()
    keys = IdempotencyCrud(session)
    if not await keys.try_lock(scope):
        raise RequestInProgress
    stored = await keys.get(scope, since=now - KEPT_FOR)
    if stored is not None:
        if stored.request_hash != digest:
            raise IdempotencyKeyReused
        raise ReplayedAnswer(
            Response(
                stored.response_body,
                stored.response_status,
                {REPLAYED_HEADER: "true"},
                media_type="application/json",
            )
        )
    request.state.idempotent = IdempotentRequest(scope, digest, now)


async def remember_answer(
    session: Session, idempotent: IdempotentRequest, response: Response
) -> None:
    """Store the answer in the transaction of its effect."""
    await IdempotencyCrud(session).store(
        idempotent.scope,
        request_hash=idempotent.request_hash,
        status=response.status_code,
        body=bytes(response.body).decode(),
        now=idempotent.received_at,
    )
