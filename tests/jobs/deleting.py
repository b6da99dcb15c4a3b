"""What tests of account deletion share."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fastapi import FastAPI

from app.clients.supabase_storage import Bucket
from app.jobs.account_deletion import CLAIM_LASTS, AccountDeletionJob, ObjectStore
from tests.factories import Person
from tests.support import FrozenClock, data_of, rows


class Files:
    """Object storage in memory. `fault` is raised by calls while it is set."""

    def __init__(self) -> None:
        self.removed: dict[Bucket, list[str]] = {}
        self.fault: BaseException | None = None
        self.fault_after: BaseException | None = None

    async def delete(self, bucket: Bucket, paths: Sequence[str]) -> None:
        if self.fault is not None:
            raise self.fault
        self.removed.setdefault(bucket, []).extend(paths)
        if self.fault_after is not None:
            raise self.fault_after


class Deletions:
    """Deletes accounts by the application's clock, where the queue goes by the database's."""

    def __init__(self, app: FastAPI, job: AccountDeletionJob) -> None:
        self._app = app
        self._job = job

    async def delete_due(self) -> int:
        """Try every deletion that is due once; returns how many those are."""
        due = await rows(
            self._app,
            "SELECT user_id FROM account_deletions WHERE next_attempt_at <= :now"
            " ORDER BY next_attempt_at, user_id",
            now=self._app.state.clock.now(),
        )
        for row in due:
            await self._job.delete(row["user_id"])
        return len(due)


def job_on(app: FastAPI, storage: ObjectStore, auth: Any = None) -> Deletions:
    state = app.state
    job = AccountDeletionJob(
        database=state.database,
        auth=auth or state.auth,
        storage=storage,
        clock=state.clock,
        settings=state.settings,
    )
    return Deletions(app, job)


async def close_account(person: Person) -> None:
    answer = await person.client.request(
        "DELETE", "/api/v1/users/me", json={"confirmation": "DELETE"}
    )
    data_of(answer, 202)


async def is_gone(app: FastAPI, user_id: UUID) -> bool:
    left = await rows(app, "SELECT id FROM users WHERE id = :id", id=user_id)
    return not left and await app.state.auth.find_user(user_id=user_id) is None


async def finish(app: FastAPI, job: Deletions, clock: FrozenClock, user_id: UUID) -> None:
    """Run what is due until the account is gone, as time goes by."""
    for _ in range(5):
        await job.delete_due()
        if await is_gone(app, user_id):
            return
        clock.advance(seconds=CLAIM_LASTS.total_seconds())
    raise AssertionError("the account is still there")
