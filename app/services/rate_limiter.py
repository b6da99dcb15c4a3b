"""Counts attempts to sign up and in, before a vendor is asked, whatever becomes of the request."""

from collections.abc import Callable

from app.core import rate_limits
from app.core.clock import Clock
from app.core.errors import RateLimited
from app.core.rate_limits import AttemptLimits, Limit, Standing
from app.crud.crud_rate_limit import AttemptCrud, seconds_left


class RateLimiter:
    """For one request. Counting is the same for addresses with and without an account."""

    def __init__(
        self,
        *,
        attempts: AttemptCrud,
        clock: Clock,
        client: str | None,
        key: bytes,
        enabled: bool,
        tell: Callable[[Standing], object],
    ) -> None:
        """`client` is the address that the request came from, where there is one.

        `key` hides what is stored; `tell` gets what the answer is to say.
        """
        self._attempts = attempts
        self._clock = clock
        self._client = client
        self._key = key
        self._enabled = enabled
        self._tell = tell

    async def count(self, limits: AttemptLimits, *, address: str | None = None) -> None:
        """Count one attempt, for good at once. Raises RateLimited.

        The client comes first: what one client tries too often must not lock others out of an
        address.
        """
        if not self._enabled:
            return
        subjects: list[tuple[Limit, str]] = []
        if self._client is not None:
            subjects.append((limits.per_client, rate_limits.client_network(self._client)))
        if limits.per_address is not None and address is not None:
            subjects.append((limits.per_address, address))
        for limit, subject in subjects:
            standing = await self._take(limit, subject)
            self._tell(standing)
            if standing.is_exceeded:
                raise RateLimited(retry_after_seconds=standing.resets_in)

    async def _take(self, limit: Limit, subject: str) -> Standing:
        now = self._clock.now()
        used = await self._attempts.count(
            limit.name,
            rate_limits.subject_of(subject, key=self._key),
            at_most=limit.quota + 1,
            window=limit.window,
            now=now,
        )
        return Standing(limit, used, seconds_left(now, limit.window))
