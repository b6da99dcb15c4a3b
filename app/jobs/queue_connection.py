"""The one connection over which a worker talks to the queue."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.ports.driver import NotifyCallback

from app.core.config import DatabaseTarget
from app.db.session import SESSION_SETTINGS

APPLICATION_NAME = "duotrak-worker"  # shown in pg_stat_activity
ANSWER_SECONDS = 6.0
CLOSING_SECONDS = 1.0


@asynccontextmanager
async def queue_connection(
    target: DatabaseTarget, lost: asyncio.Event
) -> AsyncIterator[AsyncpgDriver]:
    """Connects, and sets `lost` when the connection is closed.

    Raises OSError, TimeoutError or asyncpg's errors when the database cannot be reached.
    """
    options: dict[str, Any] = (
        {"statement_cache_size": 0}
        if target.transaction_pooling
        else {"server_settings": SESSION_SETTINGS | {"application_name": APPLICATION_NAME}}
    )
    connection = await asyncpg.connect(
        target.url.replace("postgresql+asyncpg:", "postgresql:", 1),
        ssl=target.ssl,
        timeout=ANSWER_SECONDS,
        command_timeout=ANSWER_SECONDS,
        **options,
    )
    connection.add_termination_listener(lambda _connection: lost.set())
    try:
        yield PollingDriver(connection) if target.transaction_pooling else AsyncpgDriver(connection)
    finally:
        with suppress(Exception):  # it may be broken, which is why we are here
            await connection.close(timeout=CLOSING_SECONDS)
        connection.terminate()


class PollingDriver(AsyncpgDriver):
    """For a transaction pooler: each statement in a transaction, and no LISTEN.

    Otherwise preparing and executing could meet two server connections, and a LISTEN would stay
    behind on a connection that others use.
    """

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        async with self._lock, self._connection.transaction():
            return [dict(row) for row in await self._connection.fetch(query, *args)]

    async def execute(self, query: str, *args: object) -> str:
        async with self._lock, self._connection.transaction():
            return str(await self._connection.execute(query, *args))

    async def notify(self, channel: str, payload: str) -> None:
        """Nobody would hear it."""

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        """It would hear nothing."""
