"""Sending one e-mail."""

import asyncio
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from app.emails.render import RenderedEmail

TIMEOUT_SECONDS = 10.0
PERMANENT_STATUS = frozenset({400, 401, 403, 404, 405, 422})


@dataclass(frozen=True, slots=True)
class OutgoingEmail:
    """`id` makes sending it twice harmless, where the vendor can tell."""

    id: UUID
    to: str
    content: RenderedEmail


class EmailNotSent(Exception):
    """It was not accepted. `permanent` means that trying again is of no use."""

    def __init__(self, reason: str, *, permanent: bool) -> None:
        super().__init__(reason)
        self.permanent = permanent


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
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await resend.Emails.send_async(
                    {
                        "from": self._sender,
                        "to": email.to,
                        "subject": email.content.subject,
                        "html": email.content.html,
                        "text": email.content.text,
                    },
                    {"idempotency_key": str(email.id)},
                )
        except ResendError as error:
            status = int(error.code) if str(error.code).isdecimal() else 500
            raise EmailNotSent(
                f"{type(error).__name__} {status}", permanent=status in PERMANENT_STATUS
            ) from error
        except (TimeoutError, OSError, RuntimeError) as error:
            raise EmailNotSent(type(error).__name__, permanent=False) from error
