"""What all CRUD classes share: the session, and the shape of a page."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypedDict
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Integer, Select, bindparam, func, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql.selectable import ScalarSelect

from app.core.paging import PageRequest
from app.db.base_class import Base
from app.db.query import Query, Row, as_rows
from app.db.session import Session


class IdRow(TypedDict):
    id: UUID


class BaseCrud:
    def __init__(self, session: Session) -> None:
        self.session = session


def count_of(
    table: type[Base], wanted: Callable[[Any], Iterable[ColumnElement[bool]]]
) -> ScalarSelect[int]:
    """How many rows there are, counted apart from the statement around it."""
    counted = aliased(table)
    return select(func.count()).select_from(counted).where(*wanted(counted)).scalar_subquery()


class PagedQuery(Generic[Row]):
    """A list with its total in one statement: `count(*) OVER ()` beside each row.

    Only a page beyond the end has no row to carry the total; then it is counted. `total` counts
    in another way: for long lists, a subquery (see `count_of`) that an index alone can answer, so
    that the rows of other pages are never read.
    """

    def __init__(
        self,
        statement: Select[*tuple[Any, ...]],
        row: Callable[..., Row],
        *,
        total: ColumnElement[int] | None = None,
    ) -> None:
        self._row = row
        count = func.count().over() if total is None else total
        self._page: Query[dict[str, Any]] = Query(
            statement.add_columns(count.label("total_items"))
            .limit(bindparam("limit", type_=Integer))
            .offset(bindparam("offset", type_=BigInteger)),
            dict,
        )
        counted = statement.order_by(None).subquery()
        self._count: Query[dict[str, Any]] = Query(
            select(func.count().label("total_items")).select_from(counted), dict
        )

    async def fetch(
        self, session: Session, *, page: PageRequest, **parameters: Any
    ) -> tuple[Sequence[Row], int]:
        """The rows of the page and the number of rows in the whole list."""
        found = await session.fetch_all(
            self._page, limit=page.limit, offset=page.offset, **parameters
        )
        if found:
            total = found[0]["total_items"]
            for values in found:
                del values["total_items"]
            return as_rows(self._row, found), total
        if page.page == 1:
            return [], 0
        count = await session.fetch_one(self._count, **parameters)
        return [], count["total_items"] if count else 0
