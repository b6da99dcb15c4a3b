"""The job that deletes accounts, when its process dies: at every point, another completes it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import event

from app.jobs.account_deletion import CLAIM_LASTS, SETTLING_TIME
from tests.factories import Factory
from tests.jobs.deleting import Files, close_account, finish, is_gone, job_on
from tests.rich_account import furnish
from tests.support import FrozenClock, rows

TRANSACTIONS_MOST = 60


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


@contextmanager
def killed_at_commit(app: FastAPI, number: int) -> Iterator[list[int]]:
    """The process dies just before its commit of this number; the list counts the commits."""
    commits: list[int] = []

    def count(_connection: Any) -> None:
        commits.append(len(commits) + 1)
        if commits[-1] == number:
            raise Killed

    engine = app.state.database.engine.sync_engine
    event.listen(engine, "commit", count)
    try:
        yield commits
    finally:
        event.remove(engine, "commit", count)


async def test_a_process_that_dies_before_any_commit_leaves_work_that_another_completes(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    number, died = 0, True
    while died:
        number += 1
        alice, bob, _ = await furnish(factory, app)
        await close_account(alice)
        files = Files()
        job = job_on(app, files)
        try:
            # Both runs of an undisturbed deletion: up to the Supabase user, and after it.
            with killed_at_commit(app, number) as commits:
                await job.delete_due()
                clock.advance(seconds=SETTLING_TIME.total_seconds())
                await job.delete_due()
            died = False
        except Killed:
            clock.advance(seconds=CLAIM_LASTS.total_seconds())
        assert number < TRANSACTIONS_MOST

        await finish(app, job, clock, alice.id)

        assert await rows(app, "SELECT user_id FROM account_deletions") == []
        assert {path for paths in files.removed.values() for path in paths} == {
            f"{alice.id}/{name}.jpg" for name in ("avatar", "checkin", "message")
        }
        told = await rows(
            app,
            "SELECT type FROM notifications WHERE recipient_id = :bob"
            " AND type = 'partnership_dissolved'",
            bob=bob.id,
        )
        assert len(told) == 1
    assert len(commits) == number - 1 > 10, "it was killed at every commit once"


async def test_a_process_that_dies_around_the_vendors_leaves_work_too(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    class DiesAfter:
        async def delete_user(self, *, user_id: UUID) -> bool:
            await app.state.auth.delete_user(user_id=user_id)
            raise Killed

    for fault, fault_after, auth in (
        (Killed(), None, None),
        (None, Killed(), None),
        (None, None, DiesAfter()),
    ):
        alice, _, _ = await furnish(factory, app)
        await close_account(alice)
        files = Files()
        files.fault, files.fault_after = fault, fault_after
        with pytest.raises(Killed):
            await job_on(app, files, auth).delete_due()
        assert not await is_gone(app, alice.id)

        assert await job_on(app, Files()).delete_due() == 0, "the claim holds for a while"
        clock.advance(seconds=CLAIM_LASTS.total_seconds())
        await finish(app, job_on(app, Files()), clock, alice.id)
