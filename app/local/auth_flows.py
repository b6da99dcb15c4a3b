"""The operations that everybody may call, with the rules and the answers of Supabase Auth.

Methods return the JSON of the answer and raise AuthError. Passwords are hashed outside of
transactions, so that a slow hash holds no connection.
"""

from typing import Any
from uuid import uuid4

from app.local import auth_store as store
from app.local.auth_core import AuthCore, Caller, Json, SignedIn, user_gone
from app.local.auth_errors import AuthError, email_exists
from app.local.auth_input import (
    PasswordGrantBody,
    RecoverBody,
    RefreshGrantBody,
    ResendBody,
    SignupBody,
    UpdateUserBody,
    VerifyBody,
    checked_email,
    merged,
)
from app.local.auth_passwords import check_strength
from app.local.auth_store import Purpose, RefreshProblem
from app.local.auth_views import made_up_user_json, user_json

_PURPOSES_OF_TYPE = {
    "signup": (Purpose.CONFIRMATION,),
    "invite": (Purpose.CONFIRMATION,),
    "recovery": (Purpose.RECOVERY,),
    "magiclink": (Purpose.RECOVERY,),
    "email": (Purpose.CONFIRMATION, Purpose.RECOVERY),
    "email_change": (Purpose.EMAIL_CHANGE,),
}


class AuthFlows:
    def __init__(self, core: AuthCore) -> None:
        self._core = core

    async def sign_up(self, body: SignupBody) -> Json:
        if not body.email and not body.phone:
            message = "Anonymous sign-ins are disabled"
            raise AuthError(422, "anonymous_provider_disabled", message)
        if body.phone:
            raise AuthError(400, "phone_provider_disabled", "Phone signups are disabled")
        if not body.password:
            raise AuthError(400, "validation_failed", "Signup requires a valid password")
        check_strength(body.password)
        email = checked_email(body.email)
        # Hashed for known addresses too: the time taken must not tell them apart.
        password_hash = await self._core.passwords.hash(body.password)
        now, user_id = self._core.clock.now(), uuid4()
        signed_in: SignedIn | None = None
        verified = {"email_verified": self._core.options.autoconfirm, "phone_verified": False}
        async with self._core.engine().begin() as connection:
            user = await store.insert_user(
                connection,
                user_id=user_id,
                email=email,
                password_hash=password_hash,
                user_metadata=merged(body.data, {"sub": str(user_id), "email": email, **verified}),
                confirmed=self._core.options.autoconfirm,
                now=now,
            )
            if user is not None and self._core.options.autoconfirm:
                signed_in = await self._core.start_session(connection, user_id, method="password")
        if signed_in is not None:
            return await self._core.session_json(signed_in)
        if user is None:
            async with self._core.engine().connect() as connection:
                user = await store.find_by_email(connection, email)
            if self._core.options.autoconfirm:
                raise AuthError(422, "user_already_exists", "User already registered")
            if user is None or user.email_confirmed_at is not None:
                return made_up_user_json(email=email, user_metadata=body.data, now=now)
        # A second sign-up before the confirmation repeats the e-mail and changes nothing else: who
        # signs up now has not shown that the address is theirs.
        return user_json(await self._core.send_link(user, Purpose.CONFIRMATION, to=email))

    async def sign_in(self, body: PasswordGrantBody) -> Json:
        if body.phone or not body.email:
            message = "Phone logins are disabled" if body.phone else "missing email or phone"
            code = "phone_provider_disabled" if body.phone else "validation_failed"
            raise AuthError(400, code, message)
        async with self._core.engine().connect() as connection:
            user = await store.find_by_email(connection, body.email)
        right = await self._core.passwords.matches(
            user.password_hash if user else None, body.password
        )
        if user is not None and user.is_banned(self._core.clock.now()):
            raise AuthError(400, "user_banned", "User is banned")
        if user is None or not right:
            raise AuthError(400, "invalid_credentials", "Invalid login credentials")
        if user.email_confirmed_at is None:
            raise AuthError(400, "email_not_confirmed", "Email not confirmed")
        async with self._core.engine().begin() as connection:
            signed_in = await self._core.start_session(connection, user.id, method="password")
        return await self._core.session_json(signed_in)

    async def refresh(self, body: RefreshGrantBody) -> Json:
        if not body.refresh_token:
            raise AuthError(400, "validation_failed", "refresh_token required")
        now = self._core.clock.now()
        async with self._core.engine().begin() as connection:
            rotated = await store.rotate_refresh_token(connection, body.refresh_token, now=now)
            user = None
            if not isinstance(rotated, RefreshProblem):
                user = await store.find_by_id(connection, rotated[0].user_id)
                if user is not None and user.is_banned(now):
                    message = "Invalid Refresh Token: User Banned"
                    raise AuthError(400, "user_banned", message)
        # Raised only now: finding a token used twice must have revoked its family for good.
        if rotated is RefreshProblem.ALREADY_USED:
            message = "Invalid Refresh Token: Already Used"
            raise AuthError(400, "refresh_token_already_used", message)
        if isinstance(rotated, RefreshProblem) or user is None:
            message = "Invalid Refresh Token: Refresh Token Not Found"
            raise AuthError(400, "refresh_token_not_found", message)
        return await self._core.session_json(SignedIn(user, *rotated))

    async def sign_out(self, caller: Caller, *, scope: str) -> None:
        if scope not in ("global", "local", "others"):
            raise AuthError(400, "validation_failed", f'Unsupported logout scope "{scope}"')
        async with self._core.engine().begin() as connection:
            await store.end_sessions(
                connection,
                caller.user.id,
                only=caller.session.id if scope == "local" else None,
                keep=caller.session.id if scope == "others" else None,
            )

    def show_user(self, caller: Caller) -> Json:
        return user_json(caller.user)

    async def update_user(self, caller: Caller, body: UpdateUserBody) -> Json:
        user = caller.user
        new_email = checked_email(body.email) if body.email else user.email
        if body.phone:
            raise AuthError(400, "phone_provider_disabled", "Phone logins are disabled")
        if body.app_metadata is not None:
            message = "Updating app_metadata requires admin privileges"
            raise AuthError(403, "not_admin", message)
        values: dict[str, Any] = {}
        if body.password is not None:
            check_strength(body.password)
            if await self._core.passwords.matches(user.password_hash, body.password):
                message = "New password should be different from the old password."
                raise AuthError(422, "same_password", message)
            values["password_hash"] = await self._core.passwords.hash(body.password)
        if body.data is not None:
            values["user_metadata"] = merged(user.user_metadata, body.data)
        if new_email != user.email:
            async with self._core.engine().connect() as connection:
                if await store.find_by_email(connection, new_email):
                    raise email_exists()
            self._core.check_email_interval(user.email_change_sent_at)
            values["new_email"] = new_email
        async with self._core.engine().begin() as connection:
            changed = await store.update_user(
                connection, user.id, now=self._core.clock.now(), **values
            )
            if changed is None:
                raise user_gone()
            if body.password is not None:
                # A new password throws out everybody else, and links sent before it.
                await store.end_sessions(connection, user.id, keep=caller.session.id)
                await store.drop_one_time_tokens(connection, user.id)
        if new_email != user.email:
            changed = await self._core.send_link(changed, Purpose.EMAIL_CHANGE, to=new_email)
        return user_json(changed)

    async def verify(self, body: VerifyBody) -> Json:
        if bool(body.token) == bool(body.token_hash):
            message = "Verify requires either a token or a token hash"
            raise AuthError(400, "validation_failed", message)
        if body.token_hash and (body.email or body.phone):
            message = "Only the token_hash and type should be provided"
            raise AuthError(400, "validation_failed", message)
        if body.token and not body.email:
            message = "Only an email address or phone number should be provided on verify"
            raise AuthError(400, "validation_failed", message)
        if body.type not in _PURPOSES_OF_TYPE:
            raise AuthError(400, "validation_failed", "Invalid email verification type")
        now = self._core.clock.now()
        async with self._core.engine().begin() as connection:
            taken = await store.take_one_time_token(
                connection,
                purposes=_PURPOSES_OF_TYPE[body.type],
                now=now,
                token=body.token_hash,
                email=body.email,
                code=body.token,
            )
            user = await store.find_by_id(connection, taken[0]) if taken else None
            if taken is None or user is None:
                message = (
                    "Email link is invalid or has expired"
                    if body.token_hash
                    else "Token has expired or is invalid"
                )
                raise AuthError(403, "otp_expired", message)
            if user.is_banned(now):
                raise AuthError(403, "user_banned", "User is banned")
            email = user.email
            if taken[1] is Purpose.EMAIL_CHANGE:
                email = user.new_email or user.email
            # Whoever opens a link in the mailbox has shown that the address is theirs.
            await store.update_user(
                connection,
                user.id,
                now=now,
                email=email,
                new_email=None if taken[1] is Purpose.EMAIL_CHANGE else user.new_email,
                email_confirmed_at=user.email_confirmed_at or now,
                user_metadata=merged(user.user_metadata, {"email": email, "email_verified": True}),
            )
            signed_in = await self._core.start_session(connection, user.id, method="otp")
        return await self._core.session_json(signed_in)

    async def recover(self, body: RecoverBody) -> Json:
        if not body.email:
            raise AuthError(400, "validation_failed", "Password recovery requires an email")
        email = checked_email(body.email)
        async with self._core.engine().connect() as connection:
            user = await store.find_by_email(connection, email)
        if user is not None:
            await self._core.send_link(user, Purpose.RECOVERY, to=email)
        return {}

    async def resend(self, body: ResendBody) -> Json:
        if body.type not in ("signup", "email_change"):
            message = "Missing one of these types: signup, email_change, sms, phone_change"
            raise AuthError(400, "validation_failed", message)
        email = checked_email(body.email)
        async with self._core.engine().connect() as connection:
            user = await store.find_by_email(connection, email)
        if user is not None and body.type == "signup" and user.email_confirmed_at is None:
            await self._core.send_link(user, Purpose.CONFIRMATION, to=email)
        if user is not None and body.type == "email_change" and user.new_email:
            await self._core.send_link(user, Purpose.EMAIL_CHANGE, to=user.new_email)
        return {}
