"""`Idempotency-Key`: a repeated POST gets the first one's answer and has no second effect.

The answer is stored in the transaction of the effect. While the first request runs it holds an
advisory lock on the key, so that a second one is told at once instead of waiting. Refusals are
stored like successes; faults (5xx) and 429 are not, so that the client may try again.
"""

import asyncio
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from fastapi import Request, Response
from starlette.datastructures import FormData, UploadFile

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
_PIECE_BYTES = 256 * 1024
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

    Raises InvalidIdempotencyKey, IdempotencyKeyReused, RequestInProgress. With a key, the
    request's transaction is open from here on: call no vendor afterwards.
    """
    idempotent = await _identify(request, clock, user_id)
    if idempotent is None:
        return
    keys = IdempotencyCrud(session)
    if not await keys.try_lock(idempotent.scope):
        raise RequestInProgress
    await _replay(keys, idempotent)
    request.state.idempotent = idempotent


async def look(request: Request, session: Session, clock: Clock, user_id: UUID) -> None:
    """Only see whether the request was answered before, and leave no transaction open.

    For operations that call a vendor: they look, call it, and then `begin`. Of two at once both
    may call the vendor; the one that loses has to undo that. Raises like `begin`, but
    RequestInProgress.
    """
    idempotent = await _identify(request, clock, user_id)
    if idempotent is None:
        return
    try:
        await _replay(IdempotencyCrud(session), idempotent)
    finally:
        await session.rollback()


async def _identify(request: Request, clock: Clock, user_id: UUID) -> IdempotentRequest | None:
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not _PRINTABLE.fullmatch(key):
        raise InvalidIdempotencyKey
    scope = KeyScope(user_id=user_id, method=request.method, path=request.url.path, key=key)
    digest = hashlib.sha256(request.url.query.encode() + b"\n")
    if _is_multipart(request):
        # Parsed already, and the same object. The bytes on the wire would not do: each attempt
        # of a client separates the parts with another random text.
        form = await request.form()
        await asyncio.to_thread(_add_form, digest, form)
    else:
        digest.update(await request.body())
    return IdempotentRequest(scope, digest.hexdigest(), clock.now())


def _is_multipart(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "multipart/form-data"


def _add_form(digest: "hashlib._Hash", form: FormData) -> None:
    """Names, texts and the files' content, in their order; a file is read piece by piece."""
    for name, value in form.multi_items():
        _add(digest, name.encode())
        if isinstance(value, UploadFile):
            content = hashlib.sha256()
            value.file.seek(0)
            while piece := value.file.read(_PIECE_BYTES):
                content.update(piece)
            value.file.seek(0)
            _add(digest, content.digest())
        else:
            _add(digest, value.encode())


def _add(digest: "hashlib._Hash", part: bytes) -> None:
    """With its length, so that no two forms give the same bytes."""
    digest.update(b"%d:" % len(part))
    digest.update(part)


async def _replay(keys: IdempotencyCrud, idempotent: IdempotentRequest) -> None:
    stored = await keys.get(idempotent.scope, since=idempotent.received_at - KEPT_FOR)
    if stored is None:
        return
    if stored.request_hash != idempotent.request_hash:
        raise IdempotencyKeyReused
    raise ReplayedAnswer(
        Response(
            stored.response_body,
            stored.response_status,
            {REPLAYED_HEADER: "true"},
            media_type="application/json",
        )
    )


async def remember_answer(
    session: Session, idempotent: IdempotentRequest, response: Response
) -> None:
    """Store the answer in the transaction of its effect.

    A refusal has no effect, and its own transaction, in which it does not hold the key any more:
    whatever was stored meanwhile stays.
    """
    is_refusal = response.status_code >= 400
    await IdempotencyCrud(session).store(
        idempotent.scope,
        request_hash=idempotent.request_hash,
        status=response.status_code,
        body=bytes(response.body).decode(),
        now=idempotent.received_at,
        unless_since=idempotent.received_at - KEPT_FOR if is_refusal else None,
    )
