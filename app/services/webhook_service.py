"""Events of Supabase about accounts (Specification §2.6).

An event says who it is about; what became of that user is asked of Supabase. So a repeated event
changes nothing, an old one undoes nothing, and the order in which they come does not matter.
"""

from contextlib import suppress
from functools import partial
from uuid import UUID

import structlog
from pydantic import ValidationError

from app.clients.supabase_auth import AuthClient, SupabaseUser
from app.core import webhooks
from app.core.clock import Clock
from app.core.errors import (
    InvalidInput,
    InvalidSignature,
    NotAuthenticated,
    WebhooksNotConfigured,
)
from app.core.webhooks import SignedMessage, WebhookRefused
from app.crud.crud_account_state import AccountStateCrud
from app.crud.crud_user import KnownAddress, UserCrud
from app.db.session import Session
from app.schemas.webhook_schemas import EventKind, SupabaseEvent
from app.services.deletion_service import DeletionService
from app.services.stale_addresses import StaleAddresses

log = structlog.get_logger()

MAX_ROUNDS = 3


class WebhookService:
    def __init__(
        self,
        *,
        session: Session,
        clock: Clock,
        auth: AuthClient,
        deletions: DeletionService,
        keys: tuple[bytes, ...],
    ) -> None:
        self._users = UserCrud(session)
        self._states = AccountStateCrud(session)
        self._clock = clock
        self._auth = auth
        self._addresses = StaleAddresses(session=session, clock=clock, auth=auth)
        self._deletions = deletions
        self._keys = keys

    async def receive(self, message: SignedMessage) -> None:
        """Take over what an event tells, if it is signed.

        Raises WebhooksNotConfigured, InvalidSignature, InvalidInput; AuthUnavailable and
        ServiceUnavailable when it should be sent again.
        """
        if not self._keys:
            raise WebhooksNotConfigured
        try:
            webhooks.verify(message, keys=self._keys, now=self._clock.now())
        except WebhookRefused as error:
            log.warning("webhook_refused", reason=str(error))
            raise InvalidSignature from error
        try:
            event = SupabaseEvent.model_validate_json(message.body)
        except ValidationError as error:
            raise InvalidInput("This is not an event of Supabase.") from error
        kind, user_id = event.kind, event.user_id
        if kind is None or user_id is None:
            log.info("webhook_ignored", event_type=event.name[:50])
            return
        # A profile is made by the first sign-in alone: whoever signs up has not shown that the
        # address is theirs.
        if await self._users.get_account(user_id) is None:
            log.info("webhook_without_profile", kind=kind.value)
            return
        if kind is EventKind.DELETED:
            await self._delete(user_id)
        else:
            await self._synchronise(user_id)

    async def _delete(self, user_id: UUID) -> None:
        """Delete the account as if its owner had asked, once Supabase itself knows no such user."""
        if await self._states.is_being_deleted(user_id):
            return
        user = await self._auth.find_user(user_id=user_id)
        if user is not None:
            log.warning("webhook_deletion_contradicted", user_id=str(user_id))
            return
        with suppress(NotAuthenticated):  # the row is gone meanwhile, which is as good
            await self._deletions.request(user_id)
        log.info("account_deletion_requested", user_id=str(user_id), by="webhook")

    async def _synchronise(self, user_id: UUID) -> None:
        """Bring the row in line with Supabase, until Supabase says what was written.

        Of two events at a time, one may write what it asked before the other's change. Each asks
        again after its write, which is final at once, so whoever writes last has asked last.
        """
        written: SupabaseUser | None = None
        for _ in range(MAX_ROUNDS):
            current = await self._auth.find_user(user_id=user_id)
            if current is None or current == written:
                return
            await self._write(current)
            written = current

    async def _write(self, user: SupabaseUser) -> None:
        former_holders = await self._addresses.make_room_for(
            user.id, user.email, partial(self._take_over, user)
        )
        for holder in former_holders:
            await self._synchronise(holder)

    async def _take_over(self, user: SupabaseUser) -> None:
        now = self._clock.now()
        changed = await self._states.take_over(
            KnownAddress(user.id, user.email, user.email_confirmed_at),
            may_sign_in=not user.is_banned(now),
            now=now,
        )
        log.info("account_taken_over", user_id=str(user.id), changed=changed)
