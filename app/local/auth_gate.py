"""Who gets past the door of the Supabase Auth stand-in: API keys, bearer tokens, request rates."""

import re
import secrets
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import Request

from app.core.clock import Clock
from app.local.auth_errors import AuthError, GatewayError

_BEARER = re.compile(r"[Bb]earer (\S+)")


@dataclass(slots=True)
class Gate:
    """`requests_per_minute` counts per client address; None means no limit."""

    publishable_key: str
    secret_key: str
    clock: Clock
    requests_per_minute: int | None
    _minute: datetime | None = None
    _counts: Counter[str] = field(default_factory=Counter)

    async def require_api_key(self, request: Request) -> None:
        """Raises GatewayError, as Supabase's gateway answers before Auth sees the request."""
        key = request.headers.get("apikey", "")
        if not key:
            raise GatewayError(
                "No API key found in request",
                "No `apikey` request header or url param was found.",
            )
        if not any(_same(key, known) for known in (self.publishable_key, self.secret_key)):
            raise GatewayError("Invalid API key", "Double check your API key.")

    async def require_secret_key(self, request: Request) -> None:
        """Raises AuthError 401 `no_authorization` or 403 `not_admin`."""
        presented = (request.headers.get("apikey", ""), self.bearer_token(request))
        if not all(_same(key, self.secret_key) for key in presented):
            raise AuthError(403, "not_admin", "User not allowed")

    async def limit_rate(self, request: Request) -> None:
        """Raises AuthError 429 `over_request_rate_limit`."""
        if self.requests_per_minute is None:
            return
        now = self.clock.now()
        minute = now.replace(second=0, microsecond=0)
        if minute != self._minute:
            self._minute, self._counts = minute, Counter()
        client = request.client.host if request.client else ""
        self._counts[client] += 1
        if self._counts[client] > self.requests_per_minute:
            raise AuthError(
                429,
                "over_request_rate_limit",
                "Request rate limit reached",
                retry_after_seconds=60 - now.second,
            )

    def bearer_token(self, request: Request) -> str:
        """Raises AuthError 401 `no_authorization`."""
        found = _BEARER.fullmatch(request.headers.get("Authorization", ""))
        if found is None:
            message = "This endpoint requires a valid Bearer token"
            raise AuthError(401, "no_authorization", message)
        return found.group(1)


def _same(presented: str, expected: str) -> bool:
    return secrets.compare_digest(presented.encode(), expected.encode())
