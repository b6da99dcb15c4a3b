"""What a handler of jobs is, what it works with, and how it says that a job is not done."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from app.clients.resend_client import EmailSender
from app.clients.supabase_auth import AuthClient
from app.core.clock import Clock
from app.core.config import Settings
from app.db.session import Database
from app.jobs.account_deletion import ObjectStore
from app.jobs.payloads import Payload

P = TypeVar("P", bound=Payload)


@dataclass(frozen=True, slots=True)
class Resources:
    """What handlers work with. Without a `sender` e-mails wait for a worker that has one."""

    database: Database
    auth: AuthClient
    storage: ObjectStore
    sender: EmailSender | None
    clock: Clock
    settings: Settings


class TryAgain(Exception):
    """The job is to be done later: something outside was not ready. That is no failure.

    It may be raised any number of times. `reason` is shown to operators: no personal data.
    """

    def __init__(self, reason: str, *, after: timedelta) -> None:
        super().__init__(reason)
        self.after = after


class GiveUp(Exception):
    """The job is held at once, for somebody to look at. `reason` as in TryAgain."""


@dataclass(frozen=True, slots=True)
class Handler(Generic[P]):
    """How one kind of job is done. It is done at least once: it must bear being done twice.

    While the database is away or too busy, it waits. Any other exception than those above counts
    as a failure: after `attempts` of them, with growing pauses, the job is held. It fails, too,
    when it takes more than `timeout_seconds`.
    """

    payload: type[P]
    run: Callable[[P, Resources], Awaitable[None]]
    timeout_seconds: float = 60.0
    attempts: int = 8

    async def handle(self, payload: bytes | None, resources: Resources) -> None:
        await self.run(self.payload.model_validate_json(payload or b"{}"), resources)
