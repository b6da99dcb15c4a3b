"""Loops that run beside the application for as long as it lives."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import structlog

from app.core.logging import describe_exception

log = structlog.get_logger()

RESTART_AFTER_SECONDS = 5.0


class Job(Protocol):
    async def run(self) -> None:
        """Work for ever; what is left of it when cancelled is taken up by the next run."""
        ...


@asynccontextmanager
async def running(jobs: Sequence[Job]) -> AsyncIterator[None]:
    """Run jobs during the block, and end them with it."""
    tasks = [asyncio.create_task(_keep_running(job), name=type(job).__name__) for job in jobs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _keep_running(job: Job) -> None:
    while True:
        try:
            await job.run()
        except Exception as error:  # a defect in one job must not end it silently for ever
            log.error("job_broke", job=type(job).__name__, **describe_exception(error))
            await asyncio.sleep(RESTART_AFTER_SECONDS)
