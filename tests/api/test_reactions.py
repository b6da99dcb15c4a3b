"""Reactions: one of each person on each target."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from tests.factories import Factory, end_partnership
from tests.support import FrozenClock, assert_error, count_rows, data_of, items_of, rows
from tests.talking import react, say, something, told

KINDS = ["checkin", "reflection", "direct_message"]
NOT_FOUND = {
    "checkin": "checkin_not_found",
    "reflection": "reflection_not_found",
    "direct_message": "message_not_found",
}


def type_for(kind: str) -> str:
    return "message_reaction" if kind == "direct_message" else "new_reaction"


@pytest.mark.parametrize("kind", KINDS)
async def test_both_react_and_both_see_it(
    factory: Factory, app: FastAPI, clock: FrozenClock, kind: str
) -> None:
    alice, bob = await factory.partners()
    target = await something(factory, app, kind, alice)

    answer = await bob.put(f"/reactions/{kind}/{target}", {"emoji": "❤"})
    one = {"emoji": "❤️", "count": 1, "userIds": [str(bob.id)], "reactedByMe": True}
    assert data_of(answer) == {"targetType": kind, "targetId": target, "reactions": [one]}
    clock.advance(seconds=1)
    both = [str(bob.id), str(alice.id)]
    assert await react(alice, kind, target, "❤️") == [
        {"emoji": "❤️", "count": 2, "userIds": both, "reactedByMe": True}
    ]
    assert [item["emoji"] for item in await react(alice, kind, target, "👍")] == ["❤️", "👍"]

    assert await count_rows(app, "reactions") == (2,)


@pytest.mark.parametrize("kind", KINDS)
async def test_the_author_is_told_once_and_not_of_another_emoji_or_of_own_acts(
    factory: Factory, app: FastAPI, kind: str
) -> None:
    alice, bob = await factory.partners()
    target = await something(factory, app, kind, alice)

    await react(alice, kind, target)
    assert await told(app, alice.id, type_for(kind)) == []
    for emoji in ("👍", "🎉", "🎉"):
        await react(bob, kind, target, emoji)

    (row,) = await told(app, alice.id, type_for(kind))
    assert row["message"].startswith("Bob reacted to your ")
    assert (row["target_type"], row["target_id"]) == (kind, target)
    assert row["actor_user_id"] == bob.id
    assert row["icon_identifier"] == "Smile"
    tab = "chat" if kind == "direct_message" else "activity"
    assert row["link_to"] == f"/partnership?tab={tab}"
    assert await told(app, bob.id, type_for(kind)) == []


async def test_the_notification_names_the_system(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    await react(bob, "checkin", await something(factory, app, "checkin", alice))

    (row,) = await told(app, alice.id, "new_reaction")
    assert row["message"] == "Bob reacted to your check-in 'Morning run'."
    assert row["target_name"] == "Morning run"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_reaction_that_is_taken_back_takes_its_unread_notification_with_it(
    factory: Factory, app: FastAPI, kind: str
) -> None:
    alice, bob = await factory.partners()
    target = await something(factory, app, kind, alice)
    await react(bob, kind, target)
    await react(alice, kind, target)

    for _ in range(2):  # the second time there is nothing left to take back
        gone = await bob.delete(f"/reactions/{kind}/{target}")
        assert (gone.status_code, gone.content) == (204, b"")

    assert await told(app, alice.id, type_for(kind)) == []
    (left,) = await rows(app, "SELECT user_id FROM reactions")
    assert left["user_id"] == alice.id
    await react(bob, kind, target)
    assert len(await told(app, alice.id, type_for(kind))) == 1


async def test_what_was_read_of_it_stays(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    target = (await say(alice))["id"]
    await react(bob, "direct_message", target)
    (notification,) = items_of(await alice.get("/notifications"))
    data_of(await alice.post(f"/notifications/{notification['id']}/read"))

    assert (await bob.delete(f"/messages/{target}/react")).status_code == 204

    assert len(items_of(await alice.get("/notifications"))) == 1


async def test_messages_have_a_way_of_their_own_to_the_same_reactions(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    message = await say(alice)
    path = f"/messages/{message['id']}/react"

    reactions = data_of(await bob.post(path, {"emoji": "🎉"}))["reactions"]

    assert reactions == [{"emoji": "🎉", "count": 1, "userIds": [str(bob.id)], "reactedByMe": True}]
    (seen,) = items_of(await alice.get("/messages"))
    assert seen["reactions"] == [reactions[0] | {"reactedByMe": False}]
    assert (await bob.delete(path)).status_code == 204
    (seen,) = items_of(await alice.get("/messages"))
    assert seen["reactions"] == []
    assert await count_rows(app, "reactions") == (0,)


@pytest.mark.parametrize("body", [{}, {"emoji": ""}, {"emoji": None}, {"emoji": "a"}])
@pytest.mark.parametrize("emoji", ["👍👍", "👍 👍", "🏽", "\u200d", "🇩", ":+1:", "x" * 99, "\x00"])
async def test_only_one_emoji_is_a_reaction(
    factory: Factory, app: FastAPI, body: dict[str, Any], emoji: str
) -> None:
    alice, bob = await factory.partners()
    message = await say(alice)

    for sent in (body, {"emoji": emoji}):
        for refused in (
            await bob.post(f"/messages/{message['id']}/react", sent),
            await bob.put(f"/reactions/direct_message/{message['id']}", sent),
        ):
            (error,) = assert_error(refused, 422, "validation_failed")["errors"]
            assert error["field"] == "emoji"

    assert await count_rows(app, "reactions") == (0,)
    assert await told(app, alice.id, "message_reaction") == []


@pytest.mark.parametrize("kind", KINDS)
async def test_a_former_partner_and_a_stranger_see_nothing_to_react_to(
    factory: Factory, app: FastAPI, kind: str
) -> None:
    alice, bob = await factory.partners()
    target = await something(factory, app, kind, alice)
    await react(bob, kind, target)
    await end_partnership(app, alice, bob)
    stranger = await factory.person("Carol")

    for person in (bob, stranger):
        for path in (f"/reactions/{kind}/{target}", f"/reactions/{kind}/{uuid4()}"):
            assert_error(await person.put(path, {"emoji": "🎉"}), 404, NOT_FOUND[kind])
            assert_error(await person.delete(path), 404, NOT_FOUND[kind])

    (left,) = await rows(app, "SELECT user_id, emoji FROM reactions")
    assert (left["user_id"], left["emoji"]) == (bob.id, "👍")


@pytest.mark.parametrize("kind", ["checkin", "reflection"])
async def test_what_a_former_partner_felt_is_not_shown_any_more(
    factory: Factory, app: FastAPI, kind: str
) -> None:
    alice, bob = await factory.partners()
    target = await something(factory, app, kind, alice)
    await react(bob, kind, target)
    await end_partnership(app, alice, bob)

    assert [item["userIds"] for item in await react(alice, kind, target)] == [[str(alice.id)]]
    carol = await factory.person("Carol")
    await factory.partnership(carol, alice)
    (seen,) = await react(carol, kind, target)
    assert set(seen["userIds"]) == {str(alice.id), str(carol.id)}


async def test_old_messages_keep_their_reactions(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    message = await say(alice)
    await react(bob, "direct_message", message["id"])
    await end_partnership(app, alice, bob)

    path = f"/partnerships/history/{message['partnershipId']}/messages"
    for person in (alice, bob):
        (seen,) = items_of(await person.get(path))
        assert [item["userIds"] for item in seen["reactions"]] == [[str(bob.id)]]


async def test_other_kinds_of_target_do_not_exist(factory: Factory) -> None:
    alice, _ = await factory.partners()
    goal = await factory.goal(alice)

    for kind in ("goal", "feed_item", ""):
        refused = await alice.put(f"/reactions/{kind}/{goal['id']}", {"emoji": "👍"})
        assert refused.status_code == (422 if kind else 404)
    assert (
        data_of(
            await alice.put(
                f"/reactions/Direct-Message/{(await say(alice))['id']}", {"emoji": "👍"}
            )
        )["targetType"]
        == "direct_message"
    )
