"""What all CRUD classes share: the session, and the shape of a page."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypedDict
from uuid import UUID

from sqlalchemy import BigInteger, Integer, Select, bindparam, func, select

from app.core.paging import PageRequest
from app.db.query import Query, Row
from app.db.session import Session


class IdRow(TypedDict):
    id: UUID


class BaseCrud:
    def __init__(self, session: Session) -> None:
        self.session = session


class PagedQuery(Generic[Row]):
    """A list with its total in one statement: `count(*) OVER ()` beside each row.

    Only a page beyond the end has no row to carry the total; then it is counted.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]], row: Callable[..., Row]) -> None:
        self._row = row
        self._page: Query[dict[str, Any]] = Query(
            statement.add_columns(func.count().over().label("total_items"))
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
            return [self._row(**values) for values in found], total
        if page.page == 1:
            return [], 0
        count = await session.fetch_one(self._count, **parameters)
        return [], count["total_items"] if count else 0
