"""Links that switch one kind of e-mail off without a login (RFC 8058).

The token names the account and the preference, and is signed: whoever holds the link may switch
that preference off, and nothing else. It does not expire, since e-mails are kept for years.
"""

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from uuid import UUID

from app.core.notification_catalogue import NotificationPreference

UNSUBSCRIBE_PATH = "/api/v1/email/unsubscribe"

_KEY_PURPOSE = b"duotrak unsubscribe links, version 1"
_TOKEN = re.compile(r"([A-Za-z0-9_-]{23,100})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Subscription:
    """An account and the preference that decides whether it gets a kind of e-mail."""

    user_id: UUID
    preference: NotificationPreference


@dataclass(frozen=True, slots=True)
class UnsubscribeLinks:
    """Makes links and reads their tokens. `base_url` is where the operation answers."""

    base_url: str
    key: bytes

    def link(self, subscription: Subscription) -> str:
        return f"{self.base_url}?token={self.token(subscription)}"

    def token(self, subscription: Subscription) -> str:
        named = subscription.user_id.bytes + subscription.preference.value.encode()
        subject = _encode(named)
        return f"{subject}.{self._signature(subject)}"

    def read(self, token: str) -> Subscription | None:
        """What a token is about; None when it is forged or names a preference of no e-mail."""
        match = _TOKEN.fullmatch(token)
        if match is None or not hmac.compare_digest(self._signature(match[1]), match[2]):
            return None
        try:
            named = base64.urlsafe_b64decode(match[1] + "=" * (-len(match[1]) % 4))
            return Subscription(UUID(bytes=named[:16]), NotificationPreference(named[16:].decode()))
        except (binascii.Error, ValueError):
            return None

    def _signature(self, subject: str) -> str:
        return _encode(hmac.new(self.key, subject.encode(), hashlib.sha256).digest())


def unsubscribe_links(*, public_api_url: str, secret: str) -> UnsubscribeLinks:
    """The links of this service. Their key is derived from `secret` for this purpose alone."""
    return UnsubscribeLinks(
        base_url=public_api_url.rstrip("/") + UNSUBSCRIBE_PATH,
        key=hmac.new(secret.encode(), _KEY_PURPOSE, hashlib.sha256).digest(),
    )


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
