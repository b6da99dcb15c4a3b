"""Writing messages and reading the thread."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from tests.factories import Factory, end_partnership
from tests.pictures import image_of, shown, upload
from tests.support import FrozenClock, assert_error, count_rows, data_of, items_of, rows
from tests.talking import say

WRITTEN = ("direct_messages", "notifications")


async def test_a_message_is_stored_as_it_was_sent(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    partnership = data_of(await alice.get("/partnerships/current"))["id"]
    image = (await upload(alice, "message"))["url"]
    body = {
        "textContent": "  Done! 💪  ",
        "emojiContent": "❤",
        "imageUrl": image,
        "replyToActivityId": "checkin:0f8b7c6d",
        "replyToActivitySummary": "Bob completed 'Run'",
    }

    sent = data_of(await alice.post("/messages", body), 201)

    assert sent == {
        "id": sent["id"],
        "partnershipId": partnership,
        "senderId": str(alice.id),
        "textContent": "Done! 💪",
        "emojiContent": "❤️",
        "imageUrl": image,
        "timestamp": "2026-03-10T09:00:00Z",
        "readAtUtc": None,
        "reactions": [],
        "replyingTo": {"activityId": "checkin:0f8b7c6d", "summary": "Bob completed 'Run'"},
    }
    assert items_of(await alice.get("/messages")) == [sent]
    (seen,) = items_of(await bob.get("/messages"))
    assert seen == sent | {"imageUrl": seen["imageUrl"]}
    assert image_of(seen["imageUrl"]) == image_of(image)
    (row,) = await rows(app, "SELECT * FROM direct_messages")
    assert row["image_url"].startswith("upload:")


@pytest.mark.parametrize(
    "body",
    [{"text_content": "Hi"}, {"emoji_content": "🎉"}, {"textContent": "x" * 4000, "imageUrl": " "}],
    ids=["text", "emoji", "long"],
)
async def test_one_part_is_enough(factory: Factory, body: dict[str, Any]) -> None:
    alice, _ = await factory.partners()

    sent = data_of(await alice.post("/messages", body), 201)

    assert [sent["textContent"], sent["emojiContent"]].count(None) == 1
    assert sent["replyingTo"] is None


async def test_a_picture_alone_is_a_message_that_the_partner_sees(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    image = await upload(alice, "message")

    data_of(await alice.post("/messages", {"image_url": image["path"]}), 201)

    (seen,) = items_of(await bob.get("/messages"))
    assert (await shown(app, seen["imageUrl"])).headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"textContent": "  ", "emojiContent": "", "imageUrl": ""}, "body"),
        ({"textContent": None}, "body"),
        ({"replyToActivityId": "a"}, "body"),
        ({"textContent": "a", "replyToActivitySummary": "b"}, "body"),
        ({"textContent": "x" * 4001}, "textContent"),
        ({"textContent": "a\x00"}, "textContent"),
        ({"emojiContent": "ok"}, "emojiContent"),
        ({"emojiContent": "👍👍"}, "emojiContent"),
        ({"textContent": "a", "replyToActivityId": "x" * 65}, "replyToActivityId"),
        (
            {"textContent": "a", "replyToActivityId": "a", "replyToActivitySummary": "x" * 201},
            "replyToActivitySummary",
        ),
        ({"textContent": "a", "senderId": str(uuid4())}, "senderId"),
        ({"textContent": "a", "partnershipId": str(uuid4())}, "partnershipId"),
        ({"textContent": "a", "timestamp": "2026-01-01T00:00:00Z"}, "timestamp"),
    ],
)
async def test_what_is_no_message_is_refused_by_name(
    factory: Factory, app: FastAPI, body: dict[str, Any], field: str
) -> None:
    alice, _ = await factory.partners()

    refused = await alice.post("/messages", body)

    errors = assert_error(refused, 422, "validation_failed")["errors"]
    assert [error["field"] for error in errors] == [field]
    assert await count_rows(app, *WRITTEN) == (0, 0)


@pytest.mark.parametrize("whose", ["nobody's", "partner's", "for a check-in", "forgotten"])
async def test_an_image_must_be_ones_own_upload_for_messages(
    factory: Factory, app: FastAPI, whose: str
) -> None:
    alice, bob = await factory.partners()
    url = {
        "nobody's": "https://files.test/photo.webp",
        "partner's": (await upload(bob, "message"))["url"],
        "for a check-in": (await upload(alice, "checkin"))["path"],
        "forgotten": f"{alice.id}/{uuid4()}.jpg",
    }[whose]

    refused = await alice.post("/messages", {"textContent": "Look", "imageUrl": url})

    (error,) = assert_error(refused, 422, "unknown_image")["errors"]
    assert error["field"] == "imageUrl"
    assert await count_rows(app, *WRITTEN) == (0, 0)


async def test_without_a_partner_there_is_no_thread(factory: Factory, app: FastAPI) -> None:
    alone = await factory.person("Carol")

    for refused in (
        await alone.get("/messages"),
        await alone.post("/messages", {"textContent": "Anybody?"}),
        await alone.post("/messages/read", {"upToMessageId": str(uuid4())}),
    ):
        assert_error(refused, 404, "no_active_partnership")

    assert await count_rows(app, *WRITTEN) == (0, 0)


async def test_the_thread_is_newest_first_in_pages(factory: Factory, clock: FrozenClock) -> None:
    alice, bob = await factory.partners()
    sent = []
    for number in range(5):
        sent.append((await say(bob if number % 2 else alice, str(number)))["id"])
        clock.advance(seconds=number % 2)  # some at the same instant

    pages = [data_of(await alice.get(f"/messages?limit=2&page={page}")) for page in (1, 2, 3, 4)]

    assert [page["pagination"]["hasNextPage"] for page in pages] == [True, True, False, False]
    assert {page["pagination"]["totalItems"] for page in pages} == {5}
    listed = [item["id"] for page in pages for item in page["items"]]
    assert sorted(listed) == sorted(sent)
    whole = items_of(await bob.get("/messages"))
    assert [item["id"] for item in whole] == listed
    times = [item["timestamp"] for item in whole]
    assert times == sorted(times, reverse=True)


async def test_scrolling_back_is_not_moved_by_what_arrives(
    factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    for number in range(7):
        await say(alice, str(number))
        clock.advance(seconds=number % 2)
    whole = [item["id"] for item in items_of(await bob.get("/messages"))]

    seen, more, path = list[str](), True, "/messages?limit=3"
    while more:
        page = data_of(await bob.get(path))
        seen += [item["id"] for item in page["items"]]
        more = page["pagination"]["hasNextPage"]
        path = f"/messages?limit=3&before={seen[-1]}"
        await say(alice, "Meanwhile")

    assert seen == whole
    rest = data_of(await bob.get(f"/messages?before={whole[2]}"))
    assert rest["pagination"] == {
        "currentPage": 1,
        "limit": 20,
        "totalItems": 4,
        "totalPages": 1,
        "hasNextPage": False,
    }
    oldest = data_of(await bob.get(f"/messages?before={whole[-1]}"))
    assert oldest["items"] == []
    assert oldest["pagination"]["totalItems"] == 0


async def test_a_cursor_must_be_a_message_of_this_thread(factory: Factory) -> None:
    alice, _ = await factory.partners()
    carol, _ = await factory.partners()
    foreign = await say(carol)
    await say(alice)

    for unknown in (foreign["id"], str(uuid4())):
        refused = await alice.get(f"/messages?before={unknown}")
        assert_error(refused, 404, "message_not_found")
    assert_error(await alice.get("/messages?before=1"), 422, "validation_failed")
    assert len(items_of(await alice.get("/messages?before="))) == 1


async def test_a_new_partnership_starts_with_an_empty_thread_and_the_old_one_is_history(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    old = await say(bob, "Farewell")
    await end_partnership(app, alice, bob)
    carol = await factory.person("Carol")
    await factory.partnership(alice, carol)

    assert items_of(await alice.get("/messages")) == []
    assert items_of(await carol.get("/messages")) == []
    assert_error(await bob.get("/messages"), 404, "no_active_partnership")
    for method, path, body in (
        ("GET", f"/messages?before={old['id']}", None),
        ("POST", "/messages/read", {"upToMessageId": old["id"]}),
        ("POST", f"/messages/{old['id']}/react", {"emoji": "👍"}),
        ("DELETE", f"/messages/{old['id']}/react", None),
        ("DELETE", f"/messages/{old['id']}", None),
    ):
        refused = await alice.client.request(method, f"/api/v1{path}", json=body)
        assert_error(refused, 404, "message_not_found")
    assert_error(await bob.delete(f"/messages/{old['id']}"), 404, "message_not_found")
    path = f"/partnerships/history/{old['partnershipId']}/messages"
    assert items_of(await alice.get(path)) == [old]
    assert await count_rows(app, "direct_messages", "reactions") == (1, 0)


async def test_a_repeated_request_sends_one_message(factory: Factory, app: FastAPI) -> None:
    alice, _ = await factory.partners()
    key = {"headers": {"Idempotency-Key": "once"}}

    first = await alice.post("/messages", {"textContent": "Hello"}, **key)
    again = await alice.post("/messages", {"textContent": "Hello"}, **key)

    assert data_of(again, 201) == data_of(first, 201)
    assert await count_rows(app, *WRITTEN) == (1, 1)
