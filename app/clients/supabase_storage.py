"""Supabase Storage: the calls that the product makes, and what they raise.

Objects are only ever added under new names and removed, never overwritten. All calls use the
service's own key: no bucket has a policy that lets anybody else write.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import httpx

from app.core.enums import UploadPurpose
from app.core.errors import StorageUnavailable

if TYPE_CHECKING:
    from storage3 import AsyncStorageClient

# Names are never used twice, so a copy may be kept for a year.
_CACHE_SECONDS = "31536000"


class Bucket(StrEnum):
    """`avatars` is public; the others are private."""

    AVATARS = "avatars"
    CHECKIN_IMAGES = "checkin-images"
    MESSAGE_IMAGES = "message-images"


BUCKETS = {
    UploadPurpose.AVATAR: Bucket.AVATARS,
    UploadPurpose.CHECKIN: Bucket.CHECKIN_IMAGES,
    UploadPurpose.MESSAGE: Bucket.MESSAGE_IMAGES,
}


class StorageClient(Protocol):
    """Every awaited call raises StorageUnavailable when Supabase is down, slow or confused.

    A path is that of the object in its bucket.
    """

    async def upload(self, bucket: Bucket, path: str, content: bytes, content_type: str) -> None:
        """Store a new object. A path that is taken is a failure, like any other."""
        ...

    async def signed_url(self, bucket: Bucket, path: str, *, seconds: int) -> str:
        """An address at which anybody can read a private object for so many seconds."""
        ...

    def public_url(self, bucket: Bucket, path: str) -> str:
        """The lasting address of an object in a public bucket; nothing is asked or checked."""
        ...

    async def delete(self, bucket: Bucket, paths: Sequence[str]) -> None:
        """Remove objects. Those that are not there are no error."""
        ...


class SupabaseStorageClient:
    """StorageClient over the `supabase` package, with one shared HTTP pool."""

    def __init__(
        self, *, url: str, secret_key: str, http: httpx.AsyncClient, timeout_seconds: float
    ) -> None:
        self._url = url.rstrip("/")
        self._secret_key = secret_key
        self._http = http
        self._timeout_seconds = timeout_seconds

    async def upload(self, bucket: Bucket, path: str, content: bytes, content_type: str) -> None:
        async with self._storage() as storage:
            await storage.from_(bucket.value).upload(
                path,
                content,
                {"content-type": content_type, "cache-control": _CACHE_SECONDS, "upsert": "false"},
            )

    async def signed_url(self, bucket: Bucket, path: str, *, seconds: int) -> str:
        async with self._storage() as storage:
            answer = await storage.from_(bucket.value).create_signed_url(path, seconds)
            url = answer["signedUrl"]
            if not url:
                raise StorageUnavailable
            return url

    def public_url(self, bucket: Bucket, path: str) -> str:
        return f"{self._url}/storage/v1/object/public/{bucket.value}/{path}"

    async def delete(self, bucket: Bucket, paths: Sequence[str]) -> None:
        if not paths:
            return
        async with self._storage() as storage:
            await storage.from_(bucket.value).remove(list(paths))

    @asynccontextmanager
    async def _storage(self) -> AsyncIterator["AsyncStorageClient"]:
        """The vendor's client for one operation, with our timeout; its errors stop here."""
        # Here, since importing it takes a third of a second that a start-up need not wait for.
        from storage3.utils import StorageException
        from supabase import AsyncClientOptions, acreate_client

        try:
            async with asyncio.timeout(self._timeout_seconds):
                client = await acreate_client(
                    self._url,
                    self._secret_key,
                    AsyncClientOptions(
                        auto_refresh_token=False,
                        persist_session=False,
                        flow_type="implicit",
                        httpx_client=self._http,
                    ),
                )
                yield client.storage
        # The last three are what the vendor's client raises on an answer that it cannot read.
        except (
            StorageException,
            httpx.HTTPError,
            TimeoutError,
            ValueError,
            LookupError,
            TypeError,
        ) as error:
            raise StorageUnavailable from error
