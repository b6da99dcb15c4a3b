"""Statements that are compiled once and run by the driver.

Hot reads, and writes that are one statement, need neither an ORM entity nor a transaction of
their own: PostgreSQL runs a single statement atomically. A `Query` keeps what SQLAlchemy makes of
it (the SQL text, the order of the parameters, the conversion of values), so that a call costs
only the driver's own work.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, Generic, TypeVar, is_typeddict
from typing import cast as typed

from sqlalchemy import (
    ARRAY,
    JSON,
    ColumnElement,
    Enum,
    String,
    any_,
    bindparam,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql import Select
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.sql.selectable import CompoundSelect, TextualSelect
from sqlalchemy.types import TypeEngine

Row = TypeVar("Row")
Item = TypeVar("Item")
Convert = Callable[[Any], Any]

# `Any` here is SQLAlchemy's own: the types of the selected columns.
Statement = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]] | UpdateBase | TextualSelect

Column = ColumnElement[Any] | InstrumentedAttribute[Any]

_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]


class Query(Generic[Row]):
    """A statement with named parameters (`bindparam`) whose rows become `row(**columns)`.

    Make it once, at module level; it compiles itself on first use.
    """

    def __init__(self, statement: Statement, row: Callable[..., Row]) -> None:
        self.statement = statement
        self._row = row

    @cached_property
    def _compiled(self) -> "_CompiledQuery":
        return _CompiledQuery(self.statement)

    @property
    def sql(self) -> str:
        return self._compiled.sql

    def arguments(self, parameters: Mapping[str, Any]) -> list[Any]:
        """The parameters in the driver's order. Raises KeyError for a missing or unknown one."""
        return self._compiled.arguments(parameters)

    def from_driver(self, records: Iterable[Any]) -> list[Row]:
        """Rows from the driver's records, with the column types' conversions applied."""
        found = [dict(record.items()) for record in records]
        for name, convert in self._compiled.conversions:
            for values in found:
                values[name] = convert(values[name])
        return as_rows(self._row, found)

    def from_mappings(self, mappings: Iterable[Mapping[Any, Any]]) -> list[Row]:
        """Rows from a result of SQLAlchemy's own execution, already converted."""
        return as_rows(self._row, [dict(mapping) for mapping in mappings])


def as_rows(row: Callable[..., Row], found: list[dict[str, Any]]) -> list[Row]:
    """One `row(**columns)` for each of `found`: these dicts themselves, if a row is a dict."""
    if row is dict or is_typeddict(row):
        return typed(list[Row], found)
    return [row(**values) for values in found]


def parameter(name: str, column: Column) -> BindParameter[Any]:
    """A parameter of a column's type, which PostgreSQL then knows even beside `IS NULL`."""
    return bindparam(name, type_=String() if isinstance(column.type, Enum) else column.type)


def matches_unless_null(name: str, column: Column) -> ColumnElement[bool]:
    """The filter `column = :name`, which is off while the parameter is null."""
    return or_(parameter(name, column).is_(None), column == parameter(name, column))


def unseen(name: str, kind: TypeEngine[Item]) -> ColumnElement[Item]:
    """A parameter that PostgreSQL does not see while it plans.

    For a statement of many parts that is planned alike whatever is asked for: with parameters in
    sight it may be planned anew on every call, which takes longer than to run it.
    """
    return cast(select(bindparam(name, type_=kind)).scalar_subquery(), kind)


def is_among(column: Column, chosen: Select[Any]) -> ColumnElement[bool]:
    """Like `column IN (chosen)`, but chosen once: a plan for no rows would choose once a row."""
    ids = func.array(chosen.scalar_subquery(), type_=ARRAY(column.type))
    among: ColumnElement[bool] = column == any_(ids)
    return among


class _CompiledQuery:
    def __init__(self, statement: Statement) -> None:
        compiled = statement.compile(dialect=_DIALECT)
        if compiled.post_compile_params:
            raise ValueError("use `= ANY(array)`: an IN list is only written when it runs")
        if compiled.prefetch:
            raise ValueError("the driver fills in no Python-side defaults: give the column a value")
        self.sql = str(compiled)
        self._order: list[str] = list(compiled.positiontup or ())
        binds: dict[str, BindParameter[Any]] = dict(compiled.binds)
        self._defaults = {
            name: value
            for name, value in compiled.params.items()
            if name not in binds or not binds[name].required
        }
        self._required = frozenset(name for name, bind in binds.items() if bind.required)
        self._binders: dict[str, Convert] = {}
        for name in self._order:
            bind = binds[name]
            bind_processor = bind.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)
            if bind_processor is not None:
                self._binders[name] = bind_processor
        self.conversions: list[tuple[str, Convert]] = []
        for column in statement.exported_columns:
            if isinstance(column.type, Enum | JSON):  # all others come converted from the driver
                result = column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None)
                if result is not None:
                    self.conversions.append((str(column.key), result))

    def arguments(self, parameters: Mapping[str, Any]) -> list[Any]:
        if parameters.keys() != self._required:
            wrong = parameters.keys() ^ self._required
            raise KeyError(f"missing or unknown parameters: {sorted(wrong)}")
        values = {**self._defaults, **parameters}
        for name, convert in self._binders.items():
            values[name] = convert(values[name])
        return [values[name] for name in self._order]
