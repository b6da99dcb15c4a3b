"""The thread of a partnership: reading it, and writing to it while the partnership is active."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Uuid,
    bindparam,
    delete,
    insert,
    null,
    or_,
    select,
    tuple_,
)

from app.core.enums import ReactionTarget, UploadPurpose
from app.core.paging import PageRequest
from app.crud.base_crud import BaseCrud, PagedQuery, count_of
from app.crud.crud_notification import insert_chat_notification
from app.crud.reaction_columns import reactions_json
from app.db.models import DirectMessage, Partnership, Upload, User
from app.db.query import Query, parameter


class MessageRow(TypedDict):
    """`reactions` are `{"emoji", "user_id"}`, oldest first."""

    id: UUID
    partnership_id: UUID
    sender_id: UUID
    text_content: str | None
    emoji_content: str | None
    image_url: str | None
    sent_at_utc: datetime
    read_at_utc: datetime | None
    reply_to_activity_id: str | None
    reply_to_activity_summary: str | None
    reactions: list[dict[str, Any]] | None


class SentRow(TypedDict):
    sender_id: UUID
    sent_at_utc: datetime


def _read(of: Any) -> tuple[Any, ...]:
    """The columns of a MessageRow but its reactions, from a table or a CTE of messages."""
    return (
        of.id,
        of.partnership_id,
        of.sender_id,
        of.text_content,
        of.emoji_content,
        of.image_url,
        of.sent_at_utc,
        of.read_at_utc,
        of.reply_to_activity_id,
        of.reply_to_activity_summary,
    )


def _thread(*narrower: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Newest first; nothing for somebody who is not a member."""
    return (
        select(
            *_read(DirectMessage),
            reactions_json(ReactionTarget.DIRECT_MESSAGE, DirectMessage.id).label("reactions"),
        )
        .join(Partnership, Partnership.id == DirectMessage.partnership_id)
        .where(
            Partnership.id == bindparam("partnership_id"),
            or_(
                Partnership.user1_id == bindparam("member_id"),
                Partnership.user2_id == bindparam("member_id"),
            ),
            *narrower,
        )
        .order_by(DirectMessage.sent_at_utc.desc(), DirectMessage.id.desc())
    )


def _in_thread(message_id: str) -> ColumnElement[bool]:
    """Whether it is the message of this parameter, in the thread of `partnership_id`."""
    return (DirectMessage.id == bindparam(message_id, type_=Uuid)) & (
        DirectMessage.partnership_id == bindparam("partnership_id", type_=Uuid)
    )


def _send() -> Query[MessageRow]:
    """Insert a message and tell the partner, if the partnership and the image are as was said.

    The lock on the sender's row makes the partnership's end wait, and the other way round.
    """
    given: dict[str, Any] = {
        "text_content": DirectMessage.text_content,
        "emoji_content": DirectMessage.emoji_content,
        "image_url": DirectMessage.image_url,
        "reply_to_activity_id": DirectMessage.reply_to_activity_id,
        "reply_to_activity_summary": DirectMessage.reply_to_activity_summary,
        "sent_at_utc": DirectMessage.sent_at_utc,
    }
    image_id = bindparam("image_id", type_=Uuid)
    sender = (
        select(User.id, User.current_partnership_id)
        .where(
            User.id == bindparam("from_id"),
            User.current_partnership_id == bindparam("in_partnership_id", type_=Uuid),
        )
        .with_for_update(read=True)
        .cte("sender")
    )
    image_is_own = or_(
        image_id.is_(None),
        select(Upload.id)
        .where(
            Upload.id == image_id,
            Upload.user_id == sender.c.id,
            Upload.purpose == UploadPurpose.MESSAGE,
        )
        .correlate_except(Upload)
        .exists(),
    )
    saved = (
        insert(DirectMessage)
        .from_select(
            ["partnership_id", "sender_id", *given, "created_at", "updated_at"],
            select(
                sender.c.current_partnership_id,
                sender.c.id,
                *(parameter(f"given_{name}", column) for name, column in given.items()),
                parameter("given_sent_at_utc", DirectMessage.created_at),
                parameter("given_sent_at_utc", DirectMessage.created_at),
            ).where(image_is_own),
            include_defaults=False,  # the ids come from the server
        )
        .returning(DirectMessage)
        .cte("saved")
    )
    told = insert_chat_notification(saved, saved.c.partnership_id).cte("told")
    return Query(select(*_read(saved.c), null().label("reactions")).add_cte(told), MessageRow)


def _thread_query(before: bool) -> PagedQuery[MessageRow]:
    """Threads are long: what is counted but not shown is only looked up in the index."""
    cursor = select(DirectMessage.sent_at_utc).where(_in_thread("before_id")).scalar_subquery()

    def wanted(of: Any) -> Iterator[ColumnElement[bool]]:
        yield of.partnership_id == bindparam("partnership_id")
        if before:
            last = tuple_(cursor, bindparam("before_id", type_=Uuid))
            yield tuple_(of.sent_at_utc, of.id) < last

    return PagedQuery(
        _thread(*wanted(DirectMessage)), MessageRow, total=count_of(DirectMessage, wanted)
    )


THREAD = _thread_query(before=False)
THREAD_BEFORE = _thread_query(before=True)
SENT = Query(
    select(DirectMessage.sender_id, DirectMessage.sent_at_utc).where(_in_thread("message_id")),
    SentRow,
)
SEND = _send()


class MessageCrud(BaseCrud):
    async def list_thread(
        self,
        partnership_id: UUID,
        member_id: UUID,
        *,
        page: PageRequest,
        before_id: UUID | None = None,
    ) -> tuple[Sequence[MessageRow], int]:
        """Newest first, or only what is older than one message of the thread.

        Empty for somebody who is not a member, and before a message that does not exist.
        """
        if before_id is None:
            return await THREAD.fetch(
                self.session, page=page, partnership_id=partnership_id, member_id=member_id
            )
        return await THREAD_BEFORE.fetch(
            self.session,
            page=page,
            partnership_id=partnership_id,
            member_id=member_id,
            before_id=before_id,
        )

    async def sent(self, message_id: UUID, partnership_id: UUID) -> SentRow | None:
        """By whom and when a message was sent; None when the thread has no such message."""
        return await self.session.fetch_one(
            SENT, message_id=message_id, partnership_id=partnership_id
        )

    async def send(self, **parameters: Any) -> MessageRow | None:
        """None when the partnership is not the sender's active one, or the image not theirs."""
        return await self.session.fetch_one(SEND, **parameters)

    async def delete_own(self, message_id: UUID, sender_id: UUID, *, not_before: datetime) -> bool:
        """Delete what was sent at `not_before` or later, in the partnership that is active now.

        False when there is no such message of theirs. Until the transaction ends, nobody sends
        another one in their name.
        """
        sender = (
            select(User.id, User.current_partnership_id)
            .where(User.id == sender_id)
            .with_for_update(key_share=True)
            .cte("sender")
        )
        deleted = await self.session.scalar(
            delete(DirectMessage)
            .where(
                DirectMessage.id == message_id,
                DirectMessage.sender_id == sender.c.id,
                DirectMessage.partnership_id == sender.c.current_partnership_id,
                DirectMessage.sent_at_utc >= not_before,
            )
            .returning(DirectMessage.id)
            .execution_options(synchronize_session=False)
        )
        return deleted is not None
