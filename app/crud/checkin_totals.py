"""How many check-ins a list has, without visiting years of them.

Nothing before a person's checkpoint changes any more (see `core/streak_checkpoints.py`), and it
knows how many check-ins there were: only those since then are counted one by one.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    String,
    Uuid,
    bindparam,
    cast,
    column,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.crud.base_crud import count_of
from app.crud.crud_history import checkpoints_of
from app.db.models import Checkin


def total_checkins(*, of_system: bool) -> ColumnElement[int]:
    """Of all systems of `user_id` or of `system_id` alone, from `from_date` to `to_date`.

    A range that begins later than `date.min`, or ends before the checkpoint, is counted as it is.
    """
    user_id, system_id = bindparam("user_id", type_=Uuid), bindparam("system_id", type_=Uuid)
    from_date, to_date = (bindparam(name, type_=Date) for name in ("from_date", "to_date"))
    checkpoint = checkpoints_of(lambda owner_id: owner_id == user_id)
    each = (
        func.jsonb_each(checkpoint.c.systems)
        .table_valued(column("system_id", String), column("dates", JSONB))
        .render_derived(name="each")
    )
    credited, skipped = (
        cast(each.c.dates[name].astext, Integer) for name in ("credited", "skipped")
    )
    settled = (
        select(checkpoint.c.until, func.sum(credited + skipped).label("checkins"))
        .join_from(checkpoint, each, true())
        .where(
            from_date == literal(date.min, Date),
            to_date >= checkpoint.c.until,
            *([each.c.system_id == cast(system_id, String)] if of_system else []),
        )
        .group_by(checkpoint.c.until)
        .cte("settled")
    )
    until, before = (select(one).scalar_subquery() for one in settled.c)

    def later(of: Any) -> Iterator[ColumnElement[bool]]:
        yield of.user_id == user_id
        yield of.checkin_date_local >= func.coalesce(until, from_date)
        yield of.checkin_date_local <= to_date
        if of_system:
            yield of.system_id == system_id

    return func.coalesce(before, 0) + count_of(Checkin, later)
