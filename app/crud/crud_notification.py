"""Notifications of a recipient."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    FromClause,
    String,
    any_,
    bindparam,
    func,
    insert,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import InstrumentedAttribute, aliased
from sqlalchemy.sql.dml import ReturningInsert

from app.core.notification_catalogue import CATALOGUE, NotificationType
from app.core.paging import PageRequest
from app.crud.base_crud import BaseCrud, IdRow, PagedQuery
from app.db.models import Notification, User
from app.db.query import Query, matches_unless_null, parameter


@dataclass(frozen=True, slots=True)
class NotificationDraft:
    """What is said. `link_values` fill the link of the type, such as `system_id`."""

    type: NotificationType
    title: str
    message: str
    actor_id: UUID | None = None
    target_type: str | None = None
    target_id: UUID | None = None
    target_name: str | None = None
    link_values: tuple[tuple[str, str], ...] = ()


class NotificationRow(TypedDict):
    id: UUID
    type: NotificationType
    title: str | None
    message: str | None
    created_at: datetime
    is_read: bool
    read_at_utc: datetime | None
    link_to: str | None
    icon_identifier: str | None
    target_type: str | None
    target_id: str | None
    target_name: str | None
    actor_id: UUID | None
    actor_name: str | None
    actor_avatar_url: str | None


_COLUMNS: dict[str, InstrumentedAttribute[Any]] = {
    "actor_user_id": Notification.actor_user_id,
    "type": Notification.type,
    "title": Notification.title,
    "message": Notification.message,
    "link_to": Notification.link_to,
    "icon_identifier": Notification.icon_identifier,
    "target_type": Notification.target_type,
    "target_name": Notification.target_name,
    "created_at": Notification.created_at,
}


def insert_notification(
    cause: FromClause | None = None,
) -> ReturningInsert[tuple[UUID]]:
    """An INSERT … SELECT from the recipient's row: nobody is told what they switched off.

    With `cause`, a CTE of the change that is told, it happens only if that has a row, whose id is
    the target. The parameters are those of `notification_parameters`.
    """
    target = (
        parameter("notify_target_id", Notification.target_id)
        if cause is None
        else cause.c.id.cast(String)
    )
    source = select(
        User.id,
        target,
        *(parameter(f"notify_{name}", column) for name, column in _COLUMNS.items()),
    ).where(
        User.id == bindparam("notify_recipient_id"),
        not_(User.notification_preferences.contains(bindparam("notify_unless", type_=JSONB))),
    )
    if cause is not None:
        source = source.join_from(User, cause, onclause=true())
    return (
        insert(Notification)
        .from_select(["recipient_id", "target_id", *_COLUMNS], source, include_defaults=False)
        .returning(Notification.id)
    )


def notification_parameters(
    recipient_id: UUID | None, draft: NotificationDraft, now: datetime
) -> dict[str, Any]:
    """The parameters of `insert_notification`; without a recipient nobody is told."""
    kind = CATALOGUE[draft.type]
    return {
        "notify_recipient_id": recipient_id,
        # Contained in no list of preferences when the type cannot be switched off.
        "notify_unless": [{"id": kind.preference or "", "enabled": False}],
        "notify_actor_user_id": draft.actor_id,
        "notify_type": draft.type,
        "notify_title": draft.title,
        "notify_message": draft.message,
        "notify_link_to": kind.link.format(**dict(draft.link_values)),
        "notify_icon_identifier": kind.icon,
        "notify_target_type": draft.target_type,
        "notify_target_name": draft.target_name,
        "notify_created_at": now,
    }


class UnreadRow(TypedDict):
    unread: int


ADD = Query(insert_notification(), IdRow)
UNREAD_COUNT = Query(
    select(func.count().label("unread")).where(
        Notification.recipient_id == bindparam("recipient_id"), not_(Notification.is_read)
    ),
    UnreadRow,
)

_actor = aliased(User)
LIST = PagedQuery(
    select(
        Notification.id,
        Notification.type,
        Notification.title,
        Notification.message,
        Notification.created_at,
        Notification.is_read,
        Notification.read_at_utc,
        Notification.link_to,
        Notification.icon_identifier,
        Notification.target_type,
        Notification.target_id,
        Notification.target_name,
        _actor.id.label("actor_id"),
        func.coalesce(_actor.name, _actor.username).label("actor_name"),
        _actor.profile_image_url.label("actor_avatar_url"),
    )
    .outerjoin(_actor, _actor.id == Notification.actor_user_id)
    .where(
        Notification.recipient_id == bindparam("recipient_id"),
        matches_unless_null("is_read", Notification.is_read),
        or_(
            bindparam("types", type_=ARRAY(String)).is_(None),
            Notification.type == any_(bindparam("types", type_=ARRAY(String))),
        ),
    )
    .order_by(Notification.created_at.desc(), Notification.id.desc()),
    NotificationRow,
)


class NotificationCrud(BaseCrud):
    async def add(self, recipient_id: UUID, draft: NotificationDraft, now: datetime) -> None:
        """Write one, unless its recipient switched this type off."""
        await self.session.fetch_one(
            ADD,
            notify_target_id=str(draft.target_id) if draft.target_id else None,
            **notification_parameters(recipient_id, draft, now),
        )

    async def list_for(
        self,
        recipient_id: UUID,
        *,
        page: PageRequest,
        is_read: bool | None,
        types: Sequence[NotificationType] | None,
    ) -> tuple[Sequence[NotificationRow], int, int]:
        """The page newest first, the length of the list, and how many are unread in all."""
        rows, total = await LIST.fetch(
            self.session,
            page=page,
            recipient_id=recipient_id,
            is_read=is_read,
            types=[item.value for item in types] if types else None,
        )
        unread = await self.session.fetch_one(UNREAD_COUNT, recipient_id=recipient_id)
        return rows, total, unread["unread"] if unread else 0
