"""Putting jobs into the queue, from services."""

from datetime import timedelta

from app.crud.crud_job import JobCrud
from app.db.session import Session
from app.jobs.payloads import Payload


async def enqueue(
    session: Session,
    job: Payload,
    *,
    delay: timedelta = timedelta(0),
    dedupe_key: str | None = None,
) -> bool:
    """Have a job done after the caller's transaction commits, and only if it does.

    One statement in that transaction. With `dedupe_key`, False and nothing more while another job
    of the same key waits or runs.
    """
    return await JobCrud(session).add(job, delay=delay, dedupe_key=dedupe_key)
