"""Notifications (Specification §4.8)."""

from typing import Annotated

from fastapi import Query

from app.api.deps import CurrentUser, Notifications, PageDep
from app.api.routing import ApiRouter
from app.core.enums import LenientEnum
from app.core.notification_catalogue import NotificationType
from app.schemas.base_schemas import BlankIsNull, Envelope, envelope
from app.schemas.notification_schemas import NotificationPage

router = ApiRouter(prefix="/notifications", tags=["Notifications"])


class NotificationFilter(LenientEnum):
    ALL = "all"
    UNREAD = "unread"


@router.get("", summary="List my notifications")
async def list_notifications(
    user: CurrentUser,
    notifications: Notifications,
    page: PageDep,
    is_read: Annotated[bool | None, BlankIsNull, Query(alias="isRead")] = None,
    filter_: Annotated[
        NotificationFilter, Query(alias="filter", description="`unread` is short for isRead=false.")
    ] = NotificationFilter.ALL,
    event_type: Annotated[
        list[NotificationType] | None, Query(alias="eventType", description="Repeat for several.")
    ] = None,
) -> Envelope[NotificationPage]:
    """Newest first; the pagination also counts all unread ones."""
    if filter_ is NotificationFilter.UNREAD:
        is_read = False
    found = await notifications.list(user, page=page, is_read=is_read, types=event_type)
    return envelope(found, "Your notifications.")
