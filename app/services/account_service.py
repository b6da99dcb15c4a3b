"""Who is calling: from a verified token to the person's row, made on first sight."""

from functools import partial

from app.clients.supabase_auth import AuthClient, SupabaseUser
from app.core.clock import Clock
from app.core.errors import AccountDisabled, NotAuthenticated
from app.core.local_time import is_known_timezone
from app.core.security import AccessToken
from app.core.usernames import is_valid_username
from app.crud.crud_account_state import AccountStateCrud
from app.crud.crud_user import Account, KnownAddress, UserCrud
from app.db.errors import violated_constraint
from app.db.session import Session
from app.services.stale_addresses import StaleAddresses


class AccountService:
    def __init__(self, *, session: Session, clock: Clock, auth: AuthClient) -> None:
        self._users = UserCrud(session)
        self._states = AccountStateCrud(session)
        self._addresses = StaleAddresses(session=session, clock=clock, auth=auth)
        self._clock = clock
        self._auth = auth

    async def identify(self, token: AccessToken) -> Account:
        """The account behind a token; made just in time, and with the address of the token.

        Raises NotAuthenticated when Supabase knows no such user, AccountDisabled, AuthUnavailable.
        """
        account = await self._users.get_account(token.user_id)
        if account is None or (token.email and account.email != token.email.lower()):
            user = await self._auth.get_user(access_token=token.raw)
            if user.id != token.user_id:
                raise NotAuthenticated
            account = await self.synchronise(user)
        return await self.admit(account)

    async def identify_live(self, token: AccessToken) -> Account:
        """The same, in a session that has not ended: a token still verifies after the logout.

        Raises NotAuthenticated when the session or the user is gone, AccountDisabled,
        AuthUnavailable.
        """
        user = await self._auth.get_user(access_token=token.raw)
        if user.id != token.user_id:
            raise NotAuthenticated
        account = await self.synchronise(user)
        return await self.admit(account)

    async def admit(self, account: Account) -> Account:
        """The account, if it is open. Raises AccountDisabled."""
        if account.is_active:
            return account
        if await self._states.is_being_deleted(account.id):
            raise AccountDisabled.because_deleted()
        raise AccountDisabled

    async def confirmed(self, account: Account, token: AccessToken) -> Account:
        """The account as of now, asking Supabase when its address was not confirmed so far."""
        if account.is_email_verified:
            return account
        return await self.synchronise(await self._auth.get_user(access_token=token.raw))

    async def synchronise(self, user: SupabaseUser) -> Account:
        """Bring the row in line with what Supabase says. Safe to run many times at once.

        Raises NotAuthenticated, AuthUnavailable, ServiceUnavailable.
        """
        await self._addresses.make_room_for(user.id, user.email, partial(self._save, user))
        account = await self._users.get_account(user.id)
        if account is None:
            raise NotAuthenticated
        return account

    async def _save(self, user: SupabaseUser) -> None:
        username = user.metadata.get("username")
        try:
            await self._provision(user, username if is_valid_username(username) else None)
        except Exception as error:
            if violated_constraint(error) != "uq_users_username_lower":
                raise
            await self._provision(user, None)  # taken this very moment

    async def _provision(self, user: SupabaseUser, username: str | None) -> None:
        timezone = user.metadata.get("timezone")
        name = user.metadata.get("name")
        await self._users.provision(
            KnownAddress(user.id, user.email, user.email_confirmed_at),
            username=username,
            name=name[:100].replace("\x00", "") or None if isinstance(name, str) else None,
            timezone=(
                timezone if isinstance(timezone, str) and is_known_timezone(timezone) else "UTC"
            ),
            now=self._clock.now(),
        )
