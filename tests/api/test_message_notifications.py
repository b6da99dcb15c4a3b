"""What the partner is told of messages: one unread notification for a thread, the latest in it."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI

from app.crud.crud_message_state import MessageStateCrud
from tests.factories import Factory
from tests.pictures import upload
from tests.support import (
    FrozenClock,
    assert_error,
    data_of,
    done_or_waiting,
    items_of,
    rows,
)
from tests.talking import say, told

CHAT = "new_direct_message"


async def test_the_partner_is_told_and_the_sender_is_not(factory: Factory) -> None:
    alice, bob = await factory.partners()

    sent = await say(alice, "See you at six")

    assert items_of(await alice.get("/notifications")) == []
    (notification,) = items_of(await bob.get("/notifications"))
    del notification["id"]
    assert notification == {
        "type": CHAT,
        "title": "New message",
        "message": "Alice: See you at six",
        "timestamp": "2026-03-10T09:00:00Z",
        "isRead": False,
        "readAtUtc": None,
        "actionLink": "/partnership?tab=chat",
        "icon": "MessageSquare",
        "actor": {"id": str(alice.id), "name": "Alice", "avatarUrl": None},
        "target": {"type": "partnership", "id": sent["partnershipId"], "name": None},
    }


async def test_unread_ones_collapse_into_one_that_says_the_latest(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    for words in ("One", "Two", "Three"):
        await say(alice, words)
        clock.advance(minutes=1)
    last = (await say(bob, "Four"))["id"]

    (mine,), (hers,) = await told(app, bob.id, CHAT), await told(app, alice.id, CHAT)
    assert (mine["message"], mine["created_at"].minute) == ("Alice: Three", 2)
    assert hers["message"] == "Bob: Four"

    data_of(await bob.post("/messages/read", {"upToMessageId": last}))
    await say(alice, "Five")

    read, unread = await told(app, bob.id, CHAT)
    assert (read["is_read"], read["message"]) == (True, "Alice: Three")
    assert (unread["is_read"], unread["message"]) == (False, "Alice: Five")


@pytest.mark.parametrize(
    ("words", "preview"),
    [
        ("x" * 140, "Alice: " + "x" * 140),
        ("x" * 141, "Alice: " + "x" * 139 + "…"),
        ("two\n\nlines\t here", "Alice: two lines here"),
        ("y" * 138 + " z tail", "Alice: " + "y" * 138 + "…"),
    ],
    ids=["fits", "cut", "lines", "no space before the ellipsis"],
)
async def test_the_preview_is_one_line_of_at_most_140_characters(
    factory: Factory, app: FastAPI, words: str, preview: str
) -> None:
    alice, bob = await factory.partners()

    await say(alice, words)

    assert [row["message"] for row in await told(app, bob.id, CHAT)] == [preview]


async def test_emoji_and_photos_have_previews_too(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    image = (await upload(alice, "message"))["url"]

    data_of(await alice.post("/messages", {"emojiContent": "🎉"}), 201)
    (row,) = await told(app, bob.id, CHAT)
    assert row["message"] == "Alice: 🎉"
    data_of(await alice.post("/messages", {"imageUrl": image}), 201)
    (row,) = await told(app, bob.id, CHAT)
    assert row["message"] == "Alice sent a photo."
    data_of(await alice.post("/messages", {"imageUrl": image, "textContent": "Look"}), 201)
    (row,) = await told(app, bob.id, CHAT)
    assert row["message"] == "Alice: Look"


async def test_who_switched_messages_off_is_not_told(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    off = [{"id": "messages", "enabled": False}]
    data_of(await bob.put("/users/me/notification-preferences", off))

    await say(alice)

    assert await rows(app, "SELECT id FROM notifications") == []
    assert len(items_of(await bob.get("/messages"))) == 1


async def conversation(factory: Factory, clock: FrozenClock) -> tuple[Any, Any, list[str]]:
    """Alice and Bob, and the ids of: Alice 1, Bob 2, Alice 3, Alice 4."""
    alice, bob = await factory.partners()
    ids = []
    for sender, words in ((alice, "1"), (bob, "2"), (alice, "3"), (alice, "4")):
        ids.append((await say(sender, words))["id"])
        clock.advance(minutes=1)
    return alice, bob, ids


async def unread(app: FastAPI) -> list[str]:
    found = await rows(
        app, "SELECT text_content FROM direct_messages WHERE read_at_utc IS NULL ORDER BY 1"
    )
    return [row["text_content"] for row in found]


@pytest.mark.parametrize(
    ("up_to", "marked", "left", "all_read"),
    [
        (0, 1, ["2", "3", "4"], False),
        (1, 1, ["2", "3", "4"], False),  # one's own message as the mark
        (2, 2, ["2", "4"], False),
        (3, 3, ["2"], True),
    ],
)
async def test_reading_marks_what_was_received_up_to_a_message(
    factory: Factory,
    app: FastAPI,
    clock: FrozenClock,
    up_to: int,
    marked: int,
    left: list[str],
    all_read: bool,
) -> None:
    _, bob, ids = await conversation(factory, clock)

    answer = data_of(await bob.post("/messages/read", {"upToMessageId": ids[up_to]}))

    assert answer == {"markedCount": marked}
    assert await unread(app) == left
    (notification,) = await told(app, bob.id, CHAT)
    assert notification["is_read"] is all_read
    assert (notification["read_at_utc"] == clock.now()) is all_read
    again = data_of(await bob.post("/messages/read", {"up_to_message_id": ids[up_to]}))
    assert again == {"markedCount": 0}
    read = [item["readAtUtc"] for item in items_of(await bob.get("/messages"))]
    assert read.count("2026-03-10T09:04:00Z") == marked


async def test_a_message_of_another_thread_marks_nothing(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    _, bob, _ = await conversation(factory, clock)
    carol, _ = await factory.partners()
    foreign = (await say(carol))["id"]
    before = await unread(app)

    refused = await bob.post("/messages/read", {"upToMessageId": foreign})

    assert_error(refused, 404, "message_not_found")
    assert await unread(app) == before
    assert [row["is_read"] for row in await told(app, bob.id, CHAT)] == [False]


async def test_a_message_at_the_same_instant_as_the_mark_stays_unread(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    ids = sorted([(await say(alice, words))["id"] for words in ("a", "b")])

    data_of(await bob.post("/messages/read", {"upToMessageId": ids[0]}))

    assert len(await unread(app)) == 1
    assert [row["is_read"] for row in await told(app, bob.id, CHAT)] == [False]


async def test_a_message_is_deleted_within_a_quarter_of_an_hour(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    first, second = await say(alice, "First"), await say(alice, "Second")
    clock.advance(minutes=15)

    assert_error(await bob.delete(f"/messages/{first['id']}"), 403, "not_yours")
    assert (await alice.delete(f"/messages/{first['id']}")).status_code == 204
    clock.advance(seconds=1)
    assert_error(await alice.delete(f"/messages/{second['id']}"), 409, "message_too_old")
    assert_error(await alice.delete(f"/messages/{first['id']}"), 404, "message_not_found")

    assert [item["id"] for item in items_of(await bob.get("/messages"))] == [second["id"]]


async def test_a_deleted_message_goes_from_the_notification_too(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    first = await say(alice, "Fine")
    clock.advance(minutes=1)
    second = await say(alice, "Oops")

    assert (await alice.delete(f"/messages/{second['id']}")).status_code == 204
    (row,) = await told(app, bob.id, CHAT)
    assert (row["message"], row["created_at"].minute, row["is_read"]) == ("Alice: Fine", 0, False)
    assert (await alice.delete(f"/messages/{first['id']}")).status_code == 204

    assert await told(app, bob.id, CHAT) == []


async def test_deleting_a_message_leaves_the_other_ones_notification_alone(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    await say(bob, "To Alice")
    sent = await say(alice, "To Bob")

    assert (await alice.delete(f"/messages/{sent['id']}")).status_code == 204

    assert [row["message"] for row in await told(app, alice.id, CHAT)] == ["Bob: To Alice"]


async def test_a_message_sent_while_an_earlier_one_is_taken_back_keeps_its_notification(
    factory: Factory, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = await factory.partners()
    first = await say(alice, "First")
    withdraw = MessageStateCrud.withdraw
    later: list[asyncio.Task[Any]] = []

    async def while_another_is_sent(states: MessageStateCrud, **thread: Any) -> None:
        later.append(asyncio.create_task(say(alice, "Second")))
        await done_or_waiting(app, later[0])
        await withdraw(states, **thread)

    monkeypatch.setattr(MessageStateCrud, "withdraw", while_another_is_sent)
    assert (await alice.delete(f"/messages/{first['id']}")).status_code == 204
    await later[0]

    (notification,) = await told(app, bob.id, CHAT)
    assert (notification["message"], notification["is_read"]) == ("Alice: Second", False)
