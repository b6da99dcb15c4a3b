"""Sending one e-mail."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import Protocol
from uuid import UUID

import httpx

from app.core.config import EmailMode, Settings
from app.emails.render import RenderedEmail

TIMEOUT_SECONDS = 10.0
LONGEST_WAIT = timedelta(hours=1)  # believed of what the vendor asks for

_TRY_LATER = frozenset({408, 425, 429})
_CONFIGURATION = frozenset({401, 403, 404, 405})
_CONFIGURATION_TYPES = frozenset(
    {"missing_api_key", "restricted_api_key", "invalid_api_key", "invalid_from_address"}
)
_NEVER_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class OutgoingEmail:
    """`id` makes sending it twice harmless, and comes back in what the vendor reports of it.

    `headers` are those of the e-mail, such as List-Unsubscribe.
    """

    id: UUID
    to: str
    content: RenderedEmail
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Enum):
    """What is known about an e-mail that the vendor did not accept in so many words."""

    LATER = auto()
    """Not accepted now: limits, or nobody answers."""
    CONFIGURATION = auto()
    """Not accepted while this service is set up as it is: the key, the sender's domain."""
    FOR_EVER = auto()
    """Not acceptable: sending the same again is of no use."""
    UNCLEAR = auto()
    """It may have been accepted. Only the same `id` may be sent again, within 24 hours."""


class EmailNotSent(Exception):
    """Its acceptance was not confirmed. `retry_after` is what the vendor asked for, if anything.

    The reason names an error and a status: neither the address nor the text.
    """

    def __init__(
        self, reason: str, *, refusal: Refusal, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(reason)
        self.refusal = refusal
        self.retry_after = retry_after


class EmailSender(Protocol):
    async def send(self, email: OutgoingEmail) -> None:
        """Hand an e-mail over. Raises EmailNotSent."""
        ...


class ResendSender:
    """EmailSender over the `resend` package."""

    def __init__(
        self, *, api_key: str, sender: str, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self._api_key = api_key
        self._sender = sender
        self._timeout_seconds = timeout_seconds

    async def send(self, email: OutgoingEmail) -> None:
        import resend  # its import is slow, and only a sender needs it
        from resend.exceptions import ResendError

        resend.api_key = self._api_key
        parameters: resend.Emails.SendParams = {
            "from": self._sender,
            "to": email.to,
            "subject": email.content.subject,
            "html": email.content.html,
            "text": email.content.text,
            "tags": [{"name": "email_id", "value": str(email.id)}],
        }
        if email.headers:
            parameters["headers"] = dict(email.headers)
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await resend.Emails.send_async(parameters, {"idempotency_key": str(email.id)})
        except ResendError as error:
            status = int(error.code) if str(error.code).isdecimal() else 500
            if status == 409 and error.error_type == "invalid_idempotent_request":
                return  # an earlier attempt was accepted; since then the wording has changed
            raise EmailNotSent(
                f"{type(error).__name__} {status}",
                refusal=_meaning(status, error.error_type, error),
                retry_after=_retry_after(error.headers),
            ) from error
        except (TimeoutError, OSError, RuntimeError) as error:
            raise EmailNotSent(type(error).__name__, refusal=Refusal.UNCLEAR) from error


def email_sender(settings: Settings) -> EmailSender | None:
    """What the settings say that e-mails are sent with; None where that is not Resend."""
    if settings.email_mode is not EmailMode.RESEND or settings.resend_api_key is None:
        return None
    return ResendSender(
        api_key=settings.resend_api_key.get_secret_value(), sender=settings.email_from
    )


def _meaning(status: int, error_type: str, error: BaseException) -> Refusal:
    if _has_never_connected(error) or status in _TRY_LATER:
        return Refusal.LATER
    if status in _CONFIGURATION or error_type in _CONFIGURATION_TYPES:
        return Refusal.CONFIGURATION
    # 409: the attempt before is still under way at the vendor's.
    return Refusal.UNCLEAR if status >= 500 or status == 409 else Refusal.FOR_EVER


def _has_never_connected(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, _NEVER_CONNECTED):
            return True
        error = error.__cause__ or error.__context__
    return False


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """The seconds of `Retry-After`; a date, which this vendor does not send, is not understood."""
    given = {name.lower(): value for name, value in headers.items()}.get("retry-after", "")
    if not given.isdecimal():
        return None
    return min(timedelta(seconds=int(given[:9])), LONGEST_WAIT)
