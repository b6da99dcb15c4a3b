"""Images that people upload (Specification §4.5).

The object is stored before the transaction begins, and its row afterwards: no vendor is called
while one is open. What fails in between removes the object again. Only the loss of the process
or the storage, or of the database while it commits, can leave an object without a row: nobody can
see it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import BinaryIO
from uuid import UUID, uuid4

import structlog

from app.clients.supabase_storage import BUCKETS, Bucket, StorageClient
from app.core.clock import Clock
from app.core.enums import UploadPurpose
from app.core.errors import ImageNotFound, ImageTooLarge, StorageUnavailable
from app.core.image_links import ImageLinks, reference_to, seconds_until
from app.core.logging import describe_exception
from app.crud.crud_upload import StoredObject, UploadCrud
from app.crud.crud_user import Account
from app.db.models import Upload
from app.db.session import Session
from app.schemas.upload_schemas import UploadRead
from app.services.image_cleaning import ImageCleaner

log = structlog.get_logger()

MAX_IMAGE_BYTES = 10_000_000
# How long Supabase's own address works, behind a link of ours.
SIGNED_SECONDS = 300
_REDIRECT_SECONDS = 240

# Kept here, since the loop itself does not hold on to its tasks.
_removals: set[asyncio.Task[bool]] = set()

# Opens the request's transaction, and may end the request: see `api/idempotency.py`.
Claim = Callable[[], Awaitable[None]]


class UploadService:
    def __init__(
        self,
        *,
        session: Session,
        clock: Clock,
        storage: StorageClient,
        cleaner: ImageCleaner,
        links: ImageLinks,
        claim: Claim,
    ) -> None:
        self._uploads = UploadCrud(session)
        self._clock = clock
        self._storage = storage
        self._cleaner = cleaner
        self._links = links
        self._claim = claim

    async def create(
        self, account: Account, file: BinaryIO, size: int, purpose: UploadPurpose
    ) -> UploadRead:
        """Clean and store an image of `size` bytes.

        Raises ImageTooLarge, InvalidImage, StorageUnavailable, and what claiming the request does.
        """
        upload = await self._store(account, file, size, purpose)
        links = self._links.seen_by(account.id, self._clock.now())
        return UploadRead(
            url=links.shown(upload.url) or upload.url,
            path=upload.path,
            content_type=upload.content_type,
            size=upload.size,
        )

    async def replace_avatar(
        self, account: Account, file: BinaryIO, size: int
    ) -> tuple[str, Sequence[StoredObject]]:
        """The address of the new avatar, and what is unused once this is committed.

        Raises like `create`.
        """
        upload = await self._store(account, file, size, UploadPurpose.AVATAR, shown=True)
        return upload.url, await self._uploads.unused_avatars(account.id)

    async def remove_avatar(self, account: Account) -> Sequence[StoredObject]:
        """Show none. What is unused once this is committed; having no avatar is no error."""
        await self._uploads.set_avatar(account.id, None)
        return await self._uploads.unused_avatars(account.id)

    async def discard(self, unused: Sequence[StoredObject]) -> None:
        """Remove objects, then their rows, outside any transaction. Never fails.

        Rows stay while the storage is away: the next change of the avatar tries again.
        """
        for bucket in dict.fromkeys(BUCKETS[item["purpose"]] for item in unused):
            items = [item for item in unused if BUCKETS[item["purpose"]] is bucket]
            if await self._remove(bucket, [item["path"] for item in items]):
                await self._uploads.forget([item["id"] for item in items])

    async def resolve(self, upload_id: UUID, token: str) -> tuple[str, int]:
        """Where the image behind a link of ours is, and for how many seconds that may be kept.

        Raises ImageNotFound when the link is forged or has expired, or the person for whom it was
        made may not see the image any more; StorageUnavailable.
        """
        now = self._clock.now()
        viewing = self._links.read(upload_id, token, now)
        if viewing is None:
            raise ImageNotFound
        stored = await self._uploads.get_visible(upload_id, viewer_id=viewing.viewer_id)
        if stored is None:
            raise ImageNotFound
        url = await self._storage.signed_url(
            BUCKETS[stored["purpose"]], stored["path"], seconds=SIGNED_SECONDS
        )
        return url, min(_REDIRECT_SECONDS, seconds_until(viewing.expires_at, now))

    async def _store(
        self,
        account: Account,
        file: BinaryIO,
        size: int,
        purpose: UploadPurpose,
        *,
        shown: bool = False,
    ) -> Upload:
        """Object first, then the row; `shown` makes it the avatar."""
        if size > MAX_IMAGE_BYTES:
            raise ImageTooLarge
        image = await self._cleaner.clean(file, purpose)
        bucket, upload_id = BUCKETS[purpose], uuid4()
        path = f"{account.id}/{upload_id}.{image.extension}"
        upload = Upload(
            id=upload_id,
            user_id=account.id,
            purpose=purpose,
            path=path,
            url=(
                self._storage.public_url(bucket, path)
                if purpose is UploadPurpose.AVATAR
                else reference_to(upload_id)
            ),
            content_type=image.content_type,
            size=len(image.content),
            created_at=self._clock.now(),
        )
        written = False
        try:
            await self._storage.upload(bucket, path, image.content, image.content_type)
            await self._claim()
            if shown:  # first, so that two at once take turns from here on
                await self._uploads.set_avatar(account.id, upload.url)
            await self._uploads.add(upload)
            written = True
        finally:
            if not written:
                # Also after a failed upload: one that timed out may have arrived all the same.
                # The answer does not wait for it: the storage may be what is slow.
                task = asyncio.create_task(self._remove(bucket, [path]))
                _removals.add(task)
                task.add_done_callback(_removals.discard)
        return upload

    async def _remove(self, bucket: Bucket, paths: list[str]) -> bool:
        try:
            await self._storage.delete(bucket, paths)
        except StorageUnavailable as error:
            log.warning("objects_not_removed", paths=paths, **describe_exception(error))
            return False
        return True
