"""Takes jobs from the queue and has them done, in any number of processes on any machines.

pgqueuer hands each job to one worker and waits for its heartbeat: what a worker that died had taken
goes back to the queue when its heartbeat is `heartbeat_seconds` old. One connection of its own is
the worker's way to the queue; handlers use the pool. Every worker also looks at the clock: whoever
notes the tick of a periodic job first puts it into the queue.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Job

from app.core.config import DatabaseTarget
from app.core.logging import describe_exception
from app.crud.crud_job import JobCrud
from app.db.errors import DATABASE_ERRORS, is_unavailable
from app.jobs.handler import GiveUp, Handler, Resources, TryAgain
from app.jobs.handlers import HANDLERS
from app.jobs.job_queries import FAULTS, NAMES, JobQueries, Postponed
from app.jobs.payloads import DeliverEmail
from app.jobs.periodic import PERIODIC, Periodic, latest_ticks, seconds_to_next_tick
from app.jobs.queue_connection import queue_connection

log = structlog.get_logger()
logging.getLogger("pgqueuer").setLevel(logging.WARNING)  # each retry is logged here

PAUSE_AFTER_FAULT_SECONDS = 2.0
LONGEST_WAIT_SECONDS = 5.0  # for a notification that never came
POLL_SECONDS = 1.0
INTERRUPTION_SECONDS = 1.5
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(hours=1)
PAUSE_WITHOUT_DATABASE = timedelta(seconds=30)
_TICK_PAUSE_SECONDS = 30.0
_POOLER = (
    "DATABASE_URL is a transaction pooler, which delivers no notifications: the queue is asked "
    "every second. Set DATABASE_DIRECT_URL to a direct or session-mode connection."
)


class TookTooLong(Exception):
    """The time of a job was over. Not a TimeoutError: what is not there yet raises those."""


class JobHeld(Exception):
    """What pgqueuer is told of a job that was given up: the name of the error, and no more."""


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """`concurrency`: jobs at once, at least 2. `grace_seconds`: for running ones at the end."""

    concurrency: int = 10
    heartbeat_seconds: float = 30.0
    grace_seconds: float = 10.0 - INTERRUPTION_SECONDS


class Worker:
    """`target` is the way to the queue: best not a transaction pooler."""

    def __init__(
        self,
        *,
        resources: Resources,
        target: DatabaseTarget,
        options: WorkerOptions,
        handlers: Sequence[Handler[Any]] = HANDLERS,
        periodic: Sequence[Periodic] = PERIODIC,
    ) -> None:
        self._resources = resources
        self._target = target
        self._options = options
        self._handlers = [
            handler
            for handler in handlers
            if resources.sender is not None or handler.payload is not DeliverEmail
        ]
        self._periodic = periodic
        self._stopping = asyncio.Event()
        self._interrupted = asyncio.Event()

    def stop(self) -> None:
        """Take no more jobs, and end when those that run are done or their time is over."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until `stop` is called, through outages of the database."""
        if self._target.transaction_pooling:
            log.warning("jobs_polled", hint=_POOLER)
        while not self._stopping.is_set():
            try:
                await self._work()
            except FAULTS as error:
                log.warning("worker_interrupted", **describe_exception(error))
            except Exception as error:  # a defect: say so, and go on with the other jobs
                log.error("worker_broke", **describe_exception(error))
            if not self._stopping.is_set():
                await self._sleep(PAUSE_AFTER_FAULT_SECONDS)

    async def _work(self) -> None:
        """Work over one connection until it is lost or the end has come."""
        lost = asyncio.Event()
        async with queue_connection(self._target, lost) as driver:
            queue = self._queue(driver)
            working = asyncio.create_task(self._take_jobs(queue))
            ticking = asyncio.create_task(self._tick_for_ever())
            ends = [asyncio.create_task(event.wait()) for event in (self._stopping, lost)]
            tasks: list[asyncio.Task[Any]] = [working, ticking, *ends]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                if not working.done():
                    await self._finish(queue, working)
                for task in tasks:
                    if task.done():
                        task.result()
            finally:
                self._interrupted.set()  # running jobs, of which there are none after `_finish`
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                self._interrupted.clear()
            if lost.is_set() and not self._stopping.is_set():
                raise ConnectionError("the connection to the queue was closed")

    def _queue(self, driver: AsyncpgDriver) -> QueueManager:
        queue = QueueManager(JobQueries(driver), NAMES.channel)
        for handler in self._handlers:
            register = queue.entrypoint(
                handler.payload.job, accepts_context=False, on_failure="hold"
            )
            register(partial(self._do, handler))
        return queue

    async def _take_jobs(self, queue: QueueManager) -> None:
        polling = self._target.transaction_pooling
        await queue.run(
            dequeue_timeout=timedelta(seconds=POLL_SECONDS if polling else LONGEST_WAIT_SECONDS),
            batch_size=max(1, self._options.concurrency // 2),
            max_concurrent_tasks=max(2, self._options.concurrency),
            heartbeat_timeout=timedelta(seconds=self._options.heartbeat_seconds),
            log_aggregation_interval=timedelta(0),  # its statistics are not used
        )

    async def _finish(self, queue: QueueManager, working: "asyncio.Task[None]") -> None:
        queue.shutdown.set()
        await asyncio.wait({working}, timeout=self._options.grace_seconds)
        if not working.done():
            self._interrupted.set()
            await asyncio.wait({working}, timeout=INTERRUPTION_SECONDS)

    async def _do(self, handler: Handler[Any], job: Job) -> None:
        """Have a job done. Raises what pgqueuer knows: RetryRequested, or else it is held."""
        known = {"job": handler.payload.job, "job_id": job.id, "failures": job.attempts}
        try:
            await self._within_limits(handler, job)
        except TryAgain as postponed:
            log.info("job_postponed", **known, reason=str(postponed), after=str(postponed.after))
            raise Postponed(postponed.after, str(postponed)) from None
        except GiveUp as given_up:
            log.error("job_held", **known, reason=str(given_up))
            raise JobHeld(str(given_up)) from None
        except Exception as error:
            name = type(error).__name__
            if isinstance(error, DATABASE_ERRORS) and is_unavailable(error):
                pause = _scattered(PAUSE_WITHOUT_DATABASE)
                log.warning("job_postponed", **known, **describe_exception(error))
                raise Postponed(pause, name) from None
            known["failures"] = job.attempts + 1
            if job.attempts + 1 >= handler.attempts:
                log.error("job_held", **known, **describe_exception(error))
                raise JobHeld(name) from None
            pause = _pause_after(job.attempts)
            log.warning("job_failed", **known, after=str(pause), **describe_exception(error))
            raise RetryRequested(pause, name) from None
        log.debug("job_done", **known)

    async def _within_limits(self, handler: Handler[Any], job: Job) -> None:
        """Until it is done, its time is over, or the worker's.

        Cancelled from outside it is interrupted as well: the library would take a cancelled job
        for one that nobody wants, and delete it.
        """
        work = asyncio.create_task(handler.handle(job.payload, self._resources))
        interruption = asyncio.create_task(self._interrupted.wait())
        try:
            await asyncio.wait(
                {work, interruption},
                timeout=handler.timeout_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
            interrupted = interruption.done()
        except asyncio.CancelledError:
            interrupted = True
        finally:
            interruption.cancel()
        if not work.done():
            work.cancel()
            await asyncio.wait({work}, timeout=INTERRUPTION_SECONDS)
            if work.cancelled() or not work.done():
                if interrupted:
                    raise TryAgain("Interrupted", after=timedelta(0))
                raise TookTooLong
        work.result()

    async def _tick_for_ever(self) -> None:
        known: dict[str, datetime] = {}
        while True:
            known = await self.tick(known)
            wait = seconds_to_next_tick(self._periodic, self._resources.clock.now())
            await asyncio.sleep(min(wait, _TICK_PAUSE_SECONDS) + random.uniform(0.0, 0.3))

    async def tick(self, known: Mapping[str, datetime]) -> dict[str, datetime]:
        """Put in the periodic jobs that are due, except those in `known`; returns all ticks."""
        ticks = latest_ticks(self._periodic, self._resources.clock.now())
        new = {name: tick for name, tick in ticks.items() if known.get(name) != tick}
        if new:
            async with self._resources.database.session() as session:
                started = await JobCrud(session).add_due(new)
            for name in started:
                log.debug("periodic_job_due", job=name, tick=new[name].isoformat())
        return ticks

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()


def _pause_after(failures: int) -> timedelta:
    return _scattered(min(FIRST_PAUSE * 2 ** min(failures, 12), LONGEST_PAUSE))


def _scattered(pause: timedelta) -> timedelta:
    """With jitter, so that jobs which failed together do not come together."""
    return pause * random.uniform(0.75, 1.25)


@asynccontextmanager
async def working(worker: Worker) -> AsyncIterator[None]:
    """Have a worker work during the block, in the same process."""
    task = asyncio.create_task(worker.run(), name="worker")
    try:
        yield
    finally:
        worker.stop()
        await task
