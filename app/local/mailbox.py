"""The mailbox of local mode: every e-mail is kept in the database and shown on a page, not sent."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, JSONResponse
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    MetaData,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.clock import Clock
from app.local.rendering import render

MAILBOX_PATH = "/_local/mailbox"
KEPT_MESSAGES = 500
_PREPARE_LOCK = 0x6475_6F74_0001
_MAX_BIGINT = 2**63 - 1

# An own MetaData: Alembic must never see these tables.
metadata = MetaData(schema="local")
emails = Table(
    "emails",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("to", Text, nullable=False, index=True),
    Column("subject", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("sent_at", DateTime(timezone=True), nullable=False),
)

# The page itself needs no script. A message is drawn inside a sandboxed frame that inherits this
# policy, so a hostile message can run nothing either.
PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; "
    "img-src http: https: data:; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True, slots=True)
class StoredEmail:
    id: int
    to: str
    subject: str
    html: str
    text: str
    sent_at: datetime

    @property
    def links(self) -> list[str]:
        return extract_links(html=self.html, text=self.text)

    def as_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "to": self.to,
            "subject": self.subject,
            "html": self.html,
            "text": self.text,
            "links": self.links,
            "sentAt": self.sent_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        }


async def prepare(engine: AsyncEngine) -> None:
    """Create schema `local` and its table, if missing. Safe when two processes do it at once."""
    async with engine.begin() as connection:
        # CREATE ... IF NOT EXISTS alone fails when two sessions create the same name at once.
        await connection.execute(select(func.pg_advisory_xact_lock(_PREPARE_LOCK)))
        await connection.execute(text("CREATE SCHEMA IF NOT EXISTS local"))
        await connection.run_sync(metadata.create_all)


class Mailbox:
    """Keeps the newest 500 e-mails. `prepare` must have run on the engine before.

    `engine` is called at each use, because the engine does not exist yet when the app is put
    together. `router` serves the page and the JSON list under `/_local/mailbox`.
    """

    def __init__(self, *, engine: Callable[[], AsyncEngine], clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self.router = self._build_router()

    async def add(self, *, to: str, subject: str, html: str, text: str) -> None:
        """Keep one e-mail, committed when this returns, and let go of the oldest beyond 500."""
        values = {"to": to, "subject": " ".join(subject.split()), "html": html, "text": text}
        async with self._engine().begin() as connection:
            await connection.execute(
                insert(emails).values(
                    **{name: _storable(value) for name, value in values.items()},
                    sent_at=self._clock.now(),
                )
            )
            oldest_to_drop = (
                select(emails.c.id).order_by(emails.c.id.desc()).offset(KEPT_MESSAGES).limit(1)
            )
            await connection.execute(
                delete(emails).where(emails.c.id <= oldest_to_drop.scalar_subquery())
            )

    async def messages(self, *, to: str | None = None) -> list[StoredEmail]:
        """All kept e-mails, newest first; only those to `to` (without case) if given."""
        query = select(emails).order_by(emails.c.id.desc()).limit(KEPT_MESSAGES)
        if to is not None:
            query = query.where(func.lower(emails.c.to) == _storable(to).strip().lower())
        async with self._engine().connect() as connection:
            return [StoredEmail(**row._mapping) for row in await connection.execute(query)]

    async def message(self, message_id: int) -> StoredEmail | None:
        """One e-mail, or None when there is none (any more)."""
        if message_id > _MAX_BIGINT:
            return None
        async with self._engine().connect() as connection:
            query = select(emails).where(emails.c.id == message_id)
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else StoredEmail(**row._mapping)

    def _build_router(self) -> APIRouter:
        router = APIRouter(prefix=MAILBOX_PATH, include_in_schema=False)
        recipient = Annotated[str | None, Query()]

        @router.get("")
        async def list_page(to: recipient = None) -> HTMLResponse:
            found = await self.messages(to=to or None)
            page = render("mailbox/list.html", messages=found, to=to or "", path=MAILBOX_PATH)
            return HTMLResponse(page, headers=PAGE_HEADERS)

        @router.get("/messages")
        async def list_messages(to: recipient = None) -> JSONResponse:
            found = await self.messages(to=to)
            return JSONResponse(
                [message.as_json() for message in found], headers={"Cache-Control": "no-store"}
            )

        @router.get("/{message_id:int}")
        async def message_page(message_id: int) -> HTMLResponse:
            found = await self.message(message_id)
            page = render("mailbox/message.html", message=found, path=MAILBOX_PATH)
            return HTMLResponse(page, status_code=200 if found else 404, headers=PAGE_HEADERS)

        return router


def extract_links(*, html: str, text: str) -> list[str]:
    """The http(s) links of an e-mail in reading order, those of the HTML first, each once."""
    parser = _LinkParser()
    parser.feed(html)
    parser.close()
    # Punctuation that ends a sentence is not part of the address before it.
    plain = (match.rstrip(".,;:!?)]}'\"") for match in re.findall(r"https?://[^\s<>\"]+", text))
    return list(dict.fromkeys([*_web_addresses(parser.links), *plain]))


def _web_addresses(links: Iterable[str]) -> Iterable[str]:
    return (link for link in links if link.lower().startswith(("http://", "https://")))


class _LinkParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links.extend(value.strip() for name, value in attrs if name == "href" and value)


def _storable(value: str) -> str:
    """PostgreSQL text holds neither NUL nor lone surrogates."""
    return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
