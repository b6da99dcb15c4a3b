"""Uploading images: what is stored, and what is refused (Specification §4.5)."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from PIL import Image

from tests.factories import API, Person
from tests.fakes.storage import WatchedStorage
from tests.pictures import (
    opened,
    picture,
    send,
    shown,
    stored_objects,
    upload,
    uploads_of,
)
from tests.support import assert_error, data_of

GPS = 0x8825


@pytest.mark.parametrize(
    ("purpose", "bucket"),
    [("checkin", "checkin-images"), ("Message", "message-images"), ("AVATAR", "avatars")],
)
async def test_an_upload_is_stored_and_shown_to_whoever_has_its_address(
    app: FastAPI, alice: Person, purpose: str, bucket: str
) -> None:
    uploaded = await upload(alice, purpose)

    image = await shown(app, uploaded["url"])

    assert uploaded.keys() == {"url", "path", "contentType", "size"}
    assert re.fullmatch(rf"{alice.id}/[0-9a-f-]{{36}}\.jpg", uploaded["path"])
    assert stored_objects(app) == [f"{bucket}/{uploaded['path']}"]
    assert image.status_code == 200
    assert len(image.content) == uploaded["size"]
    assert image.headers["content-type"] == uploaded["contentType"] == "image/jpeg"
    assert image.headers["x-content-type-options"] == "nosniff"
    assert opened(image.content).size == ((40, 40) if purpose == "AVATAR" else (60, 40))


async def test_place_and_device_are_gone_and_the_picture_is_upright(
    app: FastAPI, alice: Person
) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "SecretCamera"
    exif.get_ifd(GPS).update({1: "N", 2: (52.0, 31.0, 12.0)})

    sent = picture(exif=exif)
    uploaded = data_of(await send(alice, sent), 201)

    stored = (await shown(app, uploaded["url"])).content
    assert b"SecretCamera" in sent
    assert b"SecretCamera" not in stored
    assert b"Exif" not in stored
    assert opened(stored).getexif().get_ifd(GPS) == {}
    assert opened(stored).size == (40, 60)


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("page.html", "text/html"), ("../../etc/passwd", "image/svg+xml"), ("", "")],
)
async def test_neither_name_nor_header_decide_what_an_image_is(
    app: FastAPI, alice: Person, name: str, content_type: str
) -> None:
    content = picture("PNG", mode="RGBA", colour=(1, 2, 3, 4))
    sent = await send(alice, content, name=name or "x", content_type=content_type)

    uploaded = data_of(sent, 201)

    assert uploaded["contentType"] == "image/png"
    assert uploaded["path"].endswith(".png")
    assert (await shown(app, uploaded["url"])).headers["content-type"] == "image/png"


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!DOCTYPE html><script>alert(document.cookie)</script>"
BOMB = picture("PNG", (6000, 6000), mode="1", colour=0)


@pytest.mark.parametrize(
    "content",
    [b"", SVG, HTML, picture()[:300], picture("BMP"), BOMB],
    ids=["empty", "svg", "html", "truncated", "bmp", "bomb"],
)
@pytest.mark.parametrize("path", ["/uploads", "/users/me/avatar"])
async def test_what_is_no_usable_image_is_refused_and_nothing_is_stored(
    app: FastAPI, alice: Person, storage: WatchedStorage, content: bytes, path: str
) -> None:
    purpose = "checkin" if path == "/uploads" else None

    refused = await send(alice, content, path=path, purpose=purpose)

    (error,) = assert_error(refused, 422, "invalid_image")["errors"]
    assert error["field"] == "file"
    assert storage.calls == []
    assert await uploads_of(app) == []


@pytest.mark.parametrize("path", ["/uploads", "/users/me/avatar"])
@pytest.mark.parametrize("value", ["just words", "data:image/png;base64,AAAA"])
async def test_words_where_the_file_belongs_are_explained(
    alice: Person, storage: WatchedStorage, path: str, value: str
) -> None:
    refused = await alice.post(path, data={"file": value, "purpose": "checkin"}, files={"x": b""})
    plain = await alice.post(path, data={"file": value})

    for answer in (refused, plain):
        body = assert_error(answer, 422, "validation_failed")
        errors = {error["field"]: error["message"] for error in body["errors"]}
        assert errors["file"] == "must be a file, sent as multipart/form-data"
        assert "class" not in answer.text
        assert "UploadFile" not in answer.text
    assert storage.calls == []


@pytest.mark.parametrize("size", [10_000_001, 10_200_000, 30_000_000])
async def test_more_than_ten_megabytes_are_refused(
    app: FastAPI, alice: Person, storage: WatchedStorage, size: int
) -> None:
    content = picture() + bytes(size - len(picture()))

    refused = assert_error(await send(alice, content), 413, "body_too_large")

    assert "10 MB" in refused["message"]
    assert storage.calls == []
    assert await uploads_of(app) == []


async def test_a_body_that_is_too_large_is_not_read_to_its_end(app: FastAPI, alice: Person) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        while read < 40_000_000:
            read += 100_000
            yield bytes(100_000)

    refused = await alice.client.post(
        f"{API}/uploads",
        content=endless(),
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )

    assert_error(refused, 413, "body_too_large")
    assert read < 11_000_000


async def test_up_to_ten_megabytes_are_taken(alice: Person) -> None:
    content = picture() + bytes(10_000_000 - len(picture()))

    assert data_of(await send(alice, content), 201)["size"] < 10_000


@pytest.mark.parametrize(
    ("purpose", "extra", "field"),
    [
        ("profile", {}, "purpose"),
        ("", {}, "purpose"),
        (None, {}, "purpose"),
        ("checkin", {"userId": "x"}, "userId"),
    ],
)
async def test_wrong_fields_are_refused_by_name(
    app: FastAPI, alice: Person, purpose: str | None, extra: dict[str, str], field: str
) -> None:
    data = extra | ({} if purpose is None else {"purpose": purpose})
    files = {"file": ("a.jpg", picture(), "image/jpeg")}

    refused = await alice.post("/uploads", data=data, files=files)

    errors = assert_error(refused, 422, "validation_failed")["errors"]
    assert [error["field"] for error in errors] == [field]
    assert stored_objects(app) == []


async def test_a_form_without_a_file_is_refused(alice: Person) -> None:
    refused = await alice.post("/uploads", data={"purpose": "checkin"})
    as_text = await alice.post("/uploads", data={"purpose": "checkin", "file": "text"})

    for answer in (refused, as_text):
        (error,) = assert_error(answer, 422, "validation_failed")["errors"]
        assert error["field"] == "file"


async def test_strangers_cannot_upload(client: httpx.AsyncClient, app: FastAPI) -> None:
    answer = await client.post(
        f"{API}/uploads", files={"file": ("a", picture())}, data={"purpose": "checkin"}
    )

    assert_error(answer, 401, "not_authenticated")
    assert await uploads_of(app) == []
