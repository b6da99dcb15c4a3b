"""Signatures of webhooks, as Standard Webhooks prescribes them. Pure: the caller brings the time.

The package `standardwebhooks` was looked at and left out: it reads the wall clock itself, knows one
secret at a time, separates signatures by spaces only, and lets malformed headers escape as other
exceptions than its own.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

TOLERANCE: Final = timedelta(minutes=5)
VERSION: Final = "v1"
SECRET_PREFIX: Final = "whsec_"
MIN_SECRET_BYTES: Final = 24
# A sender signs with its old and its new secret; more than a few of them is an attempt to be slow.
MAX_SIGNATURES: Final = 10

_SEPARATOR: Final = re.compile(r"[,\s]+")
_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}")
_MESSAGE_ID: Final = re.compile(r"[\x21-\x7e]{1,256}")


class WebhookRefused(ValueError):
    """Why a message is not believed. For logs only."""


@dataclass(frozen=True, slots=True)
class SignedMessage:
    """A request as it came: the raw body, and its three headers where there are any."""

    body: bytes = field(repr=False)
    message_id: str | None
    timestamp: str | None
    signature: str | None = field(repr=False)


def parse_secrets(raw: str) -> tuple[bytes, ...]:
    """The keys of `v1,whsec_…` or `whsec_…`, several separated by commas or spaces.

    Raises ValueError with a sentence for the operator; it never repeats a secret.
    """
    keys = tuple(_key(part) for part in _parts(raw) if part != VERSION)
    if not keys:
        raise ValueError(f"expected {VERSION},{SECRET_PREFIX}… (several separated by commas)")
    return keys


def verify(message: SignedMessage, *, keys: Sequence[bytes], now: datetime) -> None:
    """Check that the holder of one of `keys` signed the message within five minutes of `now`.

    Raises WebhookRefused. What the signature covers is the raw body: parse it only afterwards.
    """
    message_id, timestamp = message.message_id or "", message.timestamp or ""
    if not _MESSAGE_ID.fullmatch(message_id):
        raise WebhookRefused("no plausible id")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise WebhookRefused("no plausible timestamp")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        raise WebhookRefused("too old, or from the future")
    signed = b".".join((message_id.encode(), timestamp.encode(), message.body))
    expected = [hmac.new(key, signed, hashlib.sha256).digest() for key in keys]
    for signature in _signatures(message.signature or ""):
        fits = [hmac.compare_digest(signature, digest) for digest in expected]
        if any(fits):  # after comparing all: the time must not tell which one nearly fits
            return
    raise WebhookRefused("no signature fits")


def _signatures(header: str) -> Iterable[bytes]:
    """The signatures of version 1 in `v1,<base64> v1,<base64>`, or with commas all through."""
    version = None
    for part in _parts(header)[: 2 * MAX_SIGNATURES]:
        if re.fullmatch(r"v[0-9]+a?", part):
            version = part
        elif version == VERSION:
            try:
                yield base64.b64decode(part, validate=True)
            except ValueError:
                continue


def _parts(raw: str) -> list[str]:
    return [part for part in _SEPARATOR.split(raw) if part]


def _key(part: str) -> bytes:
    if not part.startswith(SECRET_PREFIX):
        raise ValueError(f"each secret starts with {SECRET_PREFIX}")
    encoded = part.removeprefix(SECRET_PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        raise ValueError(f"what follows {SECRET_PREFIX} must be base64") from None
    if len(key) < MIN_SECRET_BYTES:
        raise ValueError(f"a secret needs at least {MIN_SECRET_BYTES} bytes")
    return key
