"""Who is calling: from a verified token to the person's row, made on first sight."""

import structlog

from app.clients.supabase_auth import AuthClient, SupabaseUser
from app.core.clock import Clock
from app.core.errors import AccountDisabled, NotAuthenticated
from app.core.local_time import is_known_timezone
from app.core.security import AccessToken
from app.core.usernames import is_valid_username
from app.crud.crud_user import Account, KnownAddress, UserCrud
from app.db.errors import violated_constraint
from app.db.session import Session

log = structlog.get_logger()

# Each can meet another obstacle: a taken username, a stale holder of the address, and somebody's
# equal request that writes the same row at the same instant.
SAVE_ATTEMPTS = 5


class AccountService:
    def __init__(self, *, session: Session, clock: Clock, auth: AuthClient) -> None:
        self._users = UserCrud(session)
        self._session = session
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
        if not account.is_active:
            raise AccountDisabled
        return account

    async def identify_live(self, token: AccessToken) -> Account:
        """The same, in a session that has not ended: a token still verifies after the logout.

        Raises NotAuthenticated when the session or the user is gone, AccountDisabled,
        AuthUnavailable.
        """
        user = await self._auth.get_user(access_token=token.raw)
        if user.id != token.user_id:
            raise NotAuthenticated
        account = await self.synchronise(user)
        if not account.is_active:
            raise AccountDisabled
        return account

    async def confirmed(self, account: Account, token: AccessToken) -> Account:
        """The account as of now, asking Supabase when its address was not confirmed so far."""
        if account.is_email_verified:
            return account
        return await self.synchronise(await self._auth.get_user(access_token=token.raw))

    async def synchronise(self, user: SupabaseUser) -> Account:
        """Bring the row in line with what Supabase says. Safe to run many times at once."""
        with_username = True
        for attempts_left in reversed(range(SAVE_ATTEMPTS)):
            try:
                await self._save(user, with_username=with_username)
                break
            except Exception as error:
                match violated_constraint(error):
                    case "uq_users_email" if attempts_left:
                        await self._free_address(user)
                    case "uq_users_username_lower" if attempts_left:  # taken this very moment
                        with_username = False
                    case _:
                        raise
        account = await self._users.get_account(user.id)
        if account is None:
            raise NotAuthenticated
        return account

    async def _save(self, user: SupabaseUser, *, with_username: bool = True) -> None:
        timezone = user.metadata.get("timezone")
        username = user.metadata.get("username")
        name = user.metadata.get("name")
        await self._users.provision(
            KnownAddress(user.id, user.email, user.email_confirmed_at),
            username=username if with_username and is_valid_username(username) else None,
            name=name[:100].replace("\x00", "") or None if isinstance(name, str) else None,
            timezone=(
                timezone if isinstance(timezone, str) and is_known_timezone(timezone) else "UTC"
            ),
            now=self._clock.now(),
        )

    async def _free_address(self, user: SupabaseUser) -> None:
        """Another row holds the address from before its owner changed or deleted the account."""
        holder = await self._users.owner_of_email(user.email)
        if holder is None or holder == user.id:  # another request freed it this very moment
            return
        current = await self._auth.find_user(user_id=holder)
        if current is not None and current.email == user.email:
            raise NotAuthenticated
        if current is None:
            address = f"{holder}@deleted.invalid"
        elif await self._users.owner_of_email(current.email) is None:
            address = current.email
        else:  # held by one more stale row, perhaps this very user's: their next request tells
            address = f"{holder}@moved.invalid"
        log.info("stale_address_released", holder=str(holder))
        await self._users.replace_email(holder, old=user.email, new=address, now=self._clock.now())
