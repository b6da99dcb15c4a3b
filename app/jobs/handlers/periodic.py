"""Does one run of a periodic job."""

import structlog

from app.jobs.handler import Handler, Resources
from app.jobs.payloads import RunPeriodic
from app.jobs.periodic import PERIODIC

log = structlog.get_logger()


async def run_periodic(payload: RunPeriodic, resources: Resources) -> None:
    periodic = next((job for job in PERIODIC if job.name == payload.name), None)
    if periodic is None:
        raise LookupError  # one that this version does not know
    async with resources.database.session() as session:
        written = await periodic.run(session, resources.clock, resources.settings)
        if session.in_transaction():
            await session.commit()
    tell = log.info if written else log.debug
    tell("periodic_job_done", job=periodic.name, tick=payload.tick.isoformat(), rows=written)


HANDLER = Handler(RunPeriodic, run_periodic, timeout_seconds=300.0, attempts=3)
