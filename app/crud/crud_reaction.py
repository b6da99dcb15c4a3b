"""Reactions: one of each person on each target; the constraint, not a look before, decides."""

from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import (
    Boolean,
    String,
    Uuid,
    bindparam,
    delete,
    literal,
    literal_column,
    not_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import insert

from app.core.enums import ReactionTarget
from app.core.notification_catalogue import NotificationType
from app.crud.base_crud import BaseCrud, IdRow
from app.crud.crud_notification import (
    NotificationDraft,
    insert_notification,
    notification_parameters,
)
from app.crud.crud_visible_target import locked_actor, locked_target
from app.crud.reaction_columns import reactions_json
from app.db.models import Notification, Reaction
from app.db.query import Query, parameter


class ReactionsRow(TypedDict):
    """`{"emoji", "user_id"}`, oldest first."""

    reactions: list[dict[str, Any]] | None


# Whether the row that an upsert returns was inserted rather than replaced.
_IS_NEW = literal_column("reactions.xmax = 0", Boolean)


def told_as(kind: ReactionTarget) -> NotificationType:
    if kind is ReactionTarget.DIRECT_MESSAGE:
        return NotificationType.MESSAGE_REACTION
    return NotificationType.NEW_REACTION


def _put(kind: ReactionTarget) -> Query[IdRow]:
    """Insert or replace; the target's author is told of the first, not of another emoji."""
    actor = locked_actor()
    target = locked_target(kind, actor)
    new = insert(Reaction).from_select(
        ["user_id", "emoji", "target_type", "target_id", "created_at"],
        select(
            actor.c.id,
            parameter("given_emoji", Reaction.emoji),
            literal(kind.value, String),
            target.c.id,
            parameter("now", Reaction.created_at),
        ).join_from(actor, target, onclause=true()),
        include_defaults=False,  # the ids come from the server
    )
    saved = (
        new.on_conflict_do_update(
            index_elements=[Reaction.user_id, Reaction.target_type, Reaction.target_id],
            set_={"emoji": new.excluded.emoji},
        )
        .returning(Reaction.id, Reaction.target_id, _IS_NEW.label("is_new"))
        .cte("saved")
    )
    first = select(saved).where(saved.c.is_new).cte("first")
    told = insert_notification(first, first.c.target_id).cte("told")
    return Query(select(saved.c.id).add_cte(told), IdRow)


def _remove(kind: ReactionTarget) -> Query[IdRow]:
    """A row when the target is visible; the notification goes, too, unless it was read."""
    actor = locked_actor()
    target = locked_target(kind, actor)
    removed = (
        delete(Reaction)
        .where(
            Reaction.user_id == actor.c.id,
            Reaction.target_type == kind,
            Reaction.target_id == target.c.id,
        )
        .returning(Reaction.target_id)
        .cte("removed")
    )
    withdrawn = (
        delete(Notification)
        .where(
            Notification.actor_user_id == actor.c.id,
            Notification.type == told_as(kind).value,
            Notification.target_id == removed.c.target_id.cast(String),
            not_(Notification.is_read),
        )
        .returning(Notification.id)
        .cte("withdrawn")
    )
    return Query(select(target.c.id).add_cte(withdrawn), IdRow)


PUT = {kind: _put(kind) for kind in ReactionTarget}
REMOVE = {kind: _remove(kind) for kind in ReactionTarget}
OF_TARGET = {
    kind: Query(
        select(reactions_json(kind, bindparam("target_id", type_=Uuid)).label("reactions")),
        ReactionsRow,
    )
    for kind in ReactionTarget
}


class ReactionCrud(BaseCrud):
    async def put(
        self,
        kind: ReactionTarget,
        target_id: UUID,
        *,
        actor_id: UUID,
        emoji: str,
        told: UUID | None,
        draft: NotificationDraft,
        now: datetime,
    ) -> bool:
        """False when the actor cannot see the target (any more)."""
        row = await self.session.fetch_one(
            PUT[kind],
            actor_id=actor_id,
            about_id=target_id,
            given_emoji=emoji,
            now=now,
            **notification_parameters(told, draft, now),
        )
        return row is not None

    async def remove(self, kind: ReactionTarget, target_id: UUID, *, actor_id: UUID) -> bool:
        """False when the actor cannot see the target; true also when there was no reaction."""
        row = await self.session.fetch_one(REMOVE[kind], actor_id=actor_id, about_id=target_id)
        return row is not None

    async def of_target(
        self,
        kind: ReactionTarget,
        target_id: UUID,
        *,
        viewer_id: UUID,
        partner_id: UUID | None,
    ) -> list[dict[str, Any]]:
        """Those that the viewer may see, of a target that is known to be visible."""
        viewers = (
            {}
            if kind is ReactionTarget.DIRECT_MESSAGE
            else {"viewer_id": viewer_id, "partner_id": partner_id}
        )
        row = await self.session.fetch_one(OF_TARGET[kind], target_id=target_id, **viewers)
        return (row["reactions"] if row else None) or []
