"""What the values of settings look like. Each raises ValueError with a sentence for operators."""

import re
from email.utils import getaddresses

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:]+\]|[a-z0-9_.-]+)(:[0-9]{1,5})?")
_MAILBOX = re.compile(r"[^<>\r\n]*<[^\s<>@]+@[^\s<>@]+\.[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+\.[^\s<>@]+")


def parse_origins(given: str) -> tuple[str, ...]:
    """Origins separated by commas, as browsers send them, without a slash at the end."""
    origins = tuple(part.strip().rstrip("/").lower() for part in given.split(",") if part.strip())
    for origin in origins:
        if origin != "*" and not _ORIGIN.fullmatch(origin):
            raise ValueError(
                "expected origins such as https://app.example.com, separated by commas"
            )
    return origins


def require_mailbox(given: str) -> str:
    """One address, with or without a name in front of it."""
    if not _MAILBOX.fullmatch(given) or len(getaddresses([given])) != 1:
        raise ValueError("expected one address such as DuoTrak <hello@example.com>")
    return given
