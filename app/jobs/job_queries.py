"""pgqueuer's statements on the queue, with one that tells waiting from failing."""

from datetime import timedelta

import structlog
from pgqueuer.adapters.persistence.qb import (
    QueryBuilderEnvironment,
    QueryQueueBuilder,
    QuerySchedulerBuilder,
)
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Job, TracebackRecord
from pgqueuer.domain.settings import DBSettings
from pgqueuer.domain.types import Channel
from pgqueuer.ports.driver import Driver

from app.core.logging import describe_exception
from app.db.errors import DATABASE_ERRORS

log = structlog.get_logger()

# Said here, since the library would also read them from variables such as CHANNEL.
NAMES = DBSettings(
    prefix="",
    db_schema=None,
    channel=Channel("ch_pgqueuer"),
    function="fn_pgqueuer_changed",
    statistics_table="pgqueuer_statistics",
    queue_status_type="pgqueuer_status",
    queue_table="pgqueuer",
    queue_table_log="pgqueuer_log",
    trigger="tg_pgqueuer_changed",
    schedules_table="pgqueuer_schedules",
)

FAULTS: tuple[type[Exception], ...] = (*DATABASE_ERRORS, OSError, TimeoutError)

# As the library's own, but that not each of them counts.
_PUT_BACK = """
WITH put_back AS (
    UPDATE pgqueuer
    SET status = 'queued', execute_after = now() + $2::interval, attempts = attempts + $4::int,
        updated = now(), queue_manager_id = NULL
    WHERE id = $1::bigint
    RETURNING id, entrypoint, priority
)
INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority, traceback)
SELECT id, 'queued', entrypoint, priority, $3::jsonb FROM put_back
"""


class Postponed(RetryRequested):
    """The job is to be done later, and has not failed."""


class JobQueries(Queries):
    """`attempts` of a job counts its failures alone: it may wait any number of times."""

    def __init__(self, driver: Driver) -> None:
        super().__init__(
            driver,
            QueryBuilderEnvironment(NAMES),
            QueryQueueBuilder(NAMES),
            QuerySchedulerBuilder(NAMES),
        )

    async def retry_job(
        self, job: Job, delay: timedelta, traceback_record: TracebackRecord | None
    ) -> None:
        """Put a job back. Where that fails it stays taken, until its heartbeat is too old.

        The library would hold it then, as if the job itself had been given up.
        """
        postponed = (
            traceback_record is not None and traceback_record.exception_type == Postponed.__name__
        )
        record = traceback_record.model_dump_json() if traceback_record else None
        try:
            await self.driver.execute(_PUT_BACK, job.id, delay, record, int(not postponed))
        except FAULTS as error:
            log.warning("job_not_put_back", job_id=job.id, **describe_exception(error))
