"""The engine, and the session of a request.

A request has one `Session`. `fetch_all` and `fetch_one` run a `Query`: while no transaction is
open, on a pooled connection that is given back at once, by the driver alone; while one is open,
inside it. So a request never holds two connections, and a read sees the request's own writes.
The session begins a transaction with its first ORM statement; `api/routing.py` commits it.
"""

import math
import time
from typing import Any

from pydantic_core import from_json
from sqlalchemy import ExceptionContext, event, text
from sqlalchemy.exc import DisconnectionError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from app.core.config import DatabaseTarget
from app.db.errors import UNDEFINED_TABLE, sqlstate
from app.db.query import Query, Row

POOL_TIMEOUT_SECONDS = 2.0
CONNECT_TIMEOUT_SECONDS = 2.2
# After a server let somebody wait that long in vain, nobody tries for a moment: not even those who
# waited for the pool until now, and would wait for the server on top of that.
PAUSE_AFTER_HANG_SECONDS = POOL_TIMEOUT_SECONDS + 0.1
# A server that hangs cannot enforce its own timeouts; a little longer than the longest of them.
ANSWER_TIMEOUT_SECONDS = 6.0
SESSION_SETTINGS = {
    "statement_timeout": "5000",
    "lock_timeout": "2000",
    "idle_in_transaction_session_timeout": "10000",
    "jit": "off",  # compiling costs more than it saves on queries this small
}
_NO_ANSWER = "the database did not answer in time"

# In one statement: behind a pooler each costs several round trips.
_SET_LOCAL = "SELECT " + ", ".join(
    f"set_config('{name}', '{value}', true)" for name, value in SESSION_SETTINGS.items()
)


class Session(AsyncSession):
    """An `AsyncSession` that also runs compiled queries."""

    def __init__(self, database: "Database") -> None:
        super().__init__(database.engine, expire_on_commit=False)
        self._database = database

    async def fetch_all(self, query: Query[Row], /, **parameters: Any) -> list[Row]:
        """Run a query for all its rows. Outside a transaction, a write is final at once."""
        if self.in_transaction():
            if self.new or self.dirty or self.deleted:
                await self.flush()
            # On the connection: the session would take the parameters of an INSERT for its rows.
            connection = await self.connection()
            result = await connection.execute(query.statement, parameters)
            return query.from_mappings(result.mappings())
        return await self._database.fetch_all(query, **parameters)

    async def fetch_one(self, query: Query[Row], /, **parameters: Any) -> Row | None:
        """Run a query for its only row, or None."""
        rows = await self.fetch_all(query, **parameters)
        return rows[0] if rows else None


class Database:
    """The pool of connections. Nothing connects before the first statement."""

    def __init__(self, target: DatabaseTarget, *, pool_size: int) -> None:
        self._pooler = target.transaction_pooling
        self._hung_at = -math.inf
        connect_args = target.connect_args | {
            "timeout": CONNECT_TIMEOUT_SECONDS,
            "command_timeout": ANSWER_TIMEOUT_SECONDS,
        }
        if not self._pooler:
            connect_args["server_settings"] = SESSION_SETTINGS
        self.engine: AsyncEngine = create_async_engine(
            target.url,
            pool_size=pool_size,
            pool_use_lifo=True,  # a few busy connections are faster than many that take turns
            max_overflow=0,
            pool_timeout=POOL_TIMEOUT_SECONDS,
            connect_args=connect_args,
            json_deserializer=from_json,  # a good deal faster than the standard library's
        )
        event.listen(self.engine.sync_engine, "do_connect", self._connect)
        event.listen(self.engine.sync_engine, "handle_error", _give_up_on_a_server_that_hangs)
        event.listen(self.engine.sync_engine, "checkout", _refuse_closed_connection)
        if self._pooler:
            # A transaction pooler refuses them when connecting.
            event.listen(self.engine.sync_engine, "begin", _set_local_settings)

    def session(self) -> Session:
        return Session(self)

    async def fetch_all(self, query: Query[Row], /, **parameters: Any) -> list[Row]:
        if self._pooler:
            # Prepare and execute could meet two server connections: keep them in a transaction.
            async with self.engine.begin() as transaction:
                result = await transaction.execute(query.statement, parameters)
                return query.from_mappings(result.mappings())
        arguments = query.arguments(parameters)
        connection = await self.engine.raw_connection()
        try:
            driver: Any = connection.driver_connection
            records = await driver.fetch(query.sql, *arguments)
        except TimeoutError as error:
            connection.invalidate()
            raise ConnectionError(_NO_ANSWER) from error
        finally:
            connection.close()
        return query.from_driver(records)

    async def fetch_one(self, query: Query[Row], /, **parameters: Any) -> Row | None:
        rows = await self.fetch_all(query, **parameters)
        return rows[0] if rows else None

    async def schema_revision(self) -> str | None:
        """The revision that the database is at; None where no migration has ever run."""
        try:
            async with self.engine.connect() as connection:
                found = await connection.scalar(text("SELECT version_num FROM alembic_version"))
        except ProgrammingError as error:
            if sqlstate(error) == UNDEFINED_TABLE:
                return None
            raise
        return None if found is None else str(found)

    def _connect(self, dialect: Any, _entry: Any, arguments: Any, options: Any) -> Any:
        """Name what else is a plain OSError, such as an unknown host or a timeout.

        What the server itself says against it, such as that it is starting, comes as the driver's
        error: SQLAlchemy's own version of it is no SQLAlchemyError while nothing wraps it.
        """
        if time.monotonic() - self._hung_at < PAUSE_AFTER_HANG_SECONDS:
            raise ConnectionError(_NO_ANSWER)
        try:
            return dialect.connect(*arguments, **options)
        except TimeoutError as error:
            self._hung_at = time.monotonic()
            raise ConnectionError(_NO_ANSWER) from error
        except OSError as error:
            raise ConnectionError("the database cannot be reached") from error
        except dialect.loaded_dbapi.Error as error:
            raise error.__cause__ or error from None

    async def dispose(self) -> None:
        await self.engine.dispose()


def _give_up_on_a_server_that_hangs(context: ExceptionContext) -> Exception | None:
    """Throw the connection away, rather than wait for it once more to roll back."""
    if not isinstance(context.original_exception, TimeoutError):
        return None
    context.is_disconnect = True
    context.invalidate_pool_on_disconnect = False
    return ConnectionError(_NO_ANSWER)


def _refuse_closed_connection(
    dbapi_connection: Any, _entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection
) -> None:
    """After a restart of the database, replace dead connections before anybody uses them."""
    if dbapi_connection.driver_connection.is_closed():
        raise DisconnectionError("the connection was closed while it rested in the pool")


def _set_local_settings(connection: Any) -> None:
    connection.exec_driver_sql(_SET_LOCAL)
