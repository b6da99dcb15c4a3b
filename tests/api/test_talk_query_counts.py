"""How many statements chat and comments send to the database, however long they are."""

import pytest

from tests.api import test_query_counts
from tests.api.test_query_counts import Statements
from tests.factories import Factory
from tests.support import FrozenClock, data_of, items_of
from tests.talking import comment, react, say

statements = test_query_counts.statements


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("/messages", 2),
        ("/messages?page=99", 3),
        ("/messages?before={newest}", 2),
        ("/comments?targetType=goal&targetId={goal}", 3),
        ("/comments?targetType=goal&targetId={goal}&limit=2", 3),
    ],
)
async def test_twice_the_talk_needs_the_same_number_of_statements(
    factory: Factory, clock: FrozenClock, statements: Statements, path: str, count: int
) -> None:
    alice, bob = await factory.partners()
    goal = str((await factory.goal(alice))["id"])

    async def talk() -> None:
        for person, other in ((alice, bob), (bob, alice)):
            await react(other, "direct_message", (await say(person))["id"])
            top = await comment(person, "goal", goal)
            await comment(other, "goal", goal, parentCommentId=top["id"])
            clock.advance(minutes=1)

    async def read() -> list[str]:
        newest = items_of(await alice.get("/messages"))[0]["id"]
        async with statements.recording() as sent:
            data_of(await alice.get(path.format(newest=newest, goal=goal)))
        return sorted(sent)

    await talk()
    once = await read()
    await talk()
    await talk()

    assert len(once) == count, "\n\n".join(once)
    assert await read() == once


async def test_what_talking_costs(factory: Factory, statements: Statements) -> None:
    alice, bob = await factory.partners()
    goal = (await factory.goal(alice))["id"]
    message, late = await say(alice), await say(alice)
    made = await comment(bob, "goal", goal)
    comments = f"/comments?targetType=goal&targetId={goal}"
    reply = {"textContent": "Yes", "parentCommentId": made["id"]}
    counts = {}

    for name, person, method, path, body in (
        ("message", bob, "POST", "/messages", {"textContent": "Hi"}),
        ("reading", bob, "POST", "/messages/read", {"upToMessageId": message["id"]}),
        ("reaction", bob, "POST", f"/messages/{message['id']}/react", {"emoji": "👍"}),
        ("no reaction", bob, "DELETE", f"/messages/{message['id']}/react", None),
        ("deletion", alice, "DELETE", f"/messages/{late['id']}", None),
        ("comment", bob, "POST", comments, {"textContent": "Well done"}),
        ("reply", alice, "POST", comments, reply),
        ("change", bob, "PUT", f"/comments/{made['id']}", {"textContent": "Better"}),
        ("deleted comment", bob, "DELETE", f"/comments/{made['id']}", None),
    ):
        async with statements.recording() as sent:
            answer = await person.client.request(method, f"/api/v1{path}", json=body)
        assert answer.is_success, answer.text
        counts[name] = len(sent)

    assert counts == {
        "message": 2,
        "reading": 2,
        "reaction": 4,
        "no reaction": 2,
        "deletion": 4,
        "comment": 3,
        "reply": 4,
        "change": 2,
        "deleted comment": 3,
    }
