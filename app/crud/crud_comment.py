"""Comments on check-ins, reflections and goals, and the replies to them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import (
    String,
    Uuid,
    bindparam,
    delete,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased
from sqlalchemy.types import DateTime

from app.core.enums import CommentTarget
from app.core.notification_catalogue import NotificationType
from app.core.paging import PageRequest
from app.crud.base_crud import BaseCrud, IdRow, PagedQuery
from app.crud.crud_notification import insert_notification
from app.crud.crud_visible_target import (
    commented_owner,
    is_visible_to,
    locked_actor,
    locked_target,
)
from app.crud.reaction_columns import is_one_of_the_two
from app.db.models import Comment, Notification, User
from app.db.query import Query, parameter


class CommentRow(TypedDict):
    id: UUID
    target_type: CommentTarget
    target_id: UUID
    parent_comment_id: UUID | None
    text_content: str
    created_at: datetime
    updated_at: datetime


class ListedRow(CommentRow):
    author_id: UUID
    author_name: str | None
    author_username: str | None
    author_avatar_url: str | None


class VisibleRow(TypedDict):
    user_id: UUID
    target_type: CommentTarget
    target_id: UUID
    parent_comment_id: UUID | None


def _read(of: Any) -> tuple[Any, ...]:
    return (
        of.id,
        of.target_type,
        of.target_id,
        of.parent_comment_id,
        of.text_content,
        of.created_at,
        of.updated_at,
    )


def _create(kind: CommentTarget) -> Query[CommentRow]:
    """Insert a comment and tell somebody, while the target, and what it answers, are there."""
    actor = locked_actor()
    target = locked_target(kind, actor)
    parent_id = parameter("answered_id", Comment.parent_comment_id)
    # Locked like the target: when both are deleted at once, nothing dangles.
    answered = (
        select(Comment.id)
        .where(
            Comment.id == parent_id,
            Comment.target_type == kind,
            Comment.target_id == target.c.id,
            Comment.parent_comment_id.is_(None),
        )
        .with_for_update(read=True, key_share=True, of=Comment)
        .cte("answered")
    )
    now = parameter("now", Comment.created_at)
    saved = (
        insert(Comment)
        .from_select(
            [
                "user_id",
                "text_content",
                "target_type",
                "target_id",
                "parent_comment_id",
                "created_at",
                "updated_at",
            ],
            select(
                actor.c.id,
                parameter("given_text", Comment.text_content),
                literal(kind.value, String),
                target.c.id,
                parent_id,
                now,
                now,
            )
            .join_from(actor, target, onclause=true())
            .where(or_(parent_id.is_(None), select(answered.c.id).exists())),
            include_defaults=False,  # the ids come from the server
        )
        .returning(Comment)
        .cte("saved")
    )
    told = insert_notification(saved).cte("told")
    return Query(select(*_read(saved.c)).add_cte(told), CommentRow)


def _update() -> Query[CommentRow]:
    actor = locked_actor()
    owner_id = commented_owner(Comment.target_type, Comment.target_id)
    return Query(
        update(Comment)
        .where(
            Comment.id == bindparam("comment_id", type_=Uuid),
            Comment.user_id == actor.c.id,
            is_visible_to(actor, owner_id),
        )
        .values(
            text_content=parameter("given_text", Comment.text_content),
            updated_at=bindparam("now", type_=DateTime(timezone=True)),
        )
        .returning(*_read(Comment)),
        CommentRow,
    )


def _delete() -> Query[IdRow]:
    """With its replies, which cascade; who was told of them and has not read it is not any more."""
    actor = locked_actor()
    owner_id = commented_owner(Comment.target_type, Comment.target_id)
    gone = (
        delete(Comment)
        .where(
            Comment.id == bindparam("comment_id", type_=Uuid),
            Comment.user_id == actor.c.id,
            is_visible_to(actor, owner_id),
        )
        .returning(Comment.id, Comment.user_id)
        .cte("gone")
    )
    reply = aliased(Comment)
    all_gone = union_all(
        select(gone.c.id, gone.c.user_id),
        select(reply.id, reply.user_id).join(gone, gone.c.id == reply.parent_comment_id),
    ).cte("all_gone")
    withdrawn = (
        delete(Notification)
        .where(
            Notification.actor_user_id == all_gone.c.user_id,
            Notification.type == NotificationType.NEW_COMMENT.value,
            Notification.target_id == all_gone.c.id.cast(String),
            not_(Notification.is_read),
        )
        .returning(Notification.id)
        .cte("withdrawn")
    )
    return Query(select(gone.c.id).add_cte(withdrawn), IdRow)


_top = aliased(Comment)
LIST = PagedQuery(
    select(
        *_read(Comment),
        User.id.label("author_id"),
        User.name.label("author_name"),
        User.username.label("author_username"),
        User.profile_image_url.label("author_avatar_url"),
    )
    .join(User, User.id == Comment.user_id)
    .outerjoin(_top, _top.id == Comment.parent_comment_id)
    .where(
        Comment.target_type == parameter("target_type", Comment.target_type),
        Comment.target_id == bindparam("target_id", type_=Uuid),
        is_one_of_the_two(Comment.user_id),
    )
    .order_by(
        func.coalesce(_top.created_at, Comment.created_at),
        func.coalesce(_top.id, Comment.id),
        Comment.parent_comment_id.is_not(None),
        Comment.created_at,
        Comment.id,
    ),
    ListedRow,
)
VISIBLE = Query(
    select(
        Comment.user_id, Comment.target_type, Comment.target_id, Comment.parent_comment_id
    ).where(
        Comment.id == bindparam("comment_id", type_=Uuid),
        is_one_of_the_two(Comment.user_id),
        is_one_of_the_two(commented_owner(Comment.target_type, Comment.target_id)),
    ),
    VisibleRow,
)
CREATE = {kind: _create(kind) for kind in CommentTarget}
UPDATE = _update()
DELETE = _delete()


class CommentCrud(BaseCrud):
    async def list_about(
        self,
        kind: CommentTarget,
        target_id: UUID,
        *,
        viewer_id: UUID,
        partner_id: UUID | None,
        page: PageRequest,
    ) -> tuple[Sequence[ListedRow], int]:
        """Those of the viewer and the partner, oldest first, each followed by its replies."""
        return await LIST.fetch(
            self.session,
            page=page,
            target_type=kind.value,
            target_id=target_id,
            viewer_id=viewer_id,
            partner_id=partner_id,
        )

    async def get_visible(
        self, comment_id: UUID, *, viewer_id: UUID, partner_id: UUID | None
    ) -> VisibleRow | None:
        return await self.session.fetch_one(
            VISIBLE, comment_id=comment_id, viewer_id=viewer_id, partner_id=partner_id
        )

    async def create(self, kind: CommentTarget, **parameters: Any) -> CommentRow | None:
        """None when the target or the answered comment is not there for the actor any more."""
        return await self.session.fetch_one(CREATE[kind], **parameters)

    async def update_own(
        self, comment_id: UUID, actor_id: UUID, *, text: str, now: datetime
    ) -> CommentRow | None:
        """None when the actor has no such comment on something visible."""
        return await self.session.fetch_one(
            UPDATE, comment_id=comment_id, actor_id=actor_id, given_text=text, now=now
        )

    async def delete_own(self, comment_id: UUID, actor_id: UUID) -> bool:
        """False when the actor has no such comment on something visible."""
        # A reply that is just being written is awaited, so that it is seen to go.
        await self.session.execute(
            select(Comment.id)
            .where(Comment.id == comment_id, Comment.user_id == actor_id)
            .with_for_update()
        )
        row = await self.session.fetch_one(DELETE, comment_id=comment_id, actor_id=actor_id)
        return row is not None
