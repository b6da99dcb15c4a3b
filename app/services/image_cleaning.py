"""Cleaning images in worker threads, a few at a time."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, BinaryIO

from app.core.enums import UploadPurpose
from app.core.errors import InvalidImage

if TYPE_CHECKING:
    from app.core.images import CleanImage

# Each image at work holds up to 100 MB: 25 million pixels of four bytes.
MAX_AT_ONCE = min(4, max(2, os.cpu_count() or 2))


class ImageCleaner:
    """Threads of its own: images that wait for one keep nothing else in the service waiting."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(MAX_AT_ONCE, thread_name_prefix="images")

    async def clean(self, file: BinaryIO, purpose: UploadPurpose) -> "CleanImage":
        """The image as it may be shown. A file that waits its turn is not read before it.

        Raises InvalidImage.
        """
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, _clean, file, purpose
        )

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _clean(file: BinaryIO, purpose: UploadPurpose) -> "CleanImage":
    # Here, since Pillow is slow to load, and only uploads need it.
    from app.core.images import UnusableImageError, clean_avatar, clean_photo

    clean = clean_avatar if purpose is UploadPurpose.AVATAR else clean_photo
    try:
        return clean(file)
    except UnusableImageError as error:
        raise InvalidImage(str(error)) from error
