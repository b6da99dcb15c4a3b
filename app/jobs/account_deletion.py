"""Deletes the data of closed accounts, while the application runs.

A deletion is claimed, then worked on in small transactions between which the vendors are called:
files, the Supabase user, rows. What is left to do is found out anew at each attempt, and any step
may be repeated: a process that dies leaves a claim that lapses, and the next attempt goes on.
The account's own row goes last, and the note of the deletion with it.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import structlog

from app.clients.supabase_auth import AuthClient
from app.clients.supabase_storage import BUCKETS, Bucket
from app.core.clock import Clock
from app.core.config import Settings
from app.core.errors import AppError
from app.core.logging import describe_exception
from app.crud.crud_account_deletion import (
    ROWS_AT_ONCE,
    AccountDeletionCrud,
    ClaimedDeletion,
)
from app.db.errors import DATABASE_ERRORS
from app.db.session import Database
from app.services.deletion_service import DeletionService

log = structlog.get_logger()

CLAIM_LASTS = timedelta(minutes=5)
FIRST_RETRY = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
# A sign-in that Supabase granted just before its user went would make the row anew. Every such
# request is over after this time, and until then it finds the closed account.
SETTLING_TIME = timedelta(seconds=30)
SHORTEST_PAUSE = timedelta(seconds=1)
OBJECTS_AT_ONCE = 100

FAILURES: tuple[type[Exception], ...] = (AppError, *DATABASE_ERRORS)


class ObjectStore(Protocol):
    """The part of StorageClient that is needed here."""

    async def delete(self, bucket: Bucket, paths: Sequence[str]) -> None:
        """Remove objects; missing ones are no error. Raises StorageUnavailable."""
        ...


class AccountDeletionJob:
    def __init__(
        self,
        *,
        database: Database,
        auth: AuthClient,
        storage: ObjectStore,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._database = database
        self._auth = auth
        self._storage = storage
        self._clock = clock
        self._settings = settings

    async def delete(self, user_id: UUID) -> timedelta | None:
        """Try to delete an account, if that is due; None once it is gone, else when to try again.

        Any number of processes may try.
        """
        now = self._clock.now()
        async with self._database.session() as session, session.begin():
            deletions = AccountDeletionCrud(session)
            due_at = await deletions.due_at(user_id)
            if due_at is None:
                return None
            claimed = await deletions.claim(user_id, now=now, again_at=now + CLAIM_LASTS)
        if claimed is None:
            return max(due_at - now, SHORTEST_PAUSE)
        return await self._attempt(claimed)

    async def _attempt(self, deletion: ClaimedDeletion) -> timedelta | None:
        user_id, error_name = deletion.user_id, None
        try:
            finished = await self._delete(user_id)
            pause = SETTLING_TIME
        except FAILURES as error:
            finished, error_name = False, type(error).__name__
            pause = min(FIRST_RETRY * 2 ** min(deletion.attempts - 1, 10), LONGEST_PAUSE)
            log.warning(
                "account_deletion_failed",
                user_id=str(user_id),
                attempts=deletion.attempts,
                **describe_exception(error),
            )
        if finished:
            log.info("account_deleted", user_id=str(user_id))
            return None
        async with self._database.session() as session, session.begin():
            await AccountDeletionCrud(session).postpone(
                user_id, until=self._clock.now() + pause, error=error_name
            )
        return pause

    async def _delete(self, user_id: UUID) -> bool:
        """One attempt from the start; False when the rest has to wait a little."""
        async with self._database.session() as session, session.begin():
            await DeletionService(
                session=session, clock=self._clock, settings=self._settings
            ).take_leave(user_id)
        await self._delete_objects(user_id)
        if await self._auth.delete_user(user_id=user_id):
            return False
        await self._delete_rows(user_id)
        async with self._database.session() as session, session.begin():
            return await AccountDeletionCrud(session).delete_account(user_id)

    async def _delete_objects(self, user_id: UUID) -> None:
        while True:
            async with self._database.session() as session, session.begin():
                found = await AccountDeletionCrud(session).uploads(user_id, at_most=OBJECTS_AT_ONCE)
            if not found:
                return
            for purpose in {item.purpose for item in found}:
                paths = [item.path for item in found if item.purpose is purpose]
                await self._storage.delete(BUCKETS[purpose], paths)
            async with self._database.session() as session, session.begin():
                await AccountDeletionCrud(session).forget_uploads(found)

    async def _delete_rows(self, user_id: UUID) -> None:
        async with self._database.session() as session, session.begin():
            leaver = await AccountDeletionCrud(session).get_leaver(user_id)
        if leaver is None:
            return
        for step in AccountDeletionCrud.steps(leaver):
            deleted = ROWS_AT_ONCE
            while deleted >= ROWS_AT_ONCE:
                async with self._database.session() as session, session.begin():
                    deleted = await AccountDeletionCrud(session).delete_some(leaver, step)
