"""What tests of scans share: running one, and seeing what came of it."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from fastapi import FastAPI

from app.clients.resend_client import OutgoingEmail
from app.core.clock import Clock
from app.core.config import Settings
from app.db.session import Session
from tests.factories import Person
from tests.support import change_rows, data_of, rows

Scan = Callable[[Session, Clock, Settings], Awaitable[int]]


class KeptSender:
    """An EmailSender that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[OutgoingEmail] = []

    async def send(self, email: OutgoingEmail) -> None:
        self.sent.append(email)


async def run(app: FastAPI, scan: Scan) -> int:
    """Once, as the worker does; returns how many rows were written."""
    state = app.state
    async with state.database.session() as session:
        return await scan(session, state.clock, state.settings)


async def outbox(app: FastAPI, kind: str) -> list[Any]:
    """Status and reason of each e-mail of a kind, oldest first."""
    return await rows(
        app,
        "SELECT user_id, to_email, status, last_error, payload, history FROM email_outbox"
        " WHERE kind = :kind ORDER BY created_at, id",
        kind=kind,
    )


async def switch(person: Person, preference: str, *, enabled: bool) -> None:
    body = [{"id": preference, "enabled": enabled}]
    data_of(await person.put("/users/me/notification-preferences", body))


async def deactivate(app: FastAPI, person: Person) -> None:
    await change_rows(app, "UPDATE users SET is_active = false WHERE id = :id", id=person.id)


async def unconfirm(app: FastAPI, person: Person) -> None:
    await change_rows(
        app, "UPDATE users SET is_email_verified = false WHERE id = :id", id=person.id
    )


async def profile_changed_at(app: FastAPI, person: Person) -> datetime:
    (row,) = await rows(app, "SELECT updated_at FROM users WHERE id = :id", id=person.id)
    changed: datetime = row["updated_at"]
    return changed
