"""Notifications (Specification §4.8)."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.api.deps import CurrentUser, Notifications, PageDep
from app.api.openapi import errors
from app.api.routing import ApiRouter
from app.core.enums import LenientEnum
from app.core.errors import ErrorCode
from app.core.notification_catalogue import NotificationType
from app.schemas.base_schemas import BlankIsNull, BlanksLeftOut, Envelope, blank_is, envelope
from app.schemas.notification_schemas import (
    MarkedCount,
    NotificationPage,
    NotificationRead,
    UnreadCount,
)

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
        NotificationFilter,
        blank_is(NotificationFilter.ALL),
        Query(alias="filter", description="`unread` is short for isRead=false."),
    ] = NotificationFilter.ALL,
    event_type: Annotated[
        list[NotificationType] | None,
        BlanksLeftOut,
        Query(alias="eventType", description="Repeat for several."),
    ] = None,
) -> Envelope[NotificationPage]:
    """Newest first; the pagination also counts all unread ones."""
    if filter_ is NotificationFilter.UNREAD:
        is_read = False
    found = await notifications.list(user, page=page, is_read=is_read, types=event_type)
    return envelope(found, "Your notifications.")


@router.get("/unread-count", summary="Count my unread notifications")
async def count_unread_notifications(
    user: CurrentUser, notifications: Notifications
) -> Envelope[UnreadCount]:
    """The number for a badge."""
    return envelope(await notifications.count_unread(user), "Your unread notifications.")


@router.post("/mark-all-read", summary="Mark all my notifications read")
async def mark_all_notifications_read(
    user: CurrentUser, notifications: Notifications
) -> Envelope[MarkedCount]:
    """Those that exist now; one that arrives meanwhile stays unread."""
    return envelope(await notifications.mark_all_read(user), "All notifications are read.")


@router.post(
    "/{notification_id}/read",
    summary="Mark a notification read",
    responses=errors(ErrorCode.NOTIFICATION_NOT_FOUND),
)
async def mark_notification_read(
    notification_id: UUID, user: CurrentUser, notifications: Notifications
) -> Envelope[NotificationRead]:
    """Again is no error: `readAtUtc` stays the first time. Read ones go after 90 days."""
    found = await notifications.mark_read(user, notification_id)
    return envelope(found, "Notification read.")


@router.delete(
    "/{notification_id}",
    status_code=204,
    summary="Delete a notification",
    responses=errors(ErrorCode.NOTIFICATION_NOT_FOUND),
)
async def delete_notification(
    notification_id: UUID, user: CurrentUser, notifications: Notifications
) -> None:
    """It is gone for good; what it was about is not touched."""
    await notifications.delete(user, notification_id)
