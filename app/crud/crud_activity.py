"""What somebody's partner did since they became partners, read as one feed in one statement.

Every kind of act has an index in the order of the feed, from which only as many entries are read
as the wanted page may need; what they tell is looked up for the rows of the page alone. So a long
history costs nothing. The total is counted, from the same indexes, no further than `COUNTED`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    Uuid,
    any_,
    bindparam,
    func,
    literal_column,
    select,
    true,
    tuple_,
    union_all,
)

from app.core.activity import RANKS, ActivityId, ActivityType
from app.core.enums import PartnershipStatus
from app.core.paging import PageRequest
from app.crud.activity_columns import comments_on_act, content_of_act, reactions_to_act
from app.crud.base_crud import BaseCrud
from app.crud.reaction_columns import is_one_of_the_two
from app.db.models import Checkin, Goal, Partnership, Reflection, StreakMilestone, System
from app.db.query import Query

COUNTED = 1000
_PAGE, _LARGE_PAGE = 20, 100  # the default, and the most that can be asked for

_partner_id = bindparam("partner_id", type_=Uuid)
_partnership_id = bindparam("partnership_id", type_=Uuid)
_END_OF_TIME = literal_column("'infinity'::timestamptz", DateTime(timezone=True))


class ActivityRow(TypedDict):
    """The first two are the same on every row; the others are null on the one of an empty page.

    `rank` is the type's. `reactions` are `{"emoji", "user_id"}`.
    """

    total_items: int
    before_found: bool
    rank: int | None
    row_id: UUID | None
    at: datetime | None
    content: dict[str, Any] | None
    reactions: list[dict[str, Any]] | None
    comments_count: int | None


# The active partnership of the two; without it, the feed has not even an empty page.
_bond = (
    select(Partnership.id, Partnership.activated_at)
    .where(
        Partnership.id == _partnership_id,
        Partnership.status == PartnershipStatus.ACTIVE,
        is_one_of_the_two(Partnership.user1_id),
        is_one_of_the_two(Partnership.user2_id),
    )
    .cte("bond")
)


@dataclass(frozen=True)
class _Acts:
    """Where acts of one type are found: the row, the instant, and whose they are."""

    type: ActivityType
    row_id: Any
    at: Any
    whose: tuple[ColumnElement[bool], ...]

    @property
    def rank(self) -> ColumnElement[int]:
        return literal_column(str(RANKS[self.type]), Integer)

    def visible(self) -> Select[Any]:
        """Those since the partnership began, in no order."""
        since = select(_bond.c.activated_at).scalar_subquery()
        return select(
            self.rank.label("rank"), self.row_id.label("row_id"), self.at.label("at")
        ).where(*self.whose, self.at >= since)

    def wanted(self, cursor: CTE) -> Select[Any]:
        """Those of them that are of a wanted type and come after the cursor."""
        rank, row_id, at = (
            select(cursor.c[name]).scalar_subquery() for name in ("rank", "row_id", "at")
        )
        return self.visible().where(
            self.rank == any_(bindparam("ranks", type_=ARRAY(Integer))),
            tuple_(self.at, self.rank, self.row_id) < tuple_(at, rank, row_id),
        )

    def newest(self, cursor: CTE) -> Select[Any]:
        """As many of those, newest first, as can be on the page or before it."""
        ordered = self.wanted(cursor).order_by(self.at.desc(), self.row_id.desc())
        return select(ordered.limit(bindparam("reach", type_=BigInteger)).subquery())


# Check-ins and reflections by their partnership: the index of that foreign key serves the feed.
_in_it = {
    model: (model.partnership_id == _partnership_id, model.user_id == _partner_id)
    for model in (Checkin, Reflection)
}
_ALL_ACTS = (
    _Acts(ActivityType.SYSTEM_CHECKIN, Checkin.id, Checkin.checkin_timestamp_utc, _in_it[Checkin]),
    _Acts(ActivityType.REFLECTION_ADDED, Reflection.id, Reflection.created_at, _in_it[Reflection]),
    _Acts(ActivityType.GOAL_CREATED, Goal.id, Goal.created_at, (Goal.user_id == _partner_id,)),
    _Acts(ActivityType.GOAL_ACHIEVED, Goal.id, Goal.achieved_at, (Goal.user_id == _partner_id,)),
    _Acts(
        ActivityType.SYSTEM_CREATED, System.id, System.created_at, (System.user_id == _partner_id,)
    ),
    _Acts(
        ActivityType.STREAK_MILESTONE,
        StreakMilestone.id,
        StreakMilestone.reached_at,
        (StreakMilestone.user_id == _partner_id,),
    ),
    _Acts(ActivityType.PARTNERSHIP_STARTED, _bond.c.id, _bond.c.activated_at, ()),
)


def _literally(number: int) -> ColumnElement[int]:
    """Not as a parameter: PostgreSQL keeps a plan for all parameters if it knows how few rows."""
    return literal_column(str(number), Integer)


def _cursor() -> CTE:
    """What the page comes after: an item or, where the feed has no such, the end of time."""
    visible = union_all(*(acts.visible() for acts in _ALL_ACTS)).subquery()
    item = (
        select(visible)
        .where(
            visible.c.rank == bindparam("before_rank", type_=Integer),
            visible.c.row_id == bindparam("before_id", type_=Uuid),
        )
        .subquery()
    )
    return (
        select(item.c.rank, item.c.row_id, func.coalesce(item.c.at, _END_OF_TIME).label("at"))
        .select_from(_bond)
        .outerjoin(item, true())
        .limit(_literally(1))
        .cte("cursor")
    )


@cache
def feed_query(at_most: int) -> Query[ActivityRow]:
    """For pages of `at_most` items and one more; made on first use, since it is large.

    Keep it below 15,360 characters: the driver prepares a longer statement every time.
    """
    cursor = _cursor()
    newest = union_all(*(acts.newest(cursor) for acts in _ALL_ACTS)).subquery()
    page = (
        select(newest)
        .order_by(newest.c.at.desc(), newest.c.rank.desc(), newest.c.row_id.desc())
        .limit(_literally(at_most + 1))
        .offset(bindparam("offset", type_=BigInteger))
        .cte("page")
    )
    wanted = union_all(*(acts.wanted(cursor) for acts in _ALL_ACTS)).subquery()
    some = select(wanted.c.row_id).limit(_literally(COUNTED)).subquery()
    return Query(
        select(
            select(func.count()).select_from(some).scalar_subquery().label("total_items"),
            cursor.c.row_id.is_not(None).label("before_found"),
            page.c.rank,
            page.c.row_id,
            page.c.at,
            content_of_act(page.c.rank, page.c.row_id).label("content"),
            reactions_to_act(page.c.rank, page.c.row_id).label("reactions"),
            comments_on_act(page.c.rank, page.c.row_id).label("comments_count"),
        )
        .select_from(cursor)
        .outerjoin(page, true())
        .order_by(page.c.at.desc(), page.c.rank.desc(), page.c.row_id.desc()),
        ActivityRow,
    )


class ActivityCrud(BaseCrud):
    async def list_of_partner(
        self,
        *,
        viewer_id: UUID,
        partner_id: UUID,
        partnership_id: UUID,
        page: PageRequest,
        before: ActivityId | None,
        types: Collection[ActivityType],
    ) -> list[ActivityRow]:
        """The page, newest first, and one item more if there is one; see `ActivityRow`.

        Empty when the two are not active partners in that partnership.
        """
        rows = await self.session.fetch_all(
            feed_query(_PAGE if page.limit <= _PAGE else _LARGE_PAGE),
            viewer_id=viewer_id,
            partner_id=partner_id,
            partnership_id=partnership_id,
            before_rank=RANKS[before.type] if before else None,
            before_id=before.row_id if before else None,
            ranks=[RANKS[item] for item in types],
            reach=page.offset + page.limit + 1,
            offset=page.offset,
        )
        return rows[: page.limit + 1]
