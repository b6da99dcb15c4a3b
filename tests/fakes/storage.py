"""The storage, watched or away."""

from collections.abc import Awaitable, Callable, Sequence

import httpx
from fastapi import FastAPI

from app.clients.supabase_storage import Bucket, StorageClient, SupabaseStorageClient


class WatchedStorage:
    """The real client; says which calls found a transaction open, and can be told to wait."""

    def __init__(self, app: FastAPI) -> None:
        self._real: StorageClient = app.state.storage
        self._app = app
        self.calls: list[str] = []
        self.with_connection: list[str] = []
        self.before_upload: list[Callable[[], Awaitable[object]]] = []

    async def upload(self, bucket: Bucket, path: str, content: bytes, content_type: str) -> None:
        self._note("upload")
        for wait in self.before_upload:
            await wait()
        await self._real.upload(bucket, path, content, content_type)

    async def signed_url(self, bucket: Bucket, path: str, *, seconds: int) -> str:
        self._note("signed_url")
        return await self._real.signed_url(bucket, path, seconds=seconds)

    def public_url(self, bucket: Bucket, path: str) -> str:
        return self._real.public_url(bucket, path)

    async def delete(self, bucket: Bucket, paths: Sequence[str]) -> None:
        self._note("delete")
        await self._real.delete(bucket, paths)

    def _note(self, call: str) -> None:
        self.calls.append(call)
        if self._app.state.database.engine.pool.checkedout():
            self.with_connection.append(call)


def storage_that_is_down() -> SupabaseStorageClient:
    """The real client; nobody listens where it calls."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    return SupabaseStorageClient(
        url="https://project.test",
        secret_key="sb_secret_test",
        http=httpx.AsyncClient(transport=httpx.MockTransport(refuse)),
        timeout_seconds=1,
    )
