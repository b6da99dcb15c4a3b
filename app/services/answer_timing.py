"""Answers whose time tells nothing: some wait for a step, some do not wait for the vendor at all.

How long Supabase takes depends on whether the address has an account: only then it hashes a
password or talks to a mail server. So sign-ups and failed logins are answered at whole multiples of
a step, and requests for an e-mail before Supabase is even asked.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

import structlog

from app.core.errors import AppError, ServiceUnavailable
from app.core.logging import describe_exception

log = structlog.get_logger()

MAX_ERRANDS = 200


def until_next_step(elapsed: float, step: float) -> float:
    """Seconds from `elapsed` to the next whole multiple of `step`; 0 when there are no steps."""
    return -elapsed % step if step > 0 else 0.0


class AnswerSteps:
    """Holds what a block comes to back, to a whole multiple of `seconds` after it began."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    @asynccontextmanager
    async def hold_success(self) -> AsyncIterator[None]:
        """For blocks whose failures say nothing about an account: those leave at once."""
        started = asyncio.get_running_loop().time()
        yield
        await self._wait(started)

    @asynccontextmanager
    async def hold_failure(self, *kinds: type[AppError]) -> AsyncIterator[None]:
        """For blocks that only fail with `kinds` where the caller may be guessing."""
        started = asyncio.get_running_loop().time()
        try:
            yield
        except kinds:
            await self._wait(started)
            raise

    async def _wait(self, started: float) -> None:
        elapsed = asyncio.get_running_loop().time() - started
        await asyncio.sleep(until_next_step(elapsed, self._seconds))


class Errands:
    """Calls that go on after the answer. Their outcome is logged; nobody else hears of it."""

    def __init__(self, *, at_most: int = MAX_ERRANDS) -> None:
        self._at_most = at_most
        self._running: set[asyncio.Task[None]] = set()

    def send(self, name: str, call: Coroutine[None, None, None]) -> None:
        """Start `call`. Raises ServiceUnavailable while too many are under way."""
        if len(self._running) >= self._at_most:
            call.close()
            log.warning("errand_refused", errand=name)
            raise ServiceUnavailable
        task = asyncio.create_task(call, name=name)
        self._running.add(task)
        task.add_done_callback(self._settle)

    async def finish(self) -> None:
        """Wait for what is under way; each call has its own timeout."""
        if self._running:
            await asyncio.wait(self._running)

    def _settle(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if task.cancelled():
            log.warning("errand_cancelled", errand=task.get_name())
            return
        error = task.exception()
        if error is None:
            log.info("errand_done", errand=task.get_name())
        elif isinstance(error, AppError):
            log.warning("errand_failed", errand=task.get_name(), code=error.code.value)
        else:
            log.error("errand_failed", errand=task.get_name(), **describe_exception(error))
