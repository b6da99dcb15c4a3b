"""Counts what signed-in users do: all that they write, and some of it by a limit of its own."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.core.clock import Clock
from app.core.rate_limits import WRITES, Limit, Standing
from app.crud.crud_rate_limit import AttemptCrud, seconds_left, window_start
from app.db.session import Database

# How many writes of one user a process keeps to itself before it tells the database.
REPORT_EVERY = 10


@dataclass(slots=True)
class _Tally:
    """One user's writes in the current window: in this process, and known of in all others."""

    mine: int = 0
    reported: int = 0
    elsewhere: int = 0

    @property
    def used(self) -> int:
        return self.mine + self.elsewhere


class UserLimiter:
    """One for each process. Every request counts, refused and repeated ones too.

    Writes are counted in memory, so that most of them cost nothing: a process tells the database
    of a user's every tenth write in a window, and of each when three quarters of the quota are
    used. So among n processes up to 9 * (n - 1) writes more than the quota may pass. In its first
    window a process asks before a user's first write: it may have been restarted.
    """

    def __init__(self, *, database: Database, clock: Clock, writes: Limit = WRITES) -> None:
        self._attempts = AttemptCrud(database)
        self._clock = clock
        self._writes = writes
        self._first_window: datetime | None = None
        self._window: datetime | None = None
        self._tallies: dict[UUID, _Tally] = {}

    async def count_write(self, user_id: UUID) -> Standing:
        """Count one write, unless the quota is used up: then the standing is exceeded."""
        limit, now = self._writes, self._clock.now()
        tally = await self._tally(user_id, now)
        if tally.used < limit.quota:
            tally.mine += 1
            if tally.mine - tally.reported >= REPORT_EVERY or tally.used > limit.quota * 3 // 4:
                await self._report(user_id, tally, now)
            used = tally.used
        else:
            used = limit.quota + 1
        return Standing(limit, used, seconds_left(now, limit.window))

    async def count(self, user_id: UUID, limit: Limit) -> Standing:
        """Count one use of what is rare enough to tell the database of each."""
        now = self._clock.now()
        used = await self._attempts.count(
            limit.name, str(user_id), at_most=limit.quota + 1, window=limit.window, now=now
        )
        return Standing(limit, used, seconds_left(now, limit.window))

    async def _tally(self, user_id: UUID, now: datetime) -> _Tally:
        window = window_start(now, self._writes.window)
        if window != self._window:
            self._window, self._tallies = window, {}
            self._first_window = self._first_window or window
        tallies = self._tallies
        if user_id not in tallies:
            counted = await self._counted(user_id, now) if window == self._first_window else 0
            # Unless another request of this user was faster.
            tallies.setdefault(user_id, _Tally(elsewhere=counted))
        return tallies[user_id]

    async def _counted(self, user_id: UUID, now: datetime) -> int:
        return await self._attempts.counted(
            self._writes.name, str(user_id), window=self._writes.window, now=now
        )

    async def _report(self, user_id: UUID, tally: _Tally, now: datetime) -> None:
        unreported, tally.reported = tally.mine - tally.reported, tally.mine
        counted = await self._attempts.count(
            self._writes.name,
            str(user_id),
            by=unreported,
            at_most=self._writes.quota * 2,
            window=self._writes.window,
            now=now,
        )
        # Never less than before: an earlier report may still be on its way.
        tally.elsewhere = max(tally.elsewhere, counted - tally.reported)
