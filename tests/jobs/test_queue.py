"""The queue: a job is there if, and only if, the transaction of its cause was committed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
from fastapi import FastAPI
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from pgqueuer.adapters.persistence.queries import Queries
from sqlalchemy import String, Uuid, bindparam, event, literal, select
from sqlalchemy.dialects.postgresql import JSONB

from app.crud.crud_email_outbox import EmailOutboxCrud, insert_emails
from app.db.models import User
from app.db.query import Query
from app.jobs.job_queries import NAMES
from app.jobs.payloads import DeleteAccount
from app.jobs.queue import enqueue
from tests.factories import Factory
from tests.jobs.working import jobs
from tests.support import FrozenClock, count_rows, rows


async def test_a_job_appears_with_the_commit_of_its_transaction_and_not_before(
    app: FastAPI,
) -> None:
    job = DeleteAccount(user_id=uuid4())
    async with app.state.database.session() as session:
        async with session.begin():
            assert await enqueue(session, job)
            assert await jobs(app) == [], "nobody else sees it yet"
        (added,) = await jobs(app)

    assert (added["entrypoint"], added["status"], added["attempts"]) == (
        "delete_account",
        "queued",
        0,
    )
    assert DeleteAccount.model_validate_json(added["payload"]) == job
    assert added["delay"] == timedelta(0)


async def test_a_job_of_a_transaction_that_is_rolled_back_never_was(app: FastAPI) -> None:
    async with app.state.database.session() as session:
        await enqueue(session, DeleteAccount(user_id=uuid4()))
        await session.rollback()
    assert await jobs(app) == []


async def test_outside_a_transaction_it_begins_the_one_that_later_writes_join(
    app: FastAPI,
) -> None:
    async with app.state.database.session() as session:
        await enqueue(session, DeleteAccount(user_id=uuid4()))
        assert session.in_transaction()
    assert await jobs(app) == []


async def test_one_that_waits_already_is_not_added_again_and_a_delay_is_kept(
    app: FastAPI,
) -> None:
    job = DeleteAccount(user_id=uuid4())
    later = timedelta(minutes=5)
    async with app.state.database.session() as session, session.begin():
        assert await enqueue(session, job, dedupe_key="k", delay=later)
        assert not await enqueue(session, job, dedupe_key="k")
        assert await enqueue(session, job, dedupe_key="other")
        assert await enqueue(session, job)
    assert [found["delay"] for found in await jobs(app)] == [later, timedelta(0), timedelta(0)]


async def test_adding_a_job_is_one_statement(app: FastAPI) -> None:
    statements: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    engine = app.state.database.engine.sync_engine
    async with app.state.database.session() as session, session.begin():
        await session.connection()
        event.listen(engine, "before_cursor_execute", note)
        try:
            await enqueue(session, DeleteAccount(user_id=uuid4()), dedupe_key="k")
        finally:
            event.remove(engine, "before_cursor_execute", note)
    assert len(statements) == 1


async def test_an_e_mail_brings_its_delivery_and_an_equal_one_brings_nothing(
    app: FastAPI, clock: FrozenClock
) -> None:
    async with app.state.database.session() as session, session.begin():
        outbox = EmailOutboxCrud(session)
        values: dict[str, Any] = {"kind": "k", "to_email": "a@example.com", "payload": {"a": 1}}
        first = await outbox.add(**values, now=clock.now(), dedupe_key="once")
        second = await outbox.add(**values, now=clock.now(), dedupe_key="once")
        third = await outbox.add(**values, now=clock.now())

    assert first is not None
    assert second is None
    assert third is not None
    found = await rows(app, "SELECT id, payload, history FROM email_outbox")
    assert {row["id"] for row in found} == {first, third}
    assert all(row["payload"] == {"a": 1} and row["history"] == [] for row in found)
    assert [job["payload"] for job in await jobs(app)] == [
        f'{{"email_id" : "{email_id}"}}' for email_id in (first, third)
    ]


async def test_many_e_mails_and_their_deliveries_are_one_statement(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    people = [await factory.person(name) for name in ("Alice", "Bob", "Carol")]
    source = select(
        User.id.label("user_id"),
        User.email.label("to_email"),
        literal("summary", String).label("kind"),
        literal({}, JSONB).label("payload"),
        (literal("summary ", String) + User.email).label("dedupe_key"),
    ).where(User.id != bindparam("but", type_=Uuid))
    scan: Query[dict[str, Any]] = Query(insert_emails(source), dict)

    async with app.state.database.session() as session:
        written = await session.fetch_all(scan, but=people[2].id, now=clock.now())
        again = await session.fetch_all(scan, but=people[2].id, now=clock.now())

    assert {row["user_id"] for row in written} == {people[0].id, people[1].id}
    assert again == []
    assert await count_rows(app, "email_outbox", "pgqueuer") == (2, 2)
    due = await rows(app, "SELECT DISTINCT next_attempt_at AS at, created_at FROM email_outbox")
    assert due == [{"at": clock.now(), "created_at": clock.now()}]


async def test_the_migration_makes_what_the_library_expects(
    make_database: Callable[[], str],
) -> None:
    connection = await asyncpg.connect(make_database())
    try:
        queries = Queries(AsyncpgDriver(connection), QueryBuilderEnvironment(NAMES))
        plan = await queries.plan_upgrade()
    finally:
        await connection.close()
    assert (list(plan.statements), list(plan.notes)) == ([], [])
