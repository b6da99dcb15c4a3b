"""The job queue: putting jobs in, and what operators ask about it.

Taking them out, retrying and holding is pgqueuer's part (`app/jobs/worker.py`). Its own clock, the
database's, says when a job is due.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, TypedDict

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Insert,
    Integer,
    Interval,
    LargeBinary,
    String,
    Text,
    Uuid,
    any_,
    bindparam,
    case,
    cast,
    delete,
    func,
    literal_column,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from app.core.enums import EmailStatus
from app.crud.base_crud import BaseCrud
from app.db.models import EmailOutbox, PeriodicRun
from app.db.query import Query
from app.db.queue_tables import JOB_LOG, JOBS
from app.jobs.payloads import DeliverEmail, Payload, RunPeriodic

JobStatus = Literal["queued", "picked", "failed"]

_QUEUED: ColumnElement[Any] = literal_column("'queued'::pgqueuer_status")
_HELD: ColumnElement[Any] = literal_column("'failed'::pgqueuer_status")
_NORMAL_PRIORITY = literal_column("0", Integer)


class JobRow(TypedDict):
    """`failed` is a job that is held. `last_error` is the name of an exception's class.

    `failures` leaves out how often the job only had to wait.
    """

    id: int
    job: str
    status: JobStatus
    failures: int
    age: timedelta
    last_error: str | None


class IdRow(TypedDict):
    id: int


class RetriedRow(TypedDict):
    id: int
    is_parked: bool


class Retried(NamedTuple):
    """How many held jobs went back, and how many stay held since their e-mail is parked."""

    back: int
    parked: int


class NameRow(TypedDict):
    name: str


class StatusCountRow(TypedDict):
    status: str
    count: int


def insert_jobs(payload: type[Payload], source: CTE, **ids: ColumnElement[Any]) -> Insert:
    """One job for each row of `source`, as a part of the statement that writes those rows.

    `ids` are the payload's fields. No two waiting or running jobs of the kind share the first.
    """
    fields = [part for name, value in ids.items() for part in (_quoted(name), value)]
    first = next(iter(ids.values()))
    return (
        insert(JOBS)
        .from_select(
            ["priority", "entrypoint", "payload", "execute_after", "dedupe_key", "status"],
            select(
                _NORMAL_PRIORITY,
                _quoted(payload.job),
                func.convert_to(cast(func.json_build_object(*fields), Text), _quoted("UTF8")),
                func.now(),
                _quoted(f"{payload.job}:") + cast(first, Text),
                _QUEUED,
            ).select_from(source),
            include_defaults=False,
        )
        .on_conflict_do_nothing()
    )


def _quoted(constant: str) -> ColumnElement[str]:
    """A constant of ours, written into the statement: a parameter would have no type there."""
    return literal_column(f"'{constant}'", Text)


# The parameters of INSERT and UPDATE must not be named like columns, hence the prefix.
_ADD = (
    insert(JOBS)
    .values(
        priority=_NORMAL_PRIORITY,
        entrypoint=bindparam("new_job", type_=Text),
        payload=bindparam("new_payload", type_=LargeBinary),
        execute_after=func.now() + bindparam("new_delay", type_=Interval),
        dedupe_key=bindparam("new_key", type_=Text),
        status=_QUEUED,
    )
    .on_conflict_do_nothing()
    .returning(JOBS.c.id)
)


def _add_due() -> Query[NameRow]:
    """The run of a tick is put in by whoever notes it first.

    While an earlier run waits or goes on, there is none; one that was given up gives way.
    """
    ticks = (
        func.unnest(
            bindparam("run_names", type_=ARRAY(String)),
            bindparam("run_ticks", type_=ARRAY(DateTime(timezone=True))),
        )
        .table_valued(Column("name", String), Column("tick", DateTime(timezone=True)))
        .render_derived(name="ticks")
    )
    noted = insert(PeriodicRun).from_select(
        ["name", "last_tick"], select(ticks.c.name, ticks.c.tick), include_defaults=False
    )
    due = (
        noted.on_conflict_do_update(
            index_elements=[PeriodicRun.name],
            set_={"last_tick": noted.excluded.last_tick},
            where=PeriodicRun.last_tick < noted.excluded.last_tick,
        )
        .returning(PeriodicRun.name, PeriodicRun.last_tick)
        .cte("due")
    )
    given_up = (
        delete(JOBS)
        .where(
            JOBS.c.status == _HELD,
            JOBS.c.dedupe_key == _quoted(f"{RunPeriodic.job}:") + due.c.name,
        )
        .cte("given_up")
    )
    added = insert_jobs(RunPeriodic, due, name=due.c.name, tick=due.c.last_tick).cte("added")
    return Query(select(due.c.name).add_cte(given_up, added), NameRow)


ADD_DUE = _add_due()

_last_error = (
    select(JOB_LOG.c.traceback["exception_message"].astext)
    .where(JOB_LOG.c.job_id == JOBS.c.id, JOB_LOG.c.traceback.is_not(None))
    .order_by(JOB_LOG.c.created.desc(), JOB_LOG.c.id.desc())
    .limit(1)
    .scalar_subquery()
)
_status = cast(JOBS.c.status, Text)
LIST = Query(
    select(
        JOBS.c.id,
        JOBS.c.entrypoint.label("job"),
        _status.label("status"),
        JOBS.c.attempts.label("failures"),
        (func.now() - JOBS.c.created).label("age"),
        _last_error.label("last_error"),
    )
    .where(
        or_(
            bindparam("of_status", type_=Text).is_(None),
            _status == bindparam("of_status", type_=Text),
        )
    )
    .order_by(JOBS.c.status.desc(), JOBS.c.created, JOBS.c.id)
    .limit(bindparam("at_most", type_=Integer)),
    JobRow,
)
COUNT_BY_STATUS = Query(
    select(_status.label("status"), func.count().label("count")).group_by(JOBS.c.status),
    StatusCountRow,
)


def _retry() -> Query[RetriedRow]:
    """Put held jobs back, except those that would do nothing: the jobs of parked e-mails."""
    told = cast(func.convert_from(JOBS.c.payload, _quoted("UTF8")), JSONB)
    email_id = case((JOBS.c.entrypoint == DeliverEmail.job, cast(told["email_id"].astext, Uuid)))
    parked = select(EmailOutbox.id).where(
        EmailOutbox.id == email_id, EmailOutbox.status == EmailStatus.PARKED
    )
    chosen = (
        select(JOBS.c.id, parked.correlate(JOBS).exists().label("is_parked"))
        .where(
            JOBS.c.status == _HELD,
            or_(
                bindparam("job_ids", type_=ARRAY(BigInteger)).is_(None),
                JOBS.c.id == any_(bindparam("job_ids", type_=ARRAY(BigInteger))),
            ),
        )
        .cte("chosen")
    )
    retried = (
        update(JOBS)
        .where(JOBS.c.id == chosen.c.id, ~chosen.c.is_parked, JOBS.c.status == _HELD)
        .values(
            status=_QUEUED,
            execute_after=func.now(),
            updated=func.now(),
            attempts=0,
            queue_manager_id=null(),
            dedupe_key=null(),  # another one with the same key may wait by now
        )
        .returning(JOBS.c.id)
        .cte("retried")
    )
    return Query(select(chosen.c.id, chosen.c.is_parked).add_cte(retried), RetriedRow)


RETRY = _retry()
DELETE_OLD_LOG = Query(
    delete(JOB_LOG)
    .where(
        JOB_LOG.c.id.in_(
            select(JOB_LOG.c.id)
            .where(JOB_LOG.c.created < bindparam("before", type_=DateTime(timezone=True)))
            .order_by(JOB_LOG.c.created)
            .limit(bindparam("at_most", type_=Integer))
        )
    )
    .returning(JOB_LOG.c.id),
    IdRow,
)


class JobCrud(BaseCrud):
    async def add(
        self, job: Payload, *, delay: timedelta = timedelta(0), dedupe_key: str | None = None
    ) -> bool:
        """Put a job in with the caller's transaction: done if, and only if, it commits.

        False when one with the same `dedupe_key` waits or runs already.
        """
        # On the connection: the session would take the parameters of an INSERT for its rows.
        connection = await self.session.connection()
        added = await connection.execute(
            _ADD,
            {
                "new_job": job.job,
                "new_payload": job.model_dump_json().encode(),
                "new_delay": delay,
                "new_key": dedupe_key,
            },
        )
        return added.first() is not None

    async def add_due(self, ticks: Mapping[str, datetime]) -> list[str]:
        """Put in the periodic jobs whose tick nobody has put in yet; returns their names."""
        due = await self.session.fetch_all(
            ADD_DUE, run_names=list(ticks), run_ticks=list(ticks.values())
        )
        return [row["name"] for row in due]

    async def list(self, *, status: JobStatus | None, at_most: int) -> Sequence[JobRow]:
        """The held ones first, then the oldest."""
        return await self.session.fetch_all(LIST, of_status=status, at_most=at_most)

    async def count_by_status(self) -> dict[str, int]:
        """How many jobs wait, run and are held; statuses without a job are left out."""
        counted = await self.session.fetch_all(COUNT_BY_STATUS)
        return {row["status"]: row["count"] for row in counted}

    async def retry(self, ids: Sequence[int] | None) -> Retried:
        """Put held jobs back into the queue, or all of them.

        A parked e-mail may have been sent: its job stays held, or it would leave the list undone.
        """
        chosen = None if ids is None else list(ids)
        rows = await self.session.fetch_all(RETRY, job_ids=chosen)
        parked = sum(row["is_parked"] for row in rows)
        return Retried(len(rows) - parked, parked)

    async def delete_log(self, *, before: datetime, at_most: int) -> int:
        """Delete some of what was noted about jobs; returns how many rows."""
        return len(await self.session.fetch_all(DELETE_OLD_LOG, before=before, at_most=at_most))
