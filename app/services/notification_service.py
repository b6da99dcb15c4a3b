"""Notifications: written with their cause, read by their recipient."""

from uuid import UUID

from app.core.clock import Clock
from app.core.errors import NotificationNotFound
from app.core.notification_catalogue import NotificationType
from app.core.paging import PageRequest
from app.crud.crud_notification import (
    NotificationCrud,
    NotificationDraft,
    NotificationRow,
)
from app.crud.crud_user import Account
from app.db.session import Session
from app.schemas.base_schemas import pagination
from app.schemas.notification_schemas import (
    MarkedCount,
    NotificationActor,
    NotificationPage,
    NotificationPagination,
    NotificationRead,
    NotificationTarget,
    UnreadCount,
)


class NotificationService:
    def __init__(self, session: Session, clock: Clock) -> None:
        self._notifications = NotificationCrud(session)
        self._clock = clock

    async def notify(self, recipient_id: UUID, draft: NotificationDraft) -> None:
        """Tell somebody, in the caller's transaction, unless they switched this off."""
        await self._notifications.add(recipient_id, draft, self._clock.now())

    async def list(
        self,
        account: Account,
        *,
        page: PageRequest,
        is_read: bool | None,
        types: list[NotificationType] | None,
    ) -> NotificationPage:
        rows, total, unread = await self._notifications.list_for(
            account.id, page=page, is_read=is_read, types=types
        )
        return NotificationPage(
            items=[read_notification(row) for row in rows],
            pagination=NotificationPagination(**dict(pagination(page, total)), unread_count=unread),
        )

    async def count_unread(self, account: Account) -> UnreadCount:
        return UnreadCount(count=await self._notifications.unread_count(account.id))

    async def mark_read(self, account: Account, notification_id: UUID) -> NotificationRead:
        """Once more changes nothing. Raises NotificationNotFound."""
        row = await self._notifications.mark_read(notification_id, account.id, self._clock.now())
        if row is None:
            raise NotificationNotFound
        return read_notification(row)

    async def mark_all_read(self, account: Account) -> MarkedCount:
        marked = await self._notifications.mark_all_read(account.id, self._clock.now())
        return MarkedCount(marked_count=marked)

    async def delete(self, account: Account, notification_id: UUID) -> None:
        """Raises NotificationNotFound."""
        if not await self._notifications.delete(notification_id, account.id):
            raise NotificationNotFound


def read_notification(row: NotificationRow) -> NotificationRead:
    return NotificationRead(
        id=row["id"],
        type=row["type"],
        title=row["title"],
        message=row["message"],
        timestamp=row["created_at"],
        is_read=row["is_read"],
        read_at_utc=row["read_at_utc"],
        action_link=row["link_to"],
        icon=row["icon_identifier"],
        actor=NotificationActor(
            id=row["actor_id"], name=row["actor_name"], avatar_url=row["actor_avatar_url"]
        )
        if row["actor_id"]
        else None,
        target=NotificationTarget(
            type=row["target_type"], id=row["target_id"], name=row["target_name"]
        )
        if row["target_type"] and row["target_id"]
        else None,
    )
