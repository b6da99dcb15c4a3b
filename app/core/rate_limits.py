"""How often something may be done: signing up and in, writing, uploading; and how it is told.

Windows are fixed: all attempts of one window count together, and it ends for everybody at once.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import AddressValueError, IPv4Address, IPv6Address, IPv6Network
from typing import Final

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
QUARTER: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `quota` attempts of one subject in each window. The name is part of the API."""

    name: str
    quota: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class AttemptLimits:
    """The limits of one action: for the e-mail address it is about, and for the client's address.

    Actions that know no e-mail address yet are limited by client only.
    """

    per_address: Limit | None
    per_client: Limit


SIGN_UP: Final = AttemptLimits(Limit("signup", 5, HOUR), Limit("signup-client", 30, HOUR))
LOG_IN: Final = AttemptLimits(Limit("login", 10, QUARTER), Limit("login-client", 60, QUARTER))
REFRESH: Final = AttemptLimits(None, Limit("refresh-client", 300, QUARTER))
VERIFY_EMAIL: Final = AttemptLimits(None, Limit("verify-email-client", 30, HOUR))
RESEND: Final = AttemptLimits(Limit("resend", 5, HOUR), Limit("resend-client", 30, HOUR))
FORGOT: Final = AttemptLimits(Limit("forgot", 5, HOUR), Limit("forgot-client", 30, HOUR))
RESET: Final = AttemptLimits(None, Limit("reset-client", 30, HOUR))

# Of one user: everything but reading, and of that, images; and what is a lot to read.
WRITES: Final = Limit("writes", 120, MINUTE)
UPLOADS: Final = Limit("uploads", 60, HOUR)
EXPORTS: Final = Limit("exports", 10, HOUR)
INVITATIONS: Final = Limit("invitations", 5, DAY)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a subject stands after an attempt. `resets_in` is in seconds, at least 1."""

    limit: Limit
    used: int
    resets_in: int

    @property
    def is_exceeded(self) -> bool:
        return self.used > self.limit.quota

    @property
    def remaining(self) -> int:
        return max(0, self.limit.quota - self.used)


def headers(standings: Sequence[Standing]) -> dict[str, str]:
    """`RateLimit` and `RateLimit-Policy` (IETF draft httpapi-ratelimit-headers)."""
    return {
        "RateLimit-Policy": ", ".join(
            f'"{standing.limit.name}";q={standing.limit.quota}'
            f";w={int(standing.limit.window.total_seconds())}"
            for standing in standings
        ),
        "RateLimit": ", ".join(
            f'"{standing.limit.name}";r={standing.remaining};t={standing.resets_in}'
            for standing in standings
        ),
    }


def subject_of(value: str, *, key: bytes) -> str:
    """What is stored instead of an address: without the key nobody can look for one."""
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()


def client_network(host: str) -> str:
    """Who counts as one client: an IPv4 address, or the /64 that one IPv6 subscriber gets."""
    try:
        address = IPv6Address(host.partition("%")[0])
    except AddressValueError:
        return host
    mapped: IPv4Address | None = address.ipv4_mapped
    return str(mapped) if mapped else str(IPv6Network((address, 64), strict=False))
