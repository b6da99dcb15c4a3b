"""How often something may be done, as numbers: clients and the documentation rely on them."""

from app.core import rate_limits
from app.core.rate_limits import AttemptLimits, Limit

PROMISED = [
    ("exports", 10, 3600),
    ("forgot", 5, 3600),
    ("forgot-client", 30, 3600),
    ("invitations", 5, 86400),
    ("login", 10, 900),
    ("login-client", 60, 900),
    ("refresh-client", 300, 900),
    ("resend", 5, 3600),
    ("resend-client", 30, 3600),
    ("reset-client", 30, 3600),
    ("signup", 5, 3600),
    ("signup-client", 30, 3600),
    ("uploads", 60, 3600),
    ("verify-email-client", 30, 3600),
    ("writes", 120, 60),
]


def test_each_limit_has_the_quota_and_the_seconds_that_were_promised() -> None:
    found: list[Limit] = []
    for value in vars(rate_limits).values():
        if isinstance(value, Limit):
            found.append(value)
        elif isinstance(value, AttemptLimits):
            found += [limit for limit in (value.per_address, value.per_client) if limit]

    told = [(limit.name, limit.quota, limit.window.total_seconds()) for limit in found]
    assert sorted(told) == PROMISED
