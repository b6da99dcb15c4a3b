"""Images to upload, made on the spot, and the upload itself."""

from io import BytesIO
from typing import Any

import httpx
from fastapi import FastAPI
from PIL import Image

from app.local.storage_files import StorageFiles
from tests.conftest import client_of
from tests.factories import Person
from tests.support import data_of, rows


def picture(
    kind: str = "JPEG",
    size: tuple[int, int] = (60, 40),
    *,
    mode: str = "RGB",
    colour: Any = "red",
    **options: Any,
) -> bytes:
    """An image of one colour; `options` go to Pillow's writer."""
    content = BytesIO()
    Image.new(mode, size, colour).save(content, kind, **options)
    return content.getvalue()


def opened(content: bytes) -> Image.Image:
    """The image in these bytes, decoded."""
    image = Image.open(BytesIO(content))
    image.load()
    return image


async def send(
    owner: Person,
    content: bytes,
    *,
    purpose: str | None = "checkin",
    path: str = "/uploads",
    name: str = "photo.jpg",
    content_type: str = "image/jpeg",
    **options: Any,
) -> httpx.Response:
    """POST a form with a file, as a browser does."""
    data = {"purpose": purpose} if purpose is not None else {}
    files = {"file": (name, content, content_type)}
    return await owner.post(path, files=files, data=data, **options)


async def upload(owner: Person, purpose: str = "checkin", **options: Any) -> dict[str, Any]:
    """An upload of the owner's: `url`, `path`, `contentType`, `size`."""
    response = await send(owner, picture(), purpose=purpose, **options)
    uploaded: dict[str, Any] = data_of(response, 201)
    return uploaded


def stored_objects(app: FastAPI) -> list[str]:
    """Every object in the storage, as `bucket/path`."""
    files = StorageFiles(app.state.local_mode.storage_dir)
    return [
        f"{bucket}/{name}"
        for bucket in ("avatars", "checkin-images", "message-images")
        for name in files.names(bucket)
    ]


async def shown(app: FastAPI, url: str) -> httpx.Response:
    """What a browser without a token gets at an address, redirects followed."""
    async with client_of(app, follow_redirects=True) as browser:
        return await browser.get(url)


def image_of(link: str) -> str:
    """Which image a link leads to, whoever it was made for."""
    return link.rpartition("/")[0]


async def uploads_of(app: FastAPI) -> list[dict[str, object]]:
    return await rows(app, "SELECT * FROM uploads")
