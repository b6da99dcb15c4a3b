"""A cache of the identity provider's published signing keys (a JWK Set, RFC 7517)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import structlog

from app.core.clock import Clock

REFRESH_AFTER = timedelta(minutes=5)
"""Age from which known keys are refreshed in the background, so that busy services never wait."""

FRESH_FOR = timedelta(minutes=10)
"""Age up to which keys are used without asking whether they still stand."""

USABLE_FOR = timedelta(minutes=60)
"""Age up to which known keys work while the endpoint cannot be reached."""

RETRY_AFTER = timedelta(seconds=30)
"""Least time between the starts of two fetches, whoever asks and however they end."""

OUTAGE_REMEMBERED_FOR = timedelta(seconds=60)
"""How long after a failure requests with known keys do not wait for the next attempt."""

FETCH_TIMEOUT_SECONDS = 5.0
PATIENCE_SECONDS = 1.0

K = TypeVar("K")
_log = structlog.get_logger(__name__)


class JwksUnavailable(Exception):
    """The key set cannot be had: the endpoint is unreachable, or answers something else."""


class JwksCache(Generic[K]):
    """Signing keys by `kid`, fetched when needed and shared by all requests of one event loop.

    `fetch` gets the JWK Set document and raises JwksUnavailable when it cannot. `build` turns the
    document into keys, once for each fetch, and raises JwksUnavailable when it is not a key set.
    """

    def __init__(
        self,
        *,
        fetch: Callable[[], Awaitable[Mapping[str, object]]],
        build: Callable[[object], Mapping[str, K]],
        clock: Clock,
        fetch_timeout_seconds: float = FETCH_TIMEOUT_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """`patience_seconds`: how long a caller waits for news while usable keys are at hand."""
        self._fetch = fetch
        self._build = build
        self._clock = clock
        self._fetch_timeout = fetch_timeout_seconds
        self._patience = patience_seconds
        self._keys: Mapping[str, K] = {}
        self._fetched_at: datetime | None = None
        self._attempted_at: datetime | None = None
        self._failed_at: datetime | None = None
        self._fetching: asyncio.Task[None] | None = None
        self._give_up_at = 0.0

    async def get(self, kid: str) -> K | None:
        """The key named `kid`, or None where the key set does not have it.

        Raises JwksUnavailable when there is no key set that is young enough to be used.
        """
        now = self._clock.now()
        usable = _within(now, self._fetched_at, USABLE_FOR)
        key = self._keys.get(kid) if usable else None
        if key is not None and _within(now, self._fetched_at, REFRESH_AFTER):
            return key

        self._start_fetch_if_due(now)
        if key is not None and (
            _within(now, self._fetched_at, FRESH_FOR)
            or _within(now, self._failed_at, OUTAGE_REMEMBERED_FOR)
        ):
            return key

        await self._wait_for_fetch(patiently=not usable)
        if not _within(self._clock.now(), self._fetched_at, USABLE_FOR):
            raise JwksUnavailable("no key set could be fetched")
        return self._keys.get(kid)

    async def aclose(self) -> None:
        """Abandon a fetch that is under way. Whoever waits for it goes on with the keys at hand."""
        task = self._fetching
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))

    def _start_fetch_if_due(self, now: datetime) -> None:
        if self._fetching is not None or _within(now, self._attempted_at, RETRY_AFTER):
            return
        self._attempted_at = now
        self._give_up_at = asyncio.get_running_loop().time() + self._patience
        # A task of its own: a caller that goes away must not take the fetch of the others along.
        self._fetching = asyncio.create_task(self._refresh(now), name="fetch-jwks")
        self._fetching.add_done_callback(self._forget_fetch)

    def _forget_fetch(self, _: asyncio.Task[None]) -> None:
        self._fetching = None

    async def _refresh(self, started_at: datetime) -> None:
        try:
            async with asyncio.timeout(self._fetch_timeout):
                document = await self._fetch()
            keys = self._build(document)
        except (JwksUnavailable, TimeoutError) as error:
            self._failed_at = self._clock.now()
            _log.warning(
                "jwks_unavailable",
                reason=str(error) or type(error).__name__,
                last_success=self._fetched_at and self._fetched_at.isoformat(),
            )
        else:
            # The age counts from the start: the answer may be as old as the question.
            self._keys, self._fetched_at = keys, started_at

    async def _wait_for_fetch(self, *, patiently: bool) -> None:
        task = self._fetching
        if task is None:
            return
        timeout = None  # `_refresh` ends by itself
        if not patiently:
            # All callers share the patience of one fetch, so that a hanging endpoint delays the
            # callers of one second and not each caller by a second.
            timeout = max(0.0, self._give_up_at - asyncio.get_running_loop().time())
        if timeout != 0:
            await asyncio.wait((task,), timeout=timeout)
        if task.done() and not task.cancelled():
            task.result()  # raises what is neither news nor an outage, but a defect


def _within(now: datetime, since: datetime | None, limit: timedelta) -> bool:
    """Whether `now` is less than `limit` after `since`; false when the clock was set back."""
    return since is not None and timedelta(0) <= now - since < limit
