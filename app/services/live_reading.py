"""What is sent for an event: read when it is sent, on behalf of the one who receives it."""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from app.crud.crud_live_event import NewsRow
from app.crud.crud_notification import NotificationCrud, NotificationRow
from app.db.session import Session
from app.schemas.base_schemas import ResponseSchema
from app.schemas.live_schemas import (
    LiveCheckin,
    LiveMessage,
    LiveNotification,
    LiveReset,
    LiveVerification,
)
from app.services.notification_service import read_notification

Notifications = Mapping[UUID, NotificationRow]


def to_json(update: ResponseSchema) -> str:
    return update.model_dump_json(by_alias=True)


RESET = to_json(LiveReset())


async def read_notifications(
    session: Session, news: Sequence[NewsRow], user_ids: Sequence[UUID]
) -> Notifications:
    """The notifications that some events are about, in one statement or none."""
    ids = {row["target_id"] for row in news if row["event"] == "notification"} - {None}
    if not ids:
        return {}
    found = await NotificationCrud(session).list_among([*filter(None, ids)], user_ids)
    return {row["id"]: row for row in found}


def describe(row: NewsRow, notifications: Notifications) -> str | None:
    """The `data` of an event; None when its target is gone, or not the reader's to see."""
    update = _DESCRIBE[row["event"] or ""](row, notifications)
    return None if update is None else to_json(update)


def _notification(row: NewsRow, notifications: Notifications) -> ResponseSchema | None:
    found = notifications.get(row["target_id"]) if row["target_id"] else None
    return None if found is None else LiveNotification(notification=read_notification(found))


def _message(row: NewsRow, _: Notifications) -> ResponseSchema | None:
    if not (row["is_visible"] and row["target_id"] and row["partnership_id"] and row["sender_id"]):
        return None
    return LiveMessage(
        message_id=row["target_id"],
        partnership_id=row["partnership_id"],
        sender_id=row["sender_id"],
    )


def _checkin(row: NewsRow, _: Notifications) -> ResponseSchema | None:
    if row["target_id"] is None:
        return LiveCheckin(checkin_id=None)
    if row["owner_id"] is None:
        return LiveCheckin(checkin_id=row["target_id"], deleted=True)
    if not row["is_visible"]:
        return None
    return LiveCheckin(
        checkin_id=row["target_id"],
        user_id=row["owner_id"],
        system_id=row["system_id"],
        status=row["status"],
        local_date=row["local_date"],
    )


def _verification(row: NewsRow, _: Notifications) -> ResponseSchema | None:
    if row["target_id"] is None:
        return LiveVerification(checkin_id=None)
    if not row["is_visible"]:
        return None
    return LiveVerification(
        checkin_id=row["target_id"],
        user_id=row["owner_id"],
        system_id=row["system_id"],
        status=row["status"],
    )


_DESCRIBE: dict[str, Callable[[NewsRow, Notifications], ResponseSchema | None]] = {
    "notification": _notification,
    "message": _message,
    "checkin": _checkin,
    "verification": _verification,
}
