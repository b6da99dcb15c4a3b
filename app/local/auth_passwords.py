"""Passwords of the Supabase Auth stand-in: the rules, and argon2 hashes off the event loop."""

import asyncio
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from app.local.auth_errors import AuthError

MIN_PASSWORD_LENGTH = 8
# Supabase hashes with bcrypt, which looks at 72 bytes; it refuses longer passwords.
MAX_PASSWORD_BYTES = 72


@dataclass(frozen=True, slots=True)
class PasswordCost:
    """Argon2 parameters, about 10 ms. Light: they guard accounts on a developer's machine."""

    rounds: int = 2
    memory_kib: int = 8192


class Passwords:
    def __init__(self, cost: PasswordCost) -> None:
        self._hasher = PasswordHasher(
            time_cost=cost.rounds, memory_cost=cost.memory_kib, parallelism=1
        )
        self._nobodys_hash = self._hasher.hash("the password of nobody")

    async def hash(self, password: str) -> str:
        return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Without a hash the answer is no, after the same work: timing tells nothing."""
        matches = await asyncio.to_thread(
            self._matches, password_hash or self._nobodys_hash, password
        )
        return matches and password_hash is not None

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except VerifyMismatchError:
            return False


def check_strength(password: str) -> None:
    """Raises AuthError 422 `weak_password`, or 400 `validation_failed` when it is too long."""
    if len(password.encode()) > MAX_PASSWORD_BYTES:
        raise AuthError(
            400,
            "validation_failed",
            f"Password cannot be longer than {MAX_PASSWORD_BYTES} characters",
        )
    if len(password) < MIN_PASSWORD_LENGTH:
        raise AuthError(
            422,
            "weak_password",
            f"Password should be at least {MIN_PASSWORD_LENGTH} characters.",
            reasons=("length",),
        )
