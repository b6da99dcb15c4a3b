"""Supabase as the sender of signed events, written apart from the code that verifies them."""

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx

from tests.support import FrozenClock

WEBHOOK = "/api/v1/auth/webhooks/supabase"
KEY, OTHER_KEY = b"k" * 32, b"o" * 32


def secret(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


# Both are good, as while they rotate.
WEBHOOK_SECRETS = f"v1,{secret(OTHER_KEY)},v1,{secret(KEY)}"


def signature(*, body: bytes, at: datetime, message_id: str, key: bytes = KEY) -> str:
    signed = f"{message_id}.{int(at.timestamp())}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def row_event(kind: str, user_id: UUID | str, **record: Any) -> dict[str, Any]:
    """A database webhook on `auth.users`; `kind` is INSERT, UPDATE or DELETE."""
    row = {"id": str(user_id)} | record
    which = {"old_record": row} if kind == "DELETE" else {"record": row, "old_record": None}
    return {"type": kind, "table": "users", "schema": "auth"} | which


class WebhookSender:
    def __init__(self, client: httpx.AsyncClient, clock: FrozenClock) -> None:
        self._client = client
        self._clock = clock

    async def __call__(
        self, event: Any, *, key: bytes = KEY, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Send an event with a new id; `headers` replace those that are right."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        message_id, now = f"msg_{uuid4().hex}", self._clock.now()
        right = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature(body=body, at=now, message_id=message_id, key=key),
        }
        return await self._client.post(WEBHOOK, content=body, headers=right | (headers or {}))
