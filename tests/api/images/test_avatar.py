"""The avatar: set, replaced, removed, and nothing left behind."""

import asyncio
from collections.abc import Sequence

import pytest
from fastapi import FastAPI

from app.clients.supabase_storage import Bucket, StorageClient
from app.core.errors import StorageUnavailable
from tests.conftest import client_of
from tests.factories import Factory, Person
from tests.pictures import opened, picture, send, stored_objects, upload
from tests.support import assert_error, data_of, rows


async def set_avatar(owner: Person, **options: str) -> str:
    content = picture("PNG", (1200, 800), **options)
    answer = data_of(await send(owner, content, path="/users/me/avatar", purpose=None))
    assert answer.keys() == {"avatarUrl"}
    url: str = answer["avatarUrl"]
    return url


async def status_of(app: FastAPI, url: str) -> int:
    async with client_of(app) as browser:
        return (await browser.get(url)).status_code


async def test_an_avatar_is_square_public_and_on_the_profile(
    app: FastAPI, factory: Factory
) -> None:
    alice, bob = await factory.partners()

    url = await set_avatar(alice)

    async with client_of(app) as browser:
        image = await browser.get(url)
    assert opened(image.content).size == (512, 512)
    assert image.headers["content-type"] == "image/png"
    assert data_of(await alice.get("/users/me"))["avatarUrl"] == url
    assert data_of(await bob.get("/users/me"))["partnerDetails"]["avatarUrl"] == url


async def test_replacing_an_avatar_removes_the_old_one(app: FastAPI, alice: Person) -> None:
    old = await set_avatar(alice, colour="red")

    new = await set_avatar(alice, colour="blue")

    assert new != old
    assert await status_of(app, new) == 200
    assert await status_of(app, old) == 400
    (stored,) = stored_objects(app)
    assert new.endswith(stored)
    assert len(await rows(app, "SELECT 1 FROM uploads")) == 1


async def test_removing_the_avatar_leaves_nothing(app: FastAPI, alice: Person) -> None:
    url = await set_avatar(alice)
    photo = await upload(alice, "checkin")

    removed = await alice.delete("/users/me/avatar")
    again = await alice.delete("/users/me/avatar")

    assert (removed.status_code, again.status_code) == (204, 204)
    assert removed.content == b""
    assert data_of(await alice.get("/users/me"))["avatarUrl"] is None
    assert await status_of(app, url) == 400
    assert stored_objects(app) == [f"checkin-images/{photo['path']}"]


async def test_nobody_elses_avatar_is_touched(
    app: FastAPI, alice: Person, factory: Factory
) -> None:
    bob = await factory.person("Bob")
    bobs = await set_avatar(bob)

    await set_avatar(alice)
    await set_avatar(alice)
    await alice.delete("/users/me/avatar")

    assert await status_of(app, bobs) == 200
    assert data_of(await bob.get("/users/me"))["avatarUrl"] == bobs


async def test_an_uploaded_avatar_can_be_put_on_the_profile(app: FastAPI, alice: Person) -> None:
    uploaded = await upload(alice, "avatar")
    data_of(await alice.put("/users/me", {"profileImageUrl": uploaded["url"]}))
    assert await status_of(app, uploaded["url"]) == 200

    new = await set_avatar(alice)

    assert await status_of(app, uploaded["url"]) == 400
    assert len(stored_objects(app)) == 1
    assert data_of(await alice.get("/users/me"))["avatarUrl"] == new


@pytest.mark.parametrize("field", ["profileImageUrl", "profile_image_url"])
async def test_no_other_address_can_be_put_on_the_profile(
    app: FastAPI, alice: Person, factory: Factory, field: str
) -> None:
    bob = await factory.person("Bob")
    shown = await set_avatar(alice)
    addresses = [
        "https://tracker.test/pixel.png",
        (await upload(bob, "avatar"))["url"],
        (await upload(alice, "checkin"))["url"],
        shown + "?who",
    ]

    for address in addresses:
        refused = await alice.patch("/users/me", {field: address, "name": "Not changed"})
        body = assert_error(refused, 422, "unknown_image")
        assert body["errors"][0]["field"] == "profileImageUrl"

    assert data_of(await alice.get("/users/me"))["avatarUrl"] == shown
    data_of(await alice.put("/users/me", {field: shown, "name": "Changed"}))
    assert data_of(await alice.put("/users/me", {field: None}))["avatarUrl"] is None


async def test_what_could_not_be_removed_goes_with_the_next_change(
    app: FastAPI, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NeverDeletes:
        def __init__(self, real: StorageClient) -> None:
            self.upload, self.public_url = real.upload, real.public_url

        async def delete(self, bucket: Bucket, paths: Sequence[str]) -> None:
            raise StorageUnavailable

    await set_avatar(alice)
    with monkeypatch.context() as patch:
        patch.setitem(app.state._state, "storage", NeverDeletes(app.state.storage))
        current = await set_avatar(alice)
    assert len(stored_objects(app)) == 2
    assert data_of(await alice.get("/users/me"))["avatarUrl"] == current

    await set_avatar(alice)

    assert len(stored_objects(app)) == 1
    assert len(await rows(app, "SELECT 1 FROM uploads")) == 1


async def test_of_many_avatars_at_once_one_stays(app: FastAPI, alice: Person) -> None:
    urls = await asyncio.gather(*(set_avatar(alice) for _ in range(8)))

    current = data_of(await alice.get("/users/me"))["avatarUrl"]
    assert current in urls
    assert await status_of(app, current) == 200
    assert [current.endswith(stored) for stored in stored_objects(app)] == [True]
    assert len(await rows(app, "SELECT 1 FROM uploads")) == 1


async def test_a_repeated_request_changes_nothing(app: FastAPI, alice: Person) -> None:
    key = {"Idempotency-Key": "once"}
    first = await send(alice, picture(), path="/users/me/avatar", purpose=None, headers=key)
    later = await set_avatar(alice)

    again = await send(alice, picture(), path="/users/me/avatar", purpose=None, headers=key)

    assert again.json() == first.json()
    assert data_of(await alice.get("/users/me"))["avatarUrl"] == later
    assert len(stored_objects(app)) == 1


async def test_no_image_no_change(app: FastAPI, alice: Person) -> None:
    url = await set_avatar(alice)

    refused = await send(alice, b"<svg/>", path="/users/me/avatar", purpose=None)

    assert_error(refused, 422, "invalid_image")
    assert data_of(await alice.get("/users/me"))["avatarUrl"] == url
    assert len(stored_objects(app)) == 1


@pytest.mark.parametrize("given", ["alice.jpg", "http://[", "javascript:alert(1)"])
async def test_what_is_no_web_address_is_explained(alice: Person, given: str) -> None:
    refused = await alice.put("/users/me", {"profileImageUrl": given})

    (error,) = assert_error(refused, 422, "validation_failed")["errors"]
    assert error["message"] == "must be a web address, starting with https:// or http://"
