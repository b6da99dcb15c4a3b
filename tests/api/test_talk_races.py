"""Many at once: reactions, messages and comments, and what they are about or end with.

What holds is read from the database. `DUOTRAK_RACE_ROUNDS=50` runs as many rounds of each race.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from tests.conftest import MakeApp
from tests.factories import Factory, Person
from tests.support import RACE_ROUNDS, FrozenClock, data_of, rows
from tests.talking import comment, react, say, something, told

AT_ONCE = 20
POOL = 2 * AT_ONCE + 5
EMOJI = ("👍", "🎉", "❤️", "😀")


@pytest.fixture
async def app(make_app: MakeApp) -> FastAPI:
    """With a connection for each request: none waits for another before they meet."""
    return await make_app(database_pool_size=POOL)


@pytest.fixture
async def factory(app: FastAPI, clock: FrozenClock) -> AsyncIterator[Factory]:
    async with AsyncExitStack() as stack:
        yield Factory(app, clock, stack)


def statuses(answers: list[Any]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


@pytest.mark.parametrize("kind", ["checkin", "reflection", "direct_message"])
async def test_one_reaction_of_each_person_and_one_notification(
    factory: Factory, app: FastAPI, kind: str
) -> None:
    for _ in range(RACE_ROUNDS):
        alice, bob = await factory.partners()
        target = await something(factory, app, kind, alice)

        answers = await asyncio.gather(
            *(
                person.put(f"/reactions/{kind}/{target}", {"emoji": EMOJI[number % len(EMOJI)]})
                for number in range(AT_ONCE // 2)
                for person in (alice, bob)
            )
        )

        assert statuses(answers) == {200: AT_ONCE}
        stored = await rows(
            app, "SELECT user_id, emoji FROM reactions WHERE target_id = :id", id=target
        )
        assert {row["user_id"] for row in stored} == {alice.id, bob.id}
        assert len(stored) == 2
        assert {row["emoji"] for row in stored} <= set(EMOJI)
        told_as = "message_reaction" if kind == "direct_message" else "new_reaction"
        assert len(await told(app, alice.id, told_as)) == 1
        assert await told(app, bob.id, told_as) == []


async def test_reactions_that_come_and_go_leave_at_most_one_and_its_notification(
    factory: Factory, app: FastAPI
) -> None:
    for _ in range(RACE_ROUNDS):
        alice, bob = await factory.partners()
        path = f"/messages/{(await say(alice))['id']}/react"

        answers = await asyncio.gather(
            *(
                bob.post(path, {"emoji": "👍"}) if number % 2 else bob.delete(path)
                for number in range(AT_ONCE)
            )
        )

        assert statuses(answers) == {200: AT_ONCE // 2, 204: AT_ONCE // 2}
        stored = await rows(app, "SELECT id FROM reactions WHERE user_id = :id", id=bob.id)
        assert len(stored) <= 1
        assert len(await told(app, alice.id, "message_reaction")) >= len(stored)


async def test_messages_sent_at_once_are_all_there_with_one_notification_each_way(
    factory: Factory, app: FastAPI
) -> None:
    for _ in range(RACE_ROUNDS):
        alice, bob = await factory.partners()

        answers = await asyncio.gather(
            *(
                person.post("/messages", {"textContent": str(number)})
                for number in range(AT_ONCE // 2)
                for person in (alice, bob)
            )
        )

        assert statuses(answers) == {201: AT_ONCE}
        assert data_of(await alice.get("/messages"))["pagination"]["totalItems"] == AT_ONCE
        for person, words in ((alice, "Bob: "), (bob, "Alice: ")):
            (row,) = await told(app, person.id, "new_direct_message")
            assert row["message"].startswith(words)


def writes_of(bob: Person, ids: dict[str, str]) -> dict[str, Awaitable[httpx.Response]]:
    """Everything that Bob may write only while he is Alice's partner."""
    words = {"textContent": "Too late"}
    emoji = {"emoji": "👍"}
    return {
        "message": bob.post("/messages", words),
        "deletion": bob.delete(f"/messages/{ids['own message']}"),
        "reaction": bob.post(f"/messages/{ids['message']}/react", emoji),
        "reaction to a checkin": bob.put(f"/reactions/checkin/{ids['checkin']}", emoji),
        "no reaction": bob.delete(f"/reactions/reflection/{ids['reflection']}"),
        "comment": bob.post(f"/comments?targetType=goal&targetId={ids['goal']}", words),
        "reply": bob.post(
            f"/comments?targetType=goal&targetId={ids['goal']}",
            words | {"parentCommentId": ids["comment"]},
        ),
        "change": bob.put(f"/comments/{ids['comment']}", words),
        "deleted comment": bob.delete(f"/comments/{ids['comment']}"),
    }


async def things_of(factory: Factory, app: FastAPI, alice: Person, bob: Person) -> dict[str, str]:
    goal = str((await factory.goal(alice))["id"])
    reflection = await something(factory, app, "reflection", alice)
    await react(bob, "reflection", reflection)
    return {
        "goal": goal,
        "checkin": await something(factory, app, "checkin", alice),
        "reflection": reflection,
        "message": (await say(alice))["id"],
        "own message": (await say(bob))["id"],
        "comment": (await comment(bob, "goal", goal))["id"],
    }


SAID = "SELECT id::text, text_content FROM {} ORDER BY id"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = :name"


async def everything_said(app: FastAPI) -> list[Any]:
    return [
        await rows(app, SAID.format("direct_messages")),
        await rows(app, SAID.format("comments")),
        await rows(app, "SELECT id, emoji FROM reactions ORDER BY id"),
        await rows(app, "SELECT id, message FROM notifications ORDER BY id"),
    ]


async def test_what_arrives_while_a_partnership_ends_waits_and_is_refused(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    ids = await things_of(factory, app, alice, bob)
    before = await everything_said(app)
    writes = writes_of(bob, ids)
    engine = app.state.database.engine

    async with engine.begin() as ending:
        # As the end does it: both people are locked while it settles what is left.
        await ending.execute(text("UPDATE users SET current_partnership_id = NULL"))
        acts = asyncio.gather(*writes.values())
        while (await rows(app, WAITING, name=engine.url.database))[0]["count"] < len(writes):
            assert not acts.done()
            await asyncio.sleep(0.005)
    answers = await acts

    assert dict(zip(writes, (answer.status_code for answer in answers), strict=True)) == (
        dict.fromkeys(writes, 404)
    )
    assert await everything_said(app) == before


async def test_writes_and_the_end_of_the_partnership_cross_in_any_order(
    factory: Factory, app: FastAPI
) -> None:
    for number in range(RACE_ROUNDS):
        alice, bob = await factory.partners()
        writes = writes_of(bob, await things_of(factory, app, alice, bob))
        acts = [*writes.values()]
        end = number % len(writes)
        acts.insert(end, alice.post("/partnerships/dissolve"))

        answers = await asyncio.gather(*acts)

        assert answers.pop(end).status_code == 200
        assert set(statuses(answers)) <= {200, 201, 204, 404}, statuses(answers)
        stored = await rows(
            app,
            "SELECT (SELECT count(*) FROM direct_messages WHERE sender_id = :id"
            " AND text_content = 'Too late') AS messages,"
            " (SELECT count(*) FROM reactions WHERE user_id = :id"
            " AND target_type IN ('checkin', 'direct_message')) AS reactions",
            id=bob.id,
        )
        won = {name for name, answer in zip(writes, answers, strict=True) if answer.is_success}
        assert stored[0]["messages"] == ("message" in won)
        assert stored[0]["reactions"] == len({"reaction", "reaction to a checkin"} & won)


async def test_what_is_said_about_something_that_is_deleted_goes_with_it(
    factory: Factory, app: FastAPI
) -> None:
    for _ in range(RACE_ROUNDS):
        alice, bob = await factory.partners()
        goal = (await factory.goal(alice))["id"]
        message = (await say(alice))["id"]
        top = (await comment(bob, "goal", goal))["id"]
        path = f"/comments?targetType=goal&targetId={goal}"

        answers = await asyncio.gather(
            *(bob.post(path, {"textContent": "x", "parentCommentId": top}) for _ in range(4)),
            *(alice.post(path, {"textContent": "x"}) for _ in range(4)),
            *(bob.post(f"/messages/{message}/react", {"emoji": "👍"}) for _ in range(4)),
            alice.delete(f"/messages/{message}"),
            bob.delete(f"/comments/{top}"),
        )

        assert set(statuses(answers)) <= {200, 201, 204, 404}
        assert [answer.status_code for answer in answers[-2:]] == [204, 204]
        assert await rows(app, "SELECT id FROM reactions WHERE target_id = :id", id=message) == []
        dangling = "SELECT id FROM comments WHERE parent_comment_id = :id"
        assert await rows(app, dangling, id=top) == []


async def test_reactions_at_the_same_time_as_reading_lose_nothing(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    for _ in range(RACE_ROUNDS):
        alice, bob = await factory.partners()
        first = (await say(alice, "First"))["id"]
        clock.advance(seconds=1)

        await asyncio.gather(
            bob.post("/messages/read", {"upToMessageId": first}),
            *(say(alice, f"Later {number}") for number in range(3)),
            react(bob, "direct_message", first),
        )

        unread = [
            row for row in await told(app, bob.id, "new_direct_message") if not row["is_read"]
        ]
        assert len(unread) == 1  # for what came later
        assert unread[0]["message"].startswith("Alice: Later")
