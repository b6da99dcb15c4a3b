"""Reading everything about a person, as of one instant, without holding it in memory."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from sqlalchemy import Table, select

from app.crud.base_crud import BaseCrud
from app.crud.export_tables import Owner, TableExport

ROWS_AT_ONCE = 500


class ExportCrud(BaseCrud):
    async def begin_snapshot(self) -> None:
        """Everything read from here on is as of this instant. Before the first statement."""
        await self.session.connection(
            execution_options={
                "isolation_level": "REPEATABLE READ",
                "postgresql_readonly": True,
            }
        )

    async def rows(
        self, export: TableExport, owner: Owner
    ) -> AsyncGenerator[Sequence[dict[str, Any]], None]:
        """The owner's rows of a table in the order of its key, some at a time by a cursor."""
        table = export.model.__table__
        assert isinstance(table, Table)
        result = await self.session.stream(
            select(*export.selected(owner))
            .where(export.belongs(owner))
            .order_by(*table.primary_key.columns),
            execution_options={"yield_per": ROWS_AT_ONCE},
        )
        async for some in result.mappings().partitions():
            yield [dict(row) for row in some]
