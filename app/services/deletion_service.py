"""Closing an account (Specification §4.1); `app/jobs/account_deletion.py` removes its data."""

from uuid import UUID

from app.core.clock import Clock
from app.core.config import Settings
from app.core.errors import NotAuthenticated
from app.crud.crud_account_deletion import AccountDeletionCrud, leaver_of
from app.crud.crud_dissolution import DissolutionCrud
from app.crud.crud_user import UserCrud
from app.db.models import User
from app.db.session import Session
from app.jobs.payloads import DeleteAccount
from app.jobs.queue import enqueue
from app.schemas.account_schemas import AccountDeletionRead
from app.services.dissolution import Dissolution


class DeletionService:
    def __init__(self, *, session: Session, clock: Clock, settings: Settings) -> None:
        self._session = session
        self._users = UserCrud(session)
        self._dissolutions = DissolutionCrud(session)
        self._deletions = AccountDeletionCrud(session)
        self._dissolution = Dissolution(session, clock, settings)
        self._clock = clock

    async def request(self, user_id: UUID) -> AccountDeletionRead:
        """Close the account at once and have everything deleted. Repeating it changes nothing.

        The partner is told, invitations from and to the person are withdrawn, and every token of
        the account is refused from the commit on. Raises NotAuthenticated when it is gone already.
        """
        person = await self.take_leave(user_id)
        if person is None:
            raise NotAuthenticated
        now = self._clock.now()
        person.is_active = False
        person.updated_at = now
        await self._deletions.add(user_id, now)
        await enqueue(
            self._session, DeleteAccount(user_id=user_id), dedupe_key=f"delete_account:{user_id}"
        )
        return AccountDeletionRead(requested_at=now)

    async def take_leave(self, user_id: UUID) -> User | None:
        """End what ties the person to others; returns the row, locked, or None when it is gone."""
        partnership_id = await self._dissolutions.current_of(user_id)
        if partnership_id is not None:
            await self._dissolve(partnership_id, user_id)
        person = (await self._users.lock(user_id)).get(user_id)
        if person is None:
            return None
        if person.current_partnership_id is not None:
            # Begun a moment ago. The locks cross then; who loses is retried as a whole.
            await self._dissolve(person.current_partnership_id, user_id)
        await self._deletions.withdraw(leaver_of(person), self._clock.now())
        return person

    async def _dissolve(self, partnership_id: UUID, user_id: UUID) -> None:
        await self._dissolution.dissolve(
            partnership_id=partnership_id, by=user_id, because_account_is_deleted=True
        )
