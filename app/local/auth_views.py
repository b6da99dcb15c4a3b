"""The JSON that the Supabase Auth stand-in answers with, and the claims of its access tokens."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, uuid4, uuid5

from app.local.auth_keys import SigningKey
from app.local.auth_store import StoredSession, StoredUser

ACCESS_TOKEN_LIFETIME = timedelta(hours=1)
AUDIENCE = "authenticated"


def user_json(user: StoredUser) -> dict[str, object]:
    instants = {
        "email_confirmed_at": user.email_confirmed_at,
        "confirmation_sent_at": user.confirmation_sent_at,
        "confirmed_at": user.email_confirmed_at,
        "recovery_sent_at": user.recovery_sent_at,
        "email_change_sent_at": user.email_change_sent_at,
        "last_sign_in_at": user.last_sign_in_at,
        "banned_until": user.banned_until,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
    }
    new_email = {"new_email": user.new_email} if user.new_email else {}
    return {
        "id": str(user.id),
        "aud": AUDIENCE,
        "role": "authenticated",
        "email": user.email,
        "phone": "",
        **new_email,
        # Supabase leaves out what has not happened.
        **{name: _timestamp(instant) for name, instant in instants.items() if instant},
        "app_metadata": user.app_metadata,
        "user_metadata": user.user_metadata,
        "identities": [_identity(user)],
        "is_anonymous": False,
    }


def made_up_user_json(
    *, email: str, user_metadata: Mapping[str, object], now: datetime
) -> dict[str, object]:
    """What a sign-up with a known address is answered: a user who does not exist."""
    return {
        "id": str(uuid4()),
        "aud": AUDIENCE,
        "role": "",
        "email": email,
        "phone": "",
        "confirmation_sent_at": _timestamp(now),
        "created_at": _timestamp(now),
        "updated_at": _timestamp(now),
        "app_metadata": {"provider": "email", "providers": ["email"]},
        "user_metadata": dict(user_metadata),
        "identities": [],
        "is_anonymous": False,
    }


def session_json(
    user: StoredUser,
    session: StoredSession,
    *,
    refresh_token: str,
    key: SigningKey,
    issuer: str,
    now: datetime,
) -> dict[str, object]:
    return {
        "access_token": key.sign(access_claims(user, session, issuer=issuer, now=now)),
        "token_type": "bearer",
        "expires_in": int(ACCESS_TOKEN_LIFETIME.total_seconds()),
        "expires_at": int((now + ACCESS_TOKEN_LIFETIME).timestamp()),
        "refresh_token": refresh_token,
        "user": user_json(user),
    }


def access_claims(
    user: StoredUser,
    session: StoredSession,
    *,
    issuer: str,
    now: datetime,
    lifetime: timedelta = ACCESS_TOKEN_LIFETIME,
) -> dict[str, Any]:
    return {
        "iss": issuer,
        "sub": str(user.id),
        "aud": AUDIENCE,
        "exp": int((now + lifetime).timestamp()),
        "iat": int(now.timestamp()),
        "email": user.email,
        "phone": "",
        "app_metadata": user.app_metadata,
        "user_metadata": user.user_metadata,
        "role": "authenticated",
        "aal": "aal1",
        "amr": [{"method": session.method, "timestamp": int(session.created_at.timestamp())}],
        "session_id": str(session.id),
        "is_anonymous": False,
    }


def _identity(user: StoredUser) -> dict[str, object]:
    signed_in = (
        {"last_sign_in_at": _timestamp(user.last_sign_in_at)} if user.last_sign_in_at else {}
    )
    return {
        # Stable without a table of its own: each user has exactly this one identity.
        "identity_id": str(uuid5(NAMESPACE_OID, str(user.id))),
        "id": str(user.id),
        "user_id": str(user.id),
        "identity_data": {
            "email": user.email,
            "email_verified": user.email_confirmed_at is not None,
            "phone_verified": False,
            "sub": str(user.id),
        },
        "provider": "email",
        **signed_in,
        "created_at": _timestamp(user.created_at),
        "updated_at": _timestamp(user.created_at),
        "email": user.email,
    }


def _timestamp(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
