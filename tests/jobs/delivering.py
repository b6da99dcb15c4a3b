"""What tests of the e-mail outbox share."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import FastAPI

from app.clients.resend_client import EmailNotSent, OutgoingEmail, Refusal
from app.crud.crud_email_outbox import EmailOutboxCrud
from tests.jobs.working import deliver_due
from tests.support import FrozenClock, rows

PAYLOAD = {
    "inviter_name": "Alice",
    "partnership_name": None,
    "personal_message": None,
    "invite_url": "https://app.test/secret-link",
    "valid_days": 7,
}
Reaction = BaseException | Callable[[], Awaitable[None]]


class Recorder:
    """An EmailSender that remembers what it was given and reacts as told."""

    def __init__(self, *reactions: Reaction) -> None:
        self.sent: list[OutgoingEmail] = []
        self.reactions = list(reactions)

    async def send(self, email: OutgoingEmail) -> None:
        self.sent.append(email)
        reaction = self.reactions.pop(0) if self.reactions else None
        if isinstance(reaction, BaseException):
            raise reaction
        if reaction is not None:
            await reaction()

    @property
    def ids(self) -> set[UUID]:
        return {email.id for email in self.sent}


def refused(refusal: Refusal, retry_after: timedelta | None = None) -> EmailNotSent:
    return EmailNotSent("ResendError", refusal=refusal, retry_after=retry_after)


LATER, UNCLEAR = Refusal.LATER, Refusal.UNCLEAR


async def queue(app: FastAPI, *addresses: str, **fields: Any) -> None:
    values = {"kind": "partnership_invitation", "payload": PAYLOAD} | fields
    async with app.state.database.session() as session, session.begin():
        for address in addresses:
            await EmailOutboxCrud(session).add(
                to_email=address, now=app.state.clock.now(), **values
            )


async def outbox(app: FastAPI) -> list[Any]:
    return await rows(app, "SELECT * FROM email_outbox ORDER BY to_email")


async def try_until_next(app: FastAPI, clock: FrozenClock, sender: Recorder) -> Any:
    """One attempt; then it is the time of the next one, if there is one. Returns the row."""
    assert await deliver_due(app, sender) == 1
    (row,) = await outbox(app)
    if row["status"] == "pending":
        clock.set(row["next_attempt_at"])
    return row


def history(row: Any) -> list[str]:
    return [entry["status"] for entry in row["history"]]
