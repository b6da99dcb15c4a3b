"""The export of everything stored about a person (Specification §4.1).

It is written to a temporary file from one snapshot, and only then sent. So the document is
consistent, a fault is an error answer instead of half a file, and neither a transaction nor a
connection waits for a client that reads slowly: the database ends one that idles for 10 seconds.
The file has no name in the file system, so that nothing of it outlives the process.

Each export holds a connection while it is written, so a process writes only a few at a time.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from functools import cache
from tempfile import TemporaryFile
from typing import IO, Any

from pydantic.alias_generators import to_camel
from pydantic_core import to_json

from app.core.clock import Clock
from app.core.errors import ServiceUnavailable
from app.crud.crud_export import ExportCrud
from app.crud.crud_user import Account
from app.crud.export_tables import ACCOUNT, EXPORTED, Owner, TableExport
from app.db.session import Database

CHUNK_BYTES = 64 * 1024
MOST_AT_ONCE = 2
PATIENCE_SECONDS = 2.0
TRY_AGAIN_AFTER_SECONDS = 10

_camel = cache(to_camel)  # there are few names and many rows


class AccountExportFile:
    """A finished export. It can be read once, and is gone after that."""

    def __init__(self, file: IO[bytes], exported_at: datetime) -> None:
        self._file = file
        self.size = file.tell()
        self.filename = f"duotrak-export-{exported_at:%Y-%m-%d}.json"

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            await asyncio.to_thread(self._file.seek, 0)
            while chunk := await asyncio.to_thread(self._file.read, CHUNK_BYTES):
                yield chunk
        finally:
            self._file.close()


class ExportService:
    """One for each process. It has sessions of its own: a request's one ends before its answer."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)

    async def prepare(self, account: Account) -> AccountExportFile:
        """Gather the export of one person; memory does not grow with its size.

        Raises ServiceUnavailable while too many others are being made.
        """
        async with self._turn():
            return await self._gather(account)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            raise ServiceUnavailable(
                "Other people are downloading their data. Please try again in a moment.",
                retry_after_seconds=TRY_AGAIN_AFTER_SECONDS,
            ) from None
        try:
            yield
        finally:
            self._turns.release()

    async def _gather(self, account: Account) -> AccountExportFile:
        now = self._clock.now()
        owner = Owner(account.id, account.confirmed_email)
        file = TemporaryFile()  # noqa: SIM115 - handed over open; closed here on failure
        try:
            async with self._database.session() as session:
                exports = ExportCrud(session)
                await exports.begin_snapshot()
                await _write(file, exports, owner, now)
        except BaseException:
            file.close()
            raise
        return AccountExportFile(file, now)


async def _write(file: IO[bytes], exports: ExportCrud, owner: Owner, now: datetime) -> None:
    file.write(b'{"exportedAt":' + to_json(now) + b',"account":')
    async for (account,) in exports.rows(ACCOUNT, owner):
        file.write(_json(account))
    for export in EXPORTED:
        file.write(f',"{_camel(export.key)}":['.encode())
        await _write_rows(file, exports, export, owner)
        file.write(b"]")
    file.write(b"}\n")


async def _write_rows(
    file: IO[bytes], exports: ExportCrud, export: TableExport, owner: Owner
) -> None:
    separator = b""
    async with aclosing(exports.rows(export, owner)) as batches:
        async for batch in batches:
            await asyncio.to_thread(file.write, separator + b",\n".join(map(_json, batch)))
            separator = b",\n"


def _json(row: dict[str, Any]) -> bytes:
    """Only the columns' names change: what people stored as JSON stays as it is."""
    return to_json({_camel(name): value for name, value in row.items()})
