"""Addresses that a row holds from before its owner changed or deleted the account at Supabase."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog

from app.clients.supabase_auth import AuthClient
from app.core.clock import Clock
from app.core.errors import ServiceUnavailable
from app.crud.crud_user import UserCrud
from app.db.errors import violated_constraint
from app.db.session import Session

log = structlog.get_logger()

# Each can meet another holder, or somebody's equal request that writes the same row at the same
# instant.
ATTEMPTS = 5
_ONE_OWNER = "uq_users_email"


class StaleAddresses:
    """Use it outside a transaction: each statement is final at once, and a vendor is asked."""

    def __init__(self, *, session: Session, clock: Clock, auth: AuthClient) -> None:
        self._users = UserCrud(session)
        self._clock = clock
        self._auth = auth

    async def make_room_for(
        self, user_id: UUID, email: str, write: Callable[[], Awaitable[object]]
    ) -> list[UUID]:
        """Have `write` give an address to a row, and take it from others as often as it takes.

        Returns whose it was. Raises ServiceUnavailable when it changes hands all the time.
        """
        former_holders = []
        for attempts_left in reversed(range(ATTEMPTS)):
            try:
                await write()
                break
            except Exception as error:
                if violated_constraint(error) != _ONE_OWNER:
                    raise
                if not attempts_left:
                    raise ServiceUnavailable from error
            holder = await self._users.owner_of_email(email)
            # Otherwise another request freed or wrote it this very moment.
            if holder is not None and holder != user_id:
                await self._release(holder, email)
                former_holders.append(holder)
        return former_holders

    async def _release(self, holder: UUID, email: str) -> None:
        owner = await self._auth.find_user(user_id=holder)
        if owner is None:
            address = f"{holder}@deleted.invalid"
        elif owner.email == email:
            raise ServiceUnavailable  # it changed hands twice meanwhile
        elif await self._users.owner_of_email(owner.email) is None:
            address = owner.email
        else:  # held by one more stale row, perhaps that of whoever asks: their next request tells
            address = f"{holder}@moved.invalid"
        log.info("stale_address_released", holder=str(holder))
        try:
            await self._users.replace_email(holder, old=email, new=address, now=self._clock.now())
        except Exception as error:
            if violated_constraint(error) != _ONE_OWNER:
                raise  # else it was taken this very moment: the next attempt looks again
