"""What people react to and comment on, as far as somebody may see it.

A check-in, a reflection or a goal is visible to its owner and, while their partnership is active,
to the partner; a message to both members while the partnership is active.
"""

from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    String,
    Uuid,
    bindparam,
    func,
    null,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from app.core.enums import CommentTarget, ReactionTarget
from app.crud.base_crud import BaseCrud
from app.crud.reaction_columns import is_one_of_the_two
from app.db.models import Checkin, DirectMessage, Goal, Reflection, System, User
from app.db.query import Column, Query

TargetKind = ReactionTarget | CommentTarget


class TargetRow(TypedDict):
    """`name` is what the owner calls it: the title of a goal or of a check-in's system."""

    id: UUID
    author_id: UUID
    name: str | None


MODELS: dict[str, Any] = {
    "checkin": Checkin,
    "reflection": Reflection,
    "goal": Goal,
    "direct_message": DirectMessage,
}


def locked_actor() -> CTE:
    """The row of the parameter `actor_id`, locked so that no partnership of theirs ends now."""
    return (
        select(User.id, User.current_partnership_id)
        .where(User.id == bindparam("actor_id", type_=Uuid))
        .with_for_update(read=True)
        .cte("actor")
    )


def is_visible_to(actor: CTE, owner_id: Column) -> ColumnElement[bool]:
    """Whether the actor may see what `owner_id` owns, by the partnership as it is now."""
    owner = aliased(User)
    return or_(
        owner_id == actor.c.id,
        select(owner.id)
        .where(owner.id == owner_id, owner.current_partnership_id == actor.c.current_partnership_id)
        .correlate_except(owner)
        .exists(),
    )


def locked_target(kind: TargetKind, actor: CTE) -> CTE:
    """The id of the parameter `about_id`, if the actor may see it.

    Locked, so that what is written about it in the same statement is not left behind when it is
    deleted at the same time.
    """
    model = MODELS[kind]
    visible = (
        model.partnership_id == actor.c.current_partnership_id
        if kind == ReactionTarget.DIRECT_MESSAGE
        else is_visible_to(actor, model.user_id)
    )
    return (
        select(model.id)
        .where(model.id == bindparam("about_id", type_=Uuid), visible)
        .with_for_update(read=True, key_share=True, of=model)
        .cte("target")
    )


def commented_owner(target_type: Column, target_id: Column) -> ColumnElement[UUID]:
    """Whose check-in, reflection or goal a comment is about, as a scalar subquery."""
    return func.coalesce(
        *(
            select(MODELS[kind].user_id)
            .where(MODELS[kind].id == target_id, target_type == kind)
            .correlate_except(MODELS[kind])
            .scalar_subquery()
            for kind in CommentTarget
        )
    )


def _read(kind: str, author_id: Any, name: Any, visible: ColumnElement[bool]) -> Query[TargetRow]:
    model = MODELS[kind]
    found: Select[*tuple[Any, ...]] = select(
        model.id, author_id.label("author_id"), name.label("name")
    )
    if kind == CommentTarget.CHECKIN:
        found = found.join(System, System.id == Checkin.system_id)
    return Query(
        found.where(model.id == bindparam("target_id", type_=Uuid), visible),
        TargetRow,
    )


_nameless = null().cast(String)
TARGETS: dict[str, Query[TargetRow]] = {
    "checkin": _read("checkin", Checkin.user_id, System.title, is_one_of_the_two(Checkin.user_id)),
    "reflection": _read(
        "reflection", Reflection.user_id, _nameless, is_one_of_the_two(Reflection.user_id)
    ),
    "goal": _read("goal", Goal.user_id, Goal.title, is_one_of_the_two(Goal.user_id)),
    "direct_message": _read(
        "direct_message",
        DirectMessage.sender_id,
        _nameless,
        DirectMessage.partnership_id == bindparam("partnership_id", type_=Uuid),
    ),
}


class VisibleTargetCrud(BaseCrud):
    async def get(
        self,
        kind: TargetKind,
        target_id: UUID,
        *,
        viewer_id: UUID,
        partner_id: UUID | None,
        partnership_id: UUID | None,
    ) -> TargetRow | None:
        """None when it does not exist, or not for this viewer."""
        if kind == ReactionTarget.DIRECT_MESSAGE:
            return await self.session.fetch_one(
                TARGETS[kind], target_id=target_id, partnership_id=partnership_id
            )
        return await self.session.fetch_one(
            TARGETS[kind], target_id=target_id, viewer_id=viewer_id, partner_id=partner_id
        )
