"""Notifications of a recipient."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    FromClause,
    Integer,
    String,
    Uuid,
    any_,
    bindparam,
    delete,
    func,
    not_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, Insert, insert
from sqlalchemy.orm import InstrumentedAttribute, aliased
from sqlalchemy.sql.dml import ReturningInsert

from app.core.notification_catalogue import CATALOGUE, NotificationType
from app.core.paging import PageRequest
from app.crud.base_crud import BaseCrud, IdRow, PagedQuery, count_of
from app.db.models import Notification, User
from app.db.query import Query, is_among, parameter


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
    cause: FromClause | None = None, target_id: ColumnElement[Any] | None = None
) -> ReturningInsert[tuple[UUID]]:
    """An INSERT … SELECT from the recipient's row: nobody is told what they switched off.

    With `cause`, a CTE of the change that is told, it happens only if that has a row, whose id,
    or else `target_id`, is the target. The parameters are those of `notification_parameters`.
    """
    return _insert(cause, target_id).returning(Notification.id)


def insert_chat_notification(
    message: FromClause, thread_id: ColumnElement[Any]
) -> ReturningInsert[tuple[UUID]]:
    """The same for a message: while one about the thread is unread, it says the latest."""
    new = _insert(message, thread_id)
    return new.on_conflict_do_update(
        index_elements=[Notification.recipient_id, Notification.target_id],
        # Literally as in the index, else PostgreSQL does not recognise it.
        index_where=text("NOT is_read AND type = 'new_direct_message'"),
        set_={
            name: new.excluded[name] for name in ("title", "message", "actor_user_id", "created_at")
        },
    ).returning(Notification.id)


def _insert(cause: FromClause | None, target_id: ColumnElement[Any] | None) -> Insert:
    if target_id is None:
        target_id = (
            parameter("notify_target_id", Notification.target_id) if cause is None else cause.c.id
        )
    source = select(
        User.id,
        target_id.cast(String),
        *(parameter(f"notify_{name}", column) for name, column in _COLUMNS.items()),
    ).where(
        User.id == bindparam("notify_recipient_id"),
        not_(User.notification_preferences.contains(bindparam("notify_unless", type_=JSONB))),
    )
    if cause is not None:
        source = source.join_from(User, cause, onclause=true())
    return insert(Notification).from_select(
        ["recipient_id", "target_id", *_COLUMNS], source, include_defaults=False
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


def _unread(of: Any) -> tuple[ColumnElement[bool], ...]:
    return of.recipient_id == bindparam("recipient_id"), not_(of.is_read)


ADD = Query(insert_notification(), IdRow)
UNREAD_COUNT = Query(select(func.count().label("unread")).where(*_unread(Notification)), UnreadRow)

_actor = aliased(User)


def _read(of: Any) -> tuple[Any, ...]:
    """The columns of a NotificationRow, from the table or a CTE, beside its actor."""
    return (
        of.id,
        of.type,
        of.title,
        of.message,
        of.created_at,
        of.is_read,
        of.read_at_utc,
        of.link_to,
        of.icon_identifier,
        of.target_type,
        of.target_id,
        of.target_name,
        _actor.id.label("actor_id"),
        func.coalesce(_actor.name, _actor.username).label("actor_name"),
        _actor.profile_image_url.label("actor_avatar_url"),
    )


class ListedRow(NotificationRow):
    """`unread` counts all of the recipient's, whatever the list is narrowed to."""

    unread: int


def _list(*, is_read: bool | None, of_types: bool) -> PagedQuery[ListedRow]:
    """Filters that are off are not in it: without any, an index alone tells the total."""

    def wanted(of: Any) -> Iterator[ColumnElement[bool]]:
        yield of.recipient_id == bindparam("recipient_id")
        if is_read is not None:
            yield of.is_read if is_read else not_(of.is_read)
        if of_types:
            yield of.type == any_(bindparam("types", type_=ARRAY(String)))

    return PagedQuery(
        select(*_read(Notification), count_of(Notification, _unread).label("unread"))
        .outerjoin(_actor, _actor.id == Notification.actor_user_id)
        .where(*wanted(Notification))
        .order_by(Notification.created_at.desc(), Notification.id.desc()),
        ListedRow,
        total=count_of(Notification, wanted),
    )


LISTS = {
    (is_read, of_types): _list(is_read=is_read, of_types=of_types)
    for is_read in (None, False, True)
    for of_types in (False, True)
}
AMONG = Query(
    select(*_read(Notification))
    .outerjoin(_actor, _actor.id == Notification.actor_user_id)
    .where(
        Notification.id == any_(bindparam("ids", type_=ARRAY(Uuid))),
        Notification.recipient_id == any_(bindparam("recipient_ids", type_=ARRAY(Uuid))),
    ),
    NotificationRow,
)
_now = bindparam("now", type_=DateTime(timezone=True))


def _mark_read() -> Query[NotificationRow]:
    saved = (
        update(Notification)
        .where(
            Notification.id == bindparam("notification_id"),
            Notification.recipient_id == bindparam("owner_id"),
        )
        .values(is_read=True, read_at_utc=func.coalesce(Notification.read_at_utc, _now))
        .returning(Notification)
        .cte("saved")
    )
    return Query(
        select(*_read(saved.c)).outerjoin(_actor, _actor.id == saved.c.actor_user_id),
        NotificationRow,
    )


MARK_READ = _mark_read()
MARK_ALL_READ = Query(
    update(Notification)
    .where(Notification.recipient_id == bindparam("owner_id"), not_(Notification.is_read))
    .values(is_read=True, read_at_utc=_now)
    .returning(Notification.id),
    IdRow,
)
DELETE = Query(
    delete(Notification)
    .where(
        Notification.id == bindparam("notification_id"),
        Notification.recipient_id == bindparam("owner_id"),
    )
    .returning(Notification.id),
    IdRow,
)
DELETE_READ = Query(
    delete(Notification)
    .where(
        is_among(
            Notification.id,
            select(Notification.id)
            .where(
                Notification.is_read,
                Notification.created_at < bindparam("before", type_=DateTime(timezone=True)),
            )
            .order_by(Notification.created_at)
            .limit(bindparam("at_most", type_=Integer))
            .with_for_update(skip_locked=True),
        )
    )
    .returning(Notification.id),
    IdRow,
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
        given = {"types": [item.value for item in types]} if types else {}
        rows, total = await LISTS[is_read, bool(types)].fetch(
            self.session, page=page, recipient_id=recipient_id, **given
        )
        unread = rows[0]["unread"] if rows else await self.unread_count(recipient_id)
        return rows, total, unread

    async def unread_count(self, recipient_id: UUID) -> int:
        row = await self.session.fetch_one(UNREAD_COUNT, recipient_id=recipient_id)
        return row["unread"] if row else 0

    async def list_among(
        self, ids: Sequence[UUID], recipient_ids: Sequence[UUID]
    ) -> list[NotificationRow]:
        """Those of `ids` that exist and belong to one of these people, in no order."""
        return await self.session.fetch_all(AMONG, ids=ids, recipient_ids=recipient_ids)

    async def mark_read(
        self, notification_id: UUID, recipient_id: UUID, now: datetime
    ) -> NotificationRow | None:
        """None when it is not theirs. When it was read the first time stays as it is."""
        return await self.session.fetch_one(
            MARK_READ, notification_id=notification_id, owner_id=recipient_id, now=now
        )

    async def mark_all_read(self, recipient_id: UUID, now: datetime) -> int:
        """Returns how many were unread."""
        return len(await self.session.fetch_all(MARK_ALL_READ, owner_id=recipient_id, now=now))

    async def delete(self, notification_id: UUID, recipient_id: UUID) -> bool:
        """False when it is not theirs."""
        deleted = await self.session.fetch_one(
            DELETE, notification_id=notification_id, owner_id=recipient_id
        )
        return deleted is not None

    async def delete_read(self, *, before: datetime, at_most: int) -> int:
        """Delete some read ones made before an instant, the oldest first; returns how many."""
        return len(await self.session.fetch_all(DELETE_READ, before=before, at_most=at_most))
