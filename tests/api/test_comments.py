"""Comments on check-ins, reflections and goals."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from tests.factories import Factory, end_partnership
from tests.support import (
    FrozenClock,
    assert_error,
    count_rows,
    data_of,
    done_or_waiting,
    items_of,
    rows,
)
from tests.talking import comment, something, told

KINDS = ["checkin", "reflection", "goal"]
NOT_FOUND = {
    "checkin": "checkin_not_found",
    "reflection": "reflection_not_found",
    "goal": "goal_not_found",
}


def about(kind: str, target: str) -> str:
    return f"/comments?targetType={kind}&targetId={target}"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_comment_is_stored_shown_to_both_and_told_to_the_owner(
    factory: Factory, app: FastAPI, kind: str
) -> None:
    alice, bob = await factory.partners()
    target = await something(factory, app, kind, alice)

    made = await comment(bob, kind, target, "  Well done!  ")

    assert made == {
        "id": made["id"],
        "targetType": kind,
        "targetId": target,
        "parentCommentId": None,
        "author": {"id": str(bob.id), "name": "Bob", "username": None, "avatarUrl": None},
        "textContent": "Well done!",
        "createdAt": "2026-03-10T09:00:00Z",
        "updatedAt": "2026-03-10T09:00:00Z",
    }
    for person in (alice, bob):
        assert items_of(await person.get(about(kind, target))) == [made]
    (row,) = await told(app, alice.id, "new_comment")
    assert row["message"].startswith("Bob commented on your ")
    assert (row["target_type"], row["target_id"]) == ("comment", made["id"])
    link = f"/goals/{target}" if kind == "goal" else "/partnership?tab=activity"
    assert row["link_to"] == link
    assert await told(app, bob.id, "new_comment") == []


async def test_nobody_is_told_of_their_own_comment(factory: Factory, app: FastAPI) -> None:
    alice, _ = await factory.partners()
    carol = await factory.person("Carol")
    for person in (alice, carol):
        goal = (await factory.goal(person))["id"]
        top = await comment(person, "goal", goal, "Note to self")
        await comment(person, "goal", goal, "And again", parentCommentId=top["id"])

    assert await count_rows(app, "comments", "notifications") == (4, 0)


@pytest.mark.parametrize(
    ("asks", "answers", "message"),
    [
        ("owner", "partner", "Bob commented on your goal 'Run a half marathon'."),
        ("partner", "owner", "Alice replied to your comment on their goal 'Run a half marathon'."),
        ("partner", "partner", "Bob commented on your goal 'Run a half marathon'."),
        ("owner", "owner", None),
    ],
)
async def test_a_reply_is_told_to_the_other_one_if_anything_there_is_theirs(
    factory: Factory, app: FastAPI, asks: str, answers: str, message: str | None
) -> None:
    alice, bob = await factory.partners()
    people = {"owner": alice, "partner": bob}
    goal = (await factory.goal(alice))["id"]
    top = await comment(people[asks], "goal", goal)
    before = {row["id"] for row in await rows(app, "SELECT id FROM notifications")}

    reply = await comment(people[answers], "goal", goal, "Yes", parentCommentId=top["id"])

    assert reply["parentCommentId"] == top["id"]
    found = await rows(app, "SELECT id, message, recipient_id FROM notifications")
    new = [row for row in found if row["id"] not in before]
    assert [row["message"] for row in new] == ([message] if message else [])
    assert all(row["recipient_id"] != people[answers].id for row in new)


async def test_the_list_is_oldest_first_with_replies_after_what_they_answer(
    factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    goal = (await factory.goal(alice))["id"]
    other = (await factory.goal(alice))["id"]
    await comment(bob, "goal", other, "Elsewhere")
    first = await comment(bob, "goal", goal, "1")
    clock.advance(minutes=1)
    second = await comment(alice, "goal", goal, "2")
    clock.advance(minutes=1)
    await comment(alice, "goal", goal, "2.1", parentCommentId=second["id"])
    await comment(alice, "goal", goal, "1.1", parentCommentId=first["id"])
    clock.advance(minutes=1)
    await comment(bob, "goal", goal, "1.2", parentCommentId=first["id"])
    await comment(bob, "goal", goal, "3")

    listed = data_of(await bob.get(about("goal", goal)))
    assert [item["textContent"] for item in listed["items"]] == [
        "1",
        "1.1",
        "1.2",
        "2",
        "2.1",
        "3",
    ]
    assert [item["parentCommentId"] for item in listed["items"]] == [
        None,
        first["id"],
        first["id"],
        None,
        second["id"],
        None,
    ]
    pages = [data_of(await alice.get(about("goal", goal) + f"&limit=4&page={n}")) for n in (1, 2)]
    assert [item for page in pages for item in page["items"]] == listed["items"]
    assert pages[0]["pagination"] == {
        "currentPage": 1,
        "limit": 4,
        "totalItems": 6,
        "totalPages": 2,
        "hasNextPage": True,
    }


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "textContent"),
        ({"textContent": " "}, "textContent"),
        ({"textContent": None}, "textContent"),
        ({"textContent": "x" * 1001}, "textContent"),
        ({"textContent": "\x00"}, "textContent"),
        ({"textContent": "a", "parentCommentId": "1"}, "parentCommentId"),
        ({"textContent": "a", "userId": str(uuid4())}, "userId"),
        ({"textContent": "a", "targetId": str(uuid4())}, "targetId"),
    ],
)
async def test_what_is_no_comment_is_refused_by_name(
    factory: Factory, app: FastAPI, body: dict[str, Any], field: str
) -> None:
    alice, bob = await factory.partners()
    goal = (await factory.goal(alice))["id"]

    refused = await bob.post(about("goal", goal), body)

    errors = assert_error(refused, 422, "validation_failed")["errors"]
    assert [error["field"] for error in errors] == [field]
    assert await count_rows(app, "comments", "notifications") == (0, 0)


async def test_the_longest_comment_and_a_blank_parent_are_fine(factory: Factory) -> None:
    alice, _ = await factory.partners()
    goal = (await factory.goal(alice))["id"]

    made = await comment(alice, "goal", goal, "ü" * 1000, parentCommentId="")

    assert made["parentCommentId"] is None


@pytest.mark.parametrize(
    "query", ["", "?targetType=goal", "?targetId={id}", "?targetType=direct_message&targetId={id}"]
)
async def test_the_target_must_be_named(factory: Factory, query: str) -> None:
    alice = await factory.person("Alice")
    path = "/comments" + query.format(id=uuid4())

    assert_error(await alice.get(path), 422, "validation_failed")
    assert_error(await alice.post(path, {"textContent": "a"}), 422, "validation_failed")


async def test_a_reply_answers_a_comment_at_the_top_of_the_same_thing(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    goal, other = [(await factory.goal(alice))["id"] for _ in range(2)]
    top = await comment(bob, "goal", goal)
    reply = await comment(bob, "goal", goal, parentCommentId=top["id"])
    before = await count_rows(app, "comments", "notifications")

    for parent in (uuid4(), top["id"]):
        body = {"textContent": "No", "parentCommentId": str(parent)}
        refused = await alice.post(about("goal", other), body)
        assert_error(refused, 404, "comment_not_found")
    body = {"textContent": "No", "parentCommentId": reply["id"]}
    refused = await alice.post(about("goal", goal), body)

    (error,) = assert_error(refused, 422, "reply_to_reply")["errors"]
    assert error["field"] == "parentCommentId"
    assert await count_rows(app, "comments", "notifications") == before


async def test_ones_own_comment_can_be_changed_and_nobody_is_told_again(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    goal = (await factory.goal(alice))["id"]
    made = await comment(bob, "goal", goal)
    clock.advance(minutes=1)

    changed = data_of(await bob.put(f"/comments/{made['id']}", {"text_content": "Better"}))

    assert changed == made | {"textContent": "Better", "updatedAt": "2026-03-10T09:01:00Z"}
    assert items_of(await alice.get(about("goal", goal))) == [changed]
    refused = await alice.put(f"/comments/{made['id']}", {"textContent": "Hacked"})
    assert_error(refused, 403, "not_yours")
    assert_error(await alice.delete(f"/comments/{made['id']}"), 403, "not_yours")
    assert items_of(await bob.get(about("goal", goal))) == [changed]
    assert len(await told(app, alice.id, "new_comment")) == 1


async def test_a_deleted_comment_takes_its_replies_and_its_unread_notification_with_it(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    goal = (await factory.goal(alice))["id"]
    made, kept = await comment(bob, "goal", goal), await comment(bob, "goal", goal, "Kept")
    await comment(alice, "goal", goal, parentCommentId=made["id"])

    gone = await bob.delete(f"/comments/{made['id']}")

    assert (gone.status_code, gone.content) == (204, b"")
    assert items_of(await alice.get(about("goal", goal))) == [kept]
    assert [row["target_id"] for row in await told(app, alice.id, "new_comment")] == [kept["id"]]
    assert_error(await bob.delete(f"/comments/{made['id']}"), 404, "comment_not_found")


async def test_a_deleted_comment_takes_the_unread_notifications_of_its_replies_along(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    goal = (await factory.goal(alice))["id"]
    top, other = [await comment(bob, "goal", goal) for _ in range(2)]
    await comment(alice, "goal", goal, parentCommentId=top["id"])
    kept = await comment(alice, "goal", goal, parentCommentId=other["id"])

    assert (await bob.delete(f"/comments/{top['id']}")).status_code == 204

    assert [row["target_id"] for row in await told(app, bob.id, "new_comment")] == [kept["id"]]
    assert [row["target_id"] for row in await told(app, alice.id, "new_comment")] == [other["id"]]


async def test_a_reply_that_arrives_while_its_comment_is_deleted_leaves_no_notification(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    goal = (await factory.goal(alice))["id"]
    top = await comment(bob, "goal", goal)
    reply = (
        "WITH reply AS (INSERT INTO comments (user_id, text_content, target_type, target_id,"
        " parent_comment_id) VALUES (:alice, 'Thanks', 'goal', :goal, :top) RETURNING id)"
        " INSERT INTO notifications (recipient_id, actor_user_id, type, message, target_id)"
        " SELECT :bob, :alice, 'new_comment', 'Alice replied', id::text FROM reply"
    )
    async with app.state.database.engine.begin() as replying:
        ids = {"alice": alice.id, "bob": bob.id, "goal": goal, "top": top["id"]}
        await replying.execute(text(reply), ids)
        deleting = asyncio.create_task(bob.delete(f"/comments/{top['id']}"))
        await done_or_waiting(app, deleting)
    assert (await deleting).status_code == 204

    assert await rows(app, "SELECT id FROM comments") == []
    assert await told(app, bob.id, "new_comment") == []


@pytest.mark.parametrize("kind", KINDS)
async def test_after_the_end_each_keeps_what_they_wrote_and_sees_nothing_of_the_other(
    factory: Factory, app: FastAPI, clock: FrozenClock, kind: str
) -> None:
    alice, bob = await factory.partners()
    target = await something(factory, app, kind, alice)
    hers = await comment(alice, kind, target, "Mine")
    clock.advance(minutes=1)
    his = await comment(bob, kind, target, "Bob's words")
    answer = await comment(alice, kind, target, "Mine, too", parentCommentId=his["id"])
    await end_partnership(app, alice, bob)

    assert items_of(await alice.get(about(kind, target))) == [hers, answer]
    for refused in (
        await bob.get(about(kind, target)),
        await bob.post(about(kind, target), {"textContent": "Wait"}),
    ):
        assert_error(refused, 404, NOT_FOUND[kind])
    for person, made in ((bob, his), (bob, hers), (alice, his)):
        path = f"/comments/{made['id']}"
        assert_error(await person.put(path, {"textContent": "No"}), 404, "comment_not_found")
        assert_error(await person.delete(path), 404, "comment_not_found")
    body = {"textContent": "No", "parentCommentId": his["id"]}
    assert_error(await alice.post(about(kind, target), body), 404, "comment_not_found")
    assert await count_rows(app, "comments") == (3,)
    carol = await factory.person("Carol")
    await factory.partnership(alice, carol)
    assert items_of(await carol.get(about(kind, target))) == [hers, answer]


@pytest.mark.parametrize("kind", KINDS)
async def test_strangers_cannot_tell_what_exists(factory: Factory, app: FastAPI, kind: str) -> None:
    alice = await factory.person("Alice")
    target = await something(factory, app, kind, alice)
    await comment(alice, kind, target)
    stranger, _ = await factory.partners()

    for named in (target, str(uuid4())):
        assert_error(await stranger.get(about(kind, named)), 404, NOT_FOUND[kind])
        refused = await stranger.post(about(kind, named), {"textContent": "Hi"})
        assert_error(refused, 404, NOT_FOUND[kind])

    assert await count_rows(app, "comments", "notifications") == (1, 0)
