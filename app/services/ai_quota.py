"""How often one person may ask the assistant: counted before it is asked, whatever comes of it.

What was refused for lack of quota, or failed without having cost anything, does not count.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from app.core.ai_usage import ASKING_LIMITS
from app.core.clock import Clock
from app.core.errors import RateLimited
from app.core.rate_limits import Standing
from app.crud.crud_rate_limit import AttemptCrud, seconds_left

# Counted exactly, so that giving back is exact too.
_UNCAPPED: Final = 1_000_000


class AiQuota:
    """For one request: `take` before the assistant is asked, then `keep` or `give_back`."""

    def __init__(
        self, *, attempts: AttemptCrud, clock: Clock, tell: Callable[[Standing], object]
    ) -> None:
        """`tell` gets each standing that the answer says."""
        self._attempts = attempts
        self._clock = clock
        self._tell = tell
        self._standings: list[Standing] = []
        self._taken_at: datetime | None = None

    async def take(self, user_id: UUID) -> None:
        """Count one request, for good at once. Raises RateLimited."""
        now = self._taken_at = self._clock.now()
        for limit in ASKING_LIMITS:
            used = await self._attempts.count(
                limit.name, str(user_id), at_most=_UNCAPPED, window=limit.window, now=now
            )
            self._standings.append(Standing(limit, used, seconds_left(now, limit.window)))
        exceeded = [standing for standing in self._standings if standing.is_exceeded]
        if exceeded:
            await self.give_back(user_id)
            raise RateLimited(
                "You have asked the assistant as often as is possible for now. "
                "Please try again later.",
                retry_after_seconds=max(standing.resets_in for standing in exceeded),
            )

    def keep(self) -> None:
        """What was taken was used."""
        for standing in self._standings:
            self._tell(standing)

    async def give_back(self, user_id: UUID) -> None:
        """What was taken was not used."""
        if self._taken_at is None:
            return
        for limit in ASKING_LIMITS:
            await self._attempts.give_back(
                limit.name, str(user_id), window=limit.window, now=self._taken_at
            )
        self._standings = [replace(each, used=each.used - 1) for each in self._standings]
        self.keep()
