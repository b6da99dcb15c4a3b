"""Accounts that are being deleted, and everything that goes with them.

Foreign keys remove what a person owns. What points at it without a key, and what others hold that
is personal all the same, is removed here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult, Integer, Text, bindparam, cast, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from app.core.enums import UploadPurpose
from app.crud.base_crud import BaseCrud, IdRow
from app.crud.crud_job import insert_jobs
from app.crud.deletion_statements import Leaver, deletion_steps, withdrawal_steps
from app.db.models import AccountDeletion, Upload, User
from app.db.query import Query
from app.db.queue_tables import JOBS
from app.jobs.payloads import DeleteAccount

# A statement that takes a moment even on an account with years of use.
ROWS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class ClaimedDeletion:
    """`attempts` counts this one."""

    user_id: UUID
    attempts: int


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An uploaded file: `path` is that in the bucket of its purpose."""

    purpose: UploadPurpose
    path: str


def _resume() -> Query[IdRow]:
    key = f"{DeleteAccount.job}:" + cast(AccountDeletion.user_id, Text)
    without_job = (
        select(AccountDeletion.user_id)
        .where(
            AccountDeletion.next_attempt_at <= bindparam("now"),
            ~select(JOBS.c.id).where(JOBS.c.dedupe_key == key).exists(),
        )
        .order_by(AccountDeletion.next_attempt_at)
        .limit(bindparam("at_most", type_=Integer))
        .cte("without_job")
    )
    added = (
        insert_jobs(DeleteAccount, without_job, user_id=without_job.c.user_id)
        .returning(JOBS.c.id)
        .cte("added")
    )
    return Query(select(added.c.id), IdRow)


RESUME = _resume()


class AccountDeletionCrud(BaseCrud):
    async def add(self, user_id: UUID, now: datetime) -> None:
        """Note that the account is to be deleted; it is no error if that is noted already."""
        await self.session.execute(
            insert(AccountDeletion)
            .values(user_id=user_id, requested_at=now, next_attempt_at=now)
            .on_conflict_do_nothing(index_elements=["user_id"])
        )

    async def resume(self, *, now: datetime, at_most: int) -> int:
        """Put in a job for some that are due and have none, not even a held one; how many."""
        return len(await self.session.fetch_all(RESUME, now=now, at_most=at_most))

    async def due_at(self, user_id: UUID) -> datetime | None:
        """When the next attempt may begin; None when there is nothing to delete."""
        return await self.session.scalar(
            select(AccountDeletion.next_attempt_at).where(AccountDeletion.user_id == user_id)
        )

    async def claim(
        self, user_id: UUID, *, now: datetime, again_at: datetime
    ) -> ClaimedDeletion | None:
        """Take a deletion that is due. If it is not settled by `again_at`, it is due then."""
        attempts = await self.session.scalar(
            update(AccountDeletion)
            .where(AccountDeletion.user_id == user_id, AccountDeletion.next_attempt_at <= now)
            .values(attempts=AccountDeletion.attempts + 1, next_attempt_at=again_at)
            .returning(AccountDeletion.attempts)
            .execution_options(synchronize_session=False)
        )
        return None if attempts is None else ClaimedDeletion(user_id, attempts)

    async def postpone(self, user_id: UUID, *, until: datetime, error: str | None) -> None:
        """`error` names a kind of failure, never a person."""
        await self.session.execute(
            update(AccountDeletion)
            .where(AccountDeletion.user_id == user_id)
            .values(next_attempt_at=until, last_error=error)
        )

    async def uploads(self, user_id: UUID, *, at_most: int) -> list[StoredObject]:
        rows = await self.session.execute(
            select(Upload.purpose, Upload.path).where(Upload.user_id == user_id).limit(at_most)
        )
        return [StoredObject(purpose, path) for purpose, path in rows]

    async def forget_uploads(self, objects: Sequence[StoredObject]) -> None:
        await self.session.execute(
            delete(Upload).where(Upload.path.in_([item.path for item in objects]))
        )

    async def withdraw(self, leaver: Leaver, now: datetime) -> None:
        """Take back invitations, sent and received, and what waits to be e-mailed about them."""
        for statement in withdrawal_steps(leaver, now):
            await self.session.execute(statement)

    async def delete_some(self, leaver: Leaver, step: int) -> int:
        """Do a part of one step of `steps`; fewer than ROWS_AT_ONCE rows mean that it is done."""
        statement = deletion_steps(leaver, ROWS_AT_ONCE)[step]
        result = await self.session.execute(statement)
        assert isinstance(result, CursorResult)
        return result.rowcount

    @staticmethod
    def steps(leaver: Leaver) -> range:
        """The steps in their order: later ones need what earlier ones look things up by."""
        return range(len(deletion_steps(leaver, ROWS_AT_ONCE)))

    async def get_leaver(self, user_id: UUID) -> Leaver | None:
        person = await self.session.get(User, user_id)
        return leaver_of(person) if person else None

    async def delete_account(self, user_id: UUID) -> bool:
        """Delete the row, and by cascade what is left; False when something came up meanwhile.

        That is an upload or a partnership by a request that had begun before the account closed.
        """
        person = await self.session.get(User, user_id, with_for_update=True)
        if person is None:
            return True
        left = select(Upload.id).where(Upload.user_id == user_id).limit(1)
        if person.current_partnership_id or await self.session.scalar(left):
            return False
        await self.session.execute(
            delete(User).where(User.id == user_id).execution_options(synchronize_session=False)
        )
        return True


def leaver_of(person: User) -> Leaver:
    names: list[Any] = [person.name, person.username, person.email]
    return Leaver(
        id=person.id,
        confirmed_email=person.email if person.is_email_verified else None,
        names=tuple(name for name in names if name),
    )
