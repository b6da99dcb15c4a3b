"""What has been read of a thread, and the one notification that stands for what has not."""

from datetime import datetime
from typing import TypedDict
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    String,
    Uuid,
    bindparam,
    delete,
    func,
    not_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import aliased

from app.core.notification_catalogue import NotificationType
from app.crud.base_crud import BaseCrud, IdRow
from app.db.models import DirectMessage, Notification
from app.db.query import Query, parameter


class MarkedRow(TypedDict):
    marked: int


class UnreadMessageRow(TypedDict):
    text_content: str | None
    emoji_content: str | None
    image_url: str | None
    sent_at_utc: datetime


def _chat_notification() -> tuple[ColumnElement[bool], ...]:
    """The unread one of the parameter `reader_id` about the thread `thread_id`."""
    return (
        Notification.recipient_id == bindparam("reader_id", type_=Uuid),
        Notification.target_id == bindparam("thread_id", type_=Uuid).cast(String),
        Notification.type == NotificationType.NEW_DIRECT_MESSAGE.value,
        not_(Notification.is_read),
    )


def _mark_read() -> Query[MarkedRow]:
    """A row when the message exists. The notification is read once nothing unread is left.

    A message that arrives meanwhile renews the notification, whose time then is later than what
    was read: it stays unread.
    """
    now = bindparam("now", type_=DateTime(timezone=True))
    thread_id = bindparam("thread_id", type_=Uuid)
    reader_id = bindparam("reader_id", type_=Uuid)
    up_to = (
        select(DirectMessage.id, DirectMessage.sent_at_utc)
        .where(
            DirectMessage.id == bindparam("up_to_id", type_=Uuid),
            DirectMessage.partnership_id == thread_id,
        )
        .cte("up_to")
    )
    cursor = tuple_(up_to.c.sent_at_utc, up_to.c.id)
    marked = (
        update(DirectMessage)
        .where(
            DirectMessage.partnership_id == thread_id,
            DirectMessage.sender_id != reader_id,
            DirectMessage.read_at_utc.is_(None),
            tuple_(DirectMessage.sent_at_utc, DirectMessage.id) <= cursor,
        )
        .values(read_at_utc=now, updated_at=now)
        .returning(DirectMessage.id)
        .cte("marked")
    )
    later = aliased(DirectMessage)
    unread_later = (
        select(later.id)
        .where(
            later.partnership_id == thread_id,
            later.sender_id != reader_id,
            later.read_at_utc.is_(None),
            tuple_(later.sent_at_utc, later.id) > cursor,
        )
        .correlate_except(later)
        .exists()
    )
    told = (
        update(Notification)
        .where(*_chat_notification(), Notification.created_at <= up_to.c.sent_at_utc, ~unread_later)
        .values(is_read=True, read_at_utc=now)
        .returning(Notification.id)
        .cte("told")
    )
    count = select(func.count()).select_from(marked).scalar_subquery()
    return Query(select(count.label("marked")).select_from(up_to).add_cte(told), MarkedRow)


MARK_READ = _mark_read()
LATEST_UNREAD = Query(
    select(
        DirectMessage.text_content,
        DirectMessage.emoji_content,
        DirectMessage.image_url,
        DirectMessage.sent_at_utc,
    )
    .where(
        DirectMessage.partnership_id == bindparam("thread_id"),
        DirectMessage.sender_id == bindparam("from_id"),
        DirectMessage.read_at_utc.is_(None),
    )
    .order_by(DirectMessage.sent_at_utc.desc(), DirectMessage.id.desc())
    .limit(1),
    UnreadMessageRow,
)
SAY_ANOTHER = Query(
    update(Notification)
    .where(*_chat_notification())
    .values(
        message=parameter("preview", Notification.message),
        created_at=parameter("said_at", Notification.created_at),
    )
    .returning(Notification.id),
    IdRow,
)
WITHDRAW = Query(
    delete(Notification).where(*_chat_notification()).returning(Notification.id), IdRow
)


class MessageStateCrud(BaseCrud):
    async def mark_read(
        self, *, thread_id: UUID, reader_id: UUID, up_to_id: UUID, now: datetime
    ) -> int | None:
        """How many were unread so far; None when the thread has no such message."""
        row = await self.session.fetch_one(
            MARK_READ,
            thread_id=thread_id,
            reader_id=reader_id,
            up_to_id=up_to_id,
            now=now,
        )
        return row["marked"] if row else None

    async def latest_unread(self, thread_id: UUID, sender_id: UUID) -> UnreadMessageRow | None:
        """The newest one of `sender_id` that the other has not read."""
        return await self.session.fetch_one(LATEST_UNREAD, thread_id=thread_id, from_id=sender_id)

    async def say_another(
        self, *, thread_id: UUID, reader_id: UUID, preview: str, sent_at_utc: datetime
    ) -> None:
        """Change the unread notification, if there is one, to speak of another message."""
        await self.session.fetch_one(
            SAY_ANOTHER,
            thread_id=thread_id,
            reader_id=reader_id,
            preview=preview,
            said_at=sent_at_utc,
        )

    async def withdraw(self, *, thread_id: UUID, reader_id: UUID) -> None:
        """Remove the unread notification, if there is one."""
        await self.session.fetch_one(WITHDRAW, thread_id=thread_id, reader_id=reader_id)
