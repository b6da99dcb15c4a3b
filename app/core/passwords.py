"""What a new password needs at least. Supabase may be set up to ask for more."""

from typing import Final

from app.core.errors import WeakPassword

MIN_LENGTH: Final = 8
# bcrypt, which Supabase uses, reads no more.
MAX_BYTES: Final = 72


def require_strength(password: str, *, field: str) -> None:
    """Before a link is used up for it. Raises WeakPassword."""
    if len(password) < MIN_LENGTH:
        raise WeakPassword(
            field=field,
            reasons=(f"The password is too short: it needs {MIN_LENGTH} characters.",),
        )
