"""Uploads that fail, and uploads that are repeated."""

import asyncio

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from tests.factories import Person
from tests.fakes.storage import WatchedStorage
from tests.pictures import (
    picture,
    send,
    shown,
    stored_objects,
    upload,
    uploads_of,
)
from tests.support import assert_error, data_of, rows


async def no_objects(app: FastAPI) -> None:
    """What failed is removed after its answer."""
    for _ in range(200):
        if not stored_objects(app):
            return
        await asyncio.sleep(0.01)
    assert stored_objects(app) == []


@pytest.mark.usefixtures("storage_down")
@pytest.mark.parametrize("path", ["/uploads", "/users/me/avatar"])
async def test_without_the_storage_nothing_is_stored(
    app: FastAPI, alice: Person, path: str
) -> None:
    purpose = "checkin" if path == "/uploads" else None
    answer = await send(
        alice, picture(), path=path, purpose=purpose, headers={"Idempotency-Key": "once"}
    )

    assert_error(answer, 503, "storage_unavailable")
    assert answer.headers["retry-after"] == "30"
    assert await uploads_of(app) == []
    assert await rows(app, "SELECT 1 FROM idempotency_keys") == []
    assert data_of(await alice.get("/users/me"))["avatarUrl"] is None


async def test_a_link_says_that_the_storage_is_away(
    app: FastAPI, alice: Person, request: pytest.FixtureRequest
) -> None:
    link = (await upload(alice))["url"]
    request.getfixturevalue("storage_down")

    assert_error(await shown(app, link), 503, "storage_unavailable")


async def test_no_connection_is_held_while_the_storage_is_called(
    alice: Person, storage: WatchedStorage
) -> None:
    key = {"Idempotency-Key": "once"}
    link = (await upload(alice, headers=key))["url"]
    await alice.client.get(link)
    for _ in range(2):
        data_of(await send(alice, picture(), path="/users/me/avatar", purpose=None))
    await alice.delete("/users/me/avatar")

    assert set(storage.calls) == {"upload", "signed_url", "delete"}
    assert storage.with_connection == []


async def test_when_the_row_cannot_be_written_the_object_is_removed(
    app: FastAPI, alice: Person, storage: WatchedStorage
) -> None:
    async def owner_vanishes() -> None:
        async with app.state.database.engine.begin() as connection:
            await connection.execute(text("DELETE FROM users"))

    storage.before_upload.append(owner_vanishes)

    assert_error(await send(alice, picture()), 500, "internal_error")

    await no_objects(app)
    assert storage.calls == ["upload", "delete"]


async def test_a_repeated_upload_gets_the_first_answer(
    app: FastAPI, alice: Person, storage: WatchedStorage
) -> None:
    key = {"Idempotency-Key": "once"}
    first = await send(alice, picture(), headers=key)

    again = await send(alice, picture(), name="renamed.jpg", headers=key)

    assert again.status_code == 201
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert storage.calls == ["upload"]
    assert len(stored_objects(app)) == 1


@pytest.mark.parametrize("other", ["file", "purpose"])
async def test_a_key_means_one_form(app: FastAPI, alice: Person, other: str) -> None:
    key = {"Idempotency-Key": "once"}
    await upload(alice, headers=key)

    refused = (
        await send(alice, picture(colour="blue"), headers=key)
        if other == "file"
        else await send(alice, picture(), purpose="message", headers=key)
    )

    assert_error(refused, 422, "idempotency_key_reused")
    assert len(stored_objects(app)) == 1


async def test_a_large_upload_is_recognised_too(alice: Person) -> None:
    key = {"Idempotency-Key": "once"}
    large = picture() + bytes(3_000_000)
    first = data_of(await send(alice, large, headers=key), 201)

    again = await send(alice, large, headers=key)
    other = await send(alice, large + b"\x01", headers=key)

    assert data_of(again, 201) == first
    assert_error(other, 422, "idempotency_key_reused")


async def test_of_many_at_once_with_one_key_one_upload_stays(
    app: FastAPI, alice: Person, storage: WatchedStorage
) -> None:
    """All have looked and found nothing before the first of them writes."""
    together = asyncio.Barrier(8)
    storage.before_upload.append(together.wait)
    key = {"Idempotency-Key": "once"}

    answers = await asyncio.gather(*(send(alice, picture(), headers=key) for _ in range(8)))

    done = [data_of(answer, 201) for answer in answers if answer.status_code == 201]
    for answer in answers:
        if answer.status_code != 201:
            assert_error(answer, 409, "request_in_progress")
    assert done
    assert all(upload == done[0] for upload in done)
    assert len(await uploads_of(app)) == 1
    for _ in range(200):
        if len(stored_objects(app)) == 1:
            break
        await asyncio.sleep(0.01)
    assert stored_objects(app) == [f"checkin-images/{done[0]['path']}"]
