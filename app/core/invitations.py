"""Invitation tokens: 256 random bits in the link, only their SHA-256 in the database."""

import hashlib
import secrets
from datetime import timedelta

INVITE_VALID_FOR = timedelta(days=7)


def new_token() -> str:
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
