"""The tables of pgqueuer that statements of our own touch; its migration makes them.

They are no models: their columns are the library's, whose own statements do all the rest.
"""

from sqlalchemy import BigInteger, DateTime, Integer, LargeBinary, Text, column, table
from sqlalchemy.dialects.postgresql import ENUM, JSONB

TABLES = ("pgqueuer", "pgqueuer_log", "pgqueuer_schedules", "pgqueuer_statistics")

_STATUS = ENUM(
    "queued",
    "picked",
    "successful",
    "exception",
    "canceled",
    "deleted",
    "failed",
    name="pgqueuer_status",
    create_type=False,
)

# `failed` is a job that is held: it was given up, and waits for somebody to look at it.
JOBS = table(
    "pgqueuer",
    column("id", BigInteger),
    column("priority", Integer),
    column("created", DateTime(timezone=True)),
    column("updated", DateTime(timezone=True)),
    column("execute_after", DateTime(timezone=True)),
    column("queue_manager_id"),
    column("status", _STATUS),
    column("entrypoint", Text),
    column("dedupe_key", Text),
    column("payload", LargeBinary),
    column("attempts", Integer),
)
JOB_LOG = table(
    "pgqueuer_log",
    column("id", BigInteger),
    column("created", DateTime(timezone=True)),
    column("job_id", BigInteger),
    column("traceback", JSONB),
)
