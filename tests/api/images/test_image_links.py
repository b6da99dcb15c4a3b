"""Showing images: links that end, and photos of check-ins (Specification §4.5)."""

import re
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from tests.conftest import client_of
from tests.factories import Factory, Person
from tests.fakes.storage import WatchedStorage
from tests.pictures import (
    shown,
    upload,
)
from tests.support import FrozenClock, assert_error, data_of, items_of, rows


async def test_a_link_redirects_for_a_few_minutes_and_asks_for_no_token(
    app: FastAPI, alice: Person
) -> None:
    link = (await upload(alice))["url"]

    async with client_of(app) as browser:
        answer = await browser.get(link)

    assert answer.status_code == 302
    assert answer.headers["cache-control"] == "private, max-age=240"
    assert urlsplit(answer.headers["location"]).path.startswith(
        "/_local/supabase/storage/v1/object/sign/checkin-images/"
    )


async def test_a_link_ends_after_two_hours_and_is_never_kept_for_longer(
    app: FastAPI, alice: Person, clock: FrozenClock
) -> None:
    link = (await upload(alice))["url"]  # at nine o'clock sharp

    clock.advance(hours=2, seconds=-30)
    async with client_of(app) as browser:
        last = await browser.get(link)
        clock.advance(seconds=30)
        late = await browser.get(link)

    assert last.headers["cache-control"] == "private, max-age=30"
    assert_error(late, 404, "image_not_found")


async def test_forged_links_and_links_of_other_uploads_show_nothing(
    app: FastAPI, alice: Person, storage: WatchedStorage
) -> None:
    one, two, avatar = [await upload(alice, kind) for kind in ("checkin", "checkin", "avatar")]
    base, id_one, token_one = one["url"].rsplit("/", 2)
    _, id_two, _ = two["url"].rsplit("/", 2)
    id_avatar = avatar["path"].rpartition("/")[2].removesuffix(".jpg")
    expires, _, signature = token_one.partition("-")
    storage.calls.clear()

    for bad in (
        f"{base}/{id_two}/{token_one}",
        f"{base}/{id_avatar}/{token_one}",
        f"{base}/{id_one}/{int(expires) + 3600}-{signature}",
        f"{base}/{id_one}/{expires}-{'A' * 43}",
        f"{base}/{id_one}/{expires}",
        f"{base}/{id_one}/x",
        f"{base}/{alice.id}/{token_one}",
    ):
        assert_error(await shown(app, bad), 404, "image_not_found")

    assert storage.calls == []


async def test_the_link_of_a_deleted_upload_shows_nothing(app: FastAPI, alice: Person) -> None:
    link = (await upload(alice))["url"]
    async with app.state.database.engine.begin() as connection:
        await connection.execute(text("DELETE FROM uploads"))

    assert_error(await shown(app, link), 404, "image_not_found")


async def test_the_partner_sees_the_photo_of_a_pending_checkin(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, verificationRequired=True)
    photo = await upload(alice)
    checkin = await factory.checkin(alice, system["id"], photoUrl=photo["url"])

    clock.advance(hours=5)
    (waiting,) = items_of(await bob.get("/verifications/queue"))
    image = await shown(app, waiting["photoUrl"])
    verified = data_of(
        await bob.post(f"/verifications/{checkin['id']}/verify", {"decision": "verified_completed"})
    )
    (listed,) = items_of(await alice.get("/checkins"))

    assert checkin["photoUrl"] == photo["url"]
    assert len(image.content) == photo["size"]
    assert waiting["photoUrl"] == verified["photoUrl"] != listed["photoUrl"]
    assert len((await shown(app, listed["photoUrl"])).content) == photo["size"]
    assert_error(await shown(app, photo["url"]), 404, "image_not_found")
    ((stored),) = await rows(app, "SELECT photo_url FROM checkins")
    assert re.fullmatch(r"upload:[0-9a-f-]{36}", stored["photo_url"])


@pytest.mark.parametrize("given", ["url", "older url", "path"])
async def test_an_upload_is_named_by_its_address_or_its_path(
    factory: Factory, clock: FrozenClock, given: str
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)
    photo = await upload(alice)
    if given == "older url":
        clock.advance(hours=3)

    name = photo["path" if given == "path" else "url"]
    checkin = await factory.checkin(alice, system["id"], photo_url=name)

    assert checkin["photoUrl"].rpartition("/")[0] == photo["url"].rpartition("/")[0]


@pytest.mark.parametrize(
    "whose",
    ["partner's url", "partner's path", "message", "avatar", "unknown", "elsewhere", "reference"],
)
async def test_only_ones_own_uploads_for_checkins_can_be_photos(
    app: FastAPI, factory: Factory, whose: str
) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice)
    own, bobs = await upload(alice), await upload(bob)
    unknown = "/5a4e7c1e-6f0a-4d0c-9a51-0d8a3c1f7b2e/"
    name = {
        "partner's url": bobs["url"],
        "partner's path": bobs["path"],
        "message": (await upload(alice, "message"))["url"],
        "avatar": (await upload(alice, "avatar"))["url"],
        "unknown": re.sub(r"/[0-9a-f-]{36}/", unknown, own["url"]),
        "elsewhere": own["url"].replace("api.test", "evil.test"),
        "reference": f"upload:{own['path'][37:73]}",
    }[whose]

    refused = await alice.post("/checkins", {"systemId": system["id"], "photoUrl": name})

    (error,) = assert_error(refused, 422, "unknown_image")["errors"]
    assert error["field"] == "photoUrl"
    assert await rows(app, "SELECT 1 FROM checkins") == []
