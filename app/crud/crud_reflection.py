"""Reflections: visible to their author and, while the partnership is active, to the partner."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Uuid, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from app.core.enums import CommentTarget, ReactionTarget
from app.core.notification_catalogue import NotificationType
from app.core.paging import PageRequest
from app.crud.base_crud import BaseCrud, IdRow, PagedQuery, count_of
from app.crud.crud_notification import insert_notification
from app.crud.reaction_columns import comments_count, is_one_of_the_two, reactions_json
from app.db.models import Notification, Reflection, User
from app.db.query import Query, parameter

_LATELY = timedelta(days=2)


class ReflectionRow(TypedDict):
    """`reactions` are `{"emoji", "user_id"}`, oldest first."""

    id: UUID
    user_id: UUID
    partnership_id: UUID | None
    reflection_date_local: date
    reflection_content: str
    prompt_id: str | None
    prompt_text: str | None
    created_at: datetime
    updated_at: datetime
    reactions: list[dict[str, Any]] | None
    comments_count: int


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who reads, and the active partner, whose reactions and comments are shown too."""

    id: UUID
    partner_id: UUID | None


def _read(of: Any) -> tuple[Any, ...]:
    """The columns of a ReflectionRow, with the parameters `viewer_id` and `partner_id`."""
    return (
        of.id,
        of.user_id,
        of.partnership_id,
        of.reflection_date_local,
        of.content.label("reflection_content"),
        of.prompt_id,
        of.prompt_text,
        of.created_at,
        of.updated_at,
        reactions_json(ReactionTarget.REFLECTION, of.id).label("reactions"),
        comments_count(CommentTarget.REFLECTION, of.id).label("comments_count"),
    )


def _create() -> Query[ReflectionRow]:
    """Insert a reflection and tell the partner, if the author's partnership is as was read.

    One that takes the place of another, deleted of late, is not told again.

    The lock on the author's row makes a partnership's end wait: nobody is told after it. The
    parameters are not named like columns of the table that is written.
    """
    given: dict[str, Any] = {
        "reflection_date_local": Reflection.reflection_date_local,
        "content": Reflection.content,
        "prompt_id": Reflection.prompt_id,
        "prompt_text": Reflection.prompt_text,
        "created_at": Reflection.created_at,
    }
    author = (
        select(User.id, User.current_partnership_id)
        .where(
            User.id == bindparam("viewer_id", type_=Uuid),
            User.current_partnership_id.is_not_distinct_from(
                parameter("in_partnership_id", Reflection.partnership_id)
            ),
        )
        .with_for_update(read=True)
        .cte("author")
    )
    saved = (
        upsert(Reflection)
        .from_select(
            ["user_id", "partnership_id", *given, "updated_at"],
            select(
                author.c.id,
                author.c.current_partnership_id,
                *(parameter(f"given_{name}", column) for name, column in given.items()),
                parameter("given_created_at", Reflection.updated_at),
            ),
            include_defaults=False,  # the ids come from the server
        )
        .on_conflict_do_nothing(index_elements=["user_id", "reflection_date_local"])
        .returning(Reflection)
        .cte("saved")
    )
    told_before = (
        select(Notification.id)
        .where(
            Notification.recipient_id == parameter("notify_recipient_id", User.id),
            Notification.created_at > saved.c.created_at - _LATELY,
            Notification.type == NotificationType.REFLECTION_ADDED.value,
            Notification.actor_user_id == saved.c.user_id,
            Notification.target_name == parameter("notify_target_name", Notification.target_name),
        )
        .correlate_except(Notification)
        .exists()
    )
    new = select(saved.c.id).where(~told_before).cte("new")
    told = insert_notification(new).cte("told")
    return Query(select(*_read(saved.c)).add_cte(told), ReflectionRow)


CREATE = _create()
ON_DATE = Query(
    select(*_read(Reflection)).where(
        Reflection.user_id == bindparam("viewer_id", type_=Uuid),
        Reflection.reflection_date_local == bindparam("local_date", type_=Date),
    ),
    ReflectionRow,
)
VISIBLE = Query(
    select(*_read(Reflection)).where(
        Reflection.id == bindparam("reflection_id", type_=Uuid),
        is_one_of_the_two(Reflection.user_id),
    ),
    ReflectionRow,
)


def _wanted(of: Any) -> Iterator[ColumnElement[bool]]:
    yield of.user_id == bindparam("author_id", type_=Uuid)
    yield is_one_of_the_two(of.user_id)
    yield of.reflection_date_local >= bindparam("from_date", type_=Date)
    yield of.reflection_date_local <= bindparam("to_date", type_=Date)


LIST_OF = PagedQuery(
    select(*_read(Reflection))
    .where(*_wanted(Reflection))
    # An author has one for a date, so the dates alone are a total order.
    .order_by(Reflection.reflection_date_local.desc()),
    ReflectionRow,
    total=count_of(Reflection, _wanted),
)
DELETE_OWN = Query(
    delete(Reflection)
    .where(
        Reflection.id == bindparam("reflection_id", type_=Uuid),
        Reflection.user_id == bindparam("author_id", type_=Uuid),
    )
    .returning(Reflection.id),
    IdRow,
)


class ReflectionCrud(BaseCrud):
    async def create(self, viewer: Viewer, **parameters: Any) -> ReflectionRow | None:
        """None when the author has reflected on the date, or the partnership changed meanwhile."""
        return await self.session.fetch_one(
            CREATE, viewer_id=viewer.id, partner_id=viewer.partner_id, **parameters
        )

    async def get_own_on(self, viewer: Viewer, local_date: date) -> ReflectionRow | None:
        """The viewer's own of a date in the viewer's calendar."""
        return await self.session.fetch_one(
            ON_DATE, viewer_id=viewer.id, partner_id=viewer.partner_id, local_date=local_date
        )

    async def get_visible(self, viewer: Viewer, reflection_id: UUID) -> ReflectionRow | None:
        return await self.session.fetch_one(
            VISIBLE, viewer_id=viewer.id, partner_id=viewer.partner_id, reflection_id=reflection_id
        )

    async def list_of(
        self,
        viewer: Viewer,
        author_id: UUID,
        *,
        page: PageRequest,
        from_date: date | None,
        to_date: date | None,
    ) -> tuple[Sequence[ReflectionRow], int]:
        """Newest date first; the bounds belong to the range. Nothing of anybody but the two."""
        return await LIST_OF.fetch(
            self.session,
            page=page,
            viewer_id=viewer.id,
            partner_id=viewer.partner_id,
            author_id=author_id,
            from_date=from_date or date.min,
            to_date=to_date or date.max,
        )

    async def lock_own(self, reflection_id: UUID, author_id: UUID) -> Reflection | None:
        """To change it."""
        return await self.session.scalar(
            select(Reflection)
            .where(Reflection.id == reflection_id, Reflection.user_id == author_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )

    async def save(self) -> None:
        """Write what was changed."""
        await self.session.flush()

    async def delete_own(self, reflection_id: UUID, author_id: UUID) -> bool:
        """False when it is not the author's. What is said about it goes with it."""
        row = await self.session.fetch_one(
            DELETE_OWN, reflection_id=reflection_id, author_id=author_id
        )
        return row is not None
