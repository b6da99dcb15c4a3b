"""Writing to one's partner (Specification §4.7)."""

from datetime import timedelta
from uuid import UUID

from app.core.clock import Clock
from app.core.errors import (
    MessageNotFound,
    MessageTooOld,
    NoActivePartnership,
    NotYours,
    UnknownImage,
)
from app.core.image_links import ImageLinks, reference_to
from app.core.notification_catalogue import NotificationType
from app.core.paging import PageRequest
from app.crud.crud_message import MessageCrud, SentRow
from app.crud.crud_message_state import MessageStateCrud
from app.crud.crud_notification import NotificationDraft, notification_parameters
from app.crud.crud_user import Account, UserCrud
from app.db.session import Session
from app.schemas.base_schemas import Page, pagination
from app.schemas.message_schemas import MarkedRead, MessageCreate, MessageRead
from app.services.message_reading import preview_of, read_message

DELETABLE_FOR = timedelta(minutes=15)


class MessageService:
    def __init__(self, session: Session, clock: Clock, links: ImageLinks) -> None:
        self._messages = MessageCrud(session)
        self._states = MessageStateCrud(session)
        self._users = UserCrud(session)
        self._clock = clock
        self._links = links

    async def list_thread(
        self, account: Account, *, page: PageRequest, before_id: UUID | None
    ) -> Page[MessageRead]:
        """The active thread, newest first. Raises NoActivePartnership, MessageNotFound."""
        partnership_id = _active_partnership(account)
        rows, total = await self._messages.list_thread(
            partnership_id, account.id, page=page, before_id=before_id
        )
        if before_id is not None and not total:
            await self._require(before_id, partnership_id)
        links = self._links.seen_by(account.id, self._clock.now())
        return Page(
            items=[read_message(row, links) for row in rows],
            pagination=pagination(page, total),
        )

    async def send(self, account: Account, data: MessageCreate) -> MessageRead:
        """Write to the partner and tell them, in one statement.

        Raises NoActivePartnership, UnknownImage.
        """
        partnership_id = _active_partnership(account)
        image_id = self._links.upload_id(data.image_url, account.id) if data.image_url else None
        if data.image_url and image_id is None:
            raise UnknownImage(field="imageUrl")
        now = self._clock.now()
        image = reference_to(image_id) if image_id else None
        preview = preview_of(account, data.text_content, data.emoji_content, image)
        row = await self._messages.send(
            from_id=account.id,
            in_partnership_id=partnership_id,
            image_id=image_id,
            given_text_content=data.text_content,
            given_emoji_content=data.emoji_content,
            given_image_url=image,
            given_reply_to_activity_id=data.reply_to_activity_id,
            given_reply_to_activity_summary=data.reply_to_activity_summary,
            given_sent_at_utc=now,
            **notification_parameters(account.partner_id, _draft(account, preview), now),
        )
        if row is None:
            current = await self._users.get_account(account.id)
            if current is None or current.current_partnership_id != partnership_id:
                raise NoActivePartnership  # it ended between two statements
            raise UnknownImage(field="imageUrl")
        return read_message(row, self._links.seen_by(account.id, now))

    async def mark_read(self, account: Account, up_to_id: UUID) -> MarkedRead:
        """Mark what the partner sent, up to one message.

        Raises NoActivePartnership, MessageNotFound.
        """
        marked = await self._states.mark_read(
            thread_id=_active_partnership(account),
            reader_id=account.id,
            up_to_id=up_to_id,
            now=self._clock.now(),
        )
        if marked is None:
            raise MessageNotFound
        return MarkedRead(marked_count=marked)

    async def delete(self, account: Account, message_id: UUID) -> None:
        """Take a young message back, from the partner's notification, too.

        Raises MessageNotFound, NotYours, MessageTooOld.
        """
        partnership_id = account.current_partnership_id
        if partnership_id is None:
            raise MessageNotFound
        not_before = self._clock.now() - DELETABLE_FOR
        if not await self._messages.delete_own(message_id, account.id, not_before=not_before):
            message = await self._require(message_id, partnership_id)
            if message["sender_id"] != account.id:
                raise NotYours
            if message["sent_at_utc"] < not_before:
                raise MessageTooOld
            raise MessageNotFound  # the partnership ended between two statements
        if account.partner_id is not None:
            await self._retell(account, partnership_id, account.partner_id)

    async def _retell(self, account: Account, partnership_id: UUID, partner_id: UUID) -> None:
        latest = await self._states.latest_unread(partnership_id, account.id)
        if latest is None:
            await self._states.withdraw(thread_id=partnership_id, reader_id=partner_id)
            return
        await self._states.say_another(
            thread_id=partnership_id,
            reader_id=partner_id,
            preview=preview_of(
                account, latest["text_content"], latest["emoji_content"], latest["image_url"]
            ),
            sent_at_utc=latest["sent_at_utc"],
        )

    async def _require(self, message_id: UUID, partnership_id: UUID) -> SentRow:
        message = await self._messages.sent(message_id, partnership_id)
        if message is None:
            raise MessageNotFound
        return message


def _active_partnership(account: Account) -> UUID:
    if account.current_partnership_id is None:
        raise NoActivePartnership
    return account.current_partnership_id


def _draft(account: Account, preview: str) -> NotificationDraft:
    return NotificationDraft(
        type=NotificationType.NEW_DIRECT_MESSAGE,
        title="New message",
        message=preview,
        actor_id=account.id,
        target_type="partnership",
    )
