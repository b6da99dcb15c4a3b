"""What the writers of e-mails work with."""

from collections.abc import Callable
from dataclasses import dataclass

from app.core.clock import Clock
from app.crud.crud_user import Account
from app.db.session import Session


@dataclass(frozen=True, slots=True)
class NotNeeded:
    """`reason` is kept in the row's history: words of ours, no personal data."""

    reason: str


@dataclass(frozen=True, slots=True)
class Links:
    """`to` makes an absolute link into the client from a path."""

    to: Callable[[str], str]
    unsubscribe: str
    settings: str


@dataclass(frozen=True, slots=True)
class Reading:
    """The recipient as of now, and where everything else is read."""

    account: Account
    session: Session
    clock: Clock
    links: Links

    @property
    def recipient_name(self) -> str | None:
        """How the recipient is greeted, if they ever said."""
        return self.account.name or self.account.username
