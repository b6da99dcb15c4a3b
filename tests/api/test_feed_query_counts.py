"""How many statements reflections and the activity feed send to the database."""

import pytest

from tests.api import test_query_counts
from tests.api.test_query_counts import Statements
from tests.factories import Factory
from tests.reflecting import reflect
from tests.support import FrozenClock, data_of, items_of
from tests.talking import comment, react

statements = test_query_counts.statements


@pytest.mark.parametrize(
    ("path", "by", "count"),
    [
        ("/partnerships/partner/activity", "bob", 2),
        ("/partnerships/partner/activity?limit=3&page=2", "bob", 2),
        ("/partnerships/partner/activity?limit=100&before={newest}", "bob", 2),
        ("/partnerships/partner/activity?type=goal_created&page=99", "bob", 2),
        ("/reflections", "alice", 2),
        ("/reflections?page=99&startDate=2026-03-01", "alice", 3),
        ("/reflections?userId={alice}", "bob", 2),
        ("/reflections/partner", "bob", 2),
        ("/reflections/prompts", "bob", 1),
    ],
)
async def test_twice_the_acts_need_the_same_number_of_statements(
    factory: Factory, clock: FrozenClock, statements: Statements, path: str, by: str, count: int
) -> None:
    alice, bob = await factory.partners()
    person = {"alice": alice, "bob": bob}[by]

    async def act() -> None:
        goal = await factory.goal(alice, status="achieved")
        system = await factory.system(alice, goalId=goal["id"])
        checkin, reflection = await factory.checkin(alice, system["id"]), await reflect(alice)
        for kind, target in (("checkin", checkin), ("reflection", reflection)):
            await react(bob, kind, target["id"])
            await comment(bob, kind, target["id"])
        await comment(bob, "goal", goal["id"])
        clock.advance(days=1)

    async def read() -> list[str]:
        newest = items_of(await bob.get("/partnerships/partner/activity"))[0]["id"]
        async with statements.recording() as sent:
            data_of(await person.get(path.format(newest=newest, alice=alice.id)))
        return sorted(sent)

    await act()
    once = await read()
    await act()
    await act()

    assert len(once) == count, "\n\n".join(once)
    assert await read() == once


async def test_what_reflecting_costs(factory: Factory, statements: Statements) -> None:
    alice, bob = await factory.partners()
    made = await reflect(alice, date="2026-03-01")
    path, words = f"/reflections/{made['id']}", {"reflectionContent": "Well."}
    counts = {}

    for name, person, method, where, body, status in (
        ("create", alice, "POST", "/reflections", words, 201),
        ("create again", alice, "POST", "/reflections", words, 409),
        ("read", bob, "GET", path, None, 200),
        ("by date", alice, "GET", "/reflections/by-date/2026-03-01", None, 200),
        ("change", alice, "PUT", path, words, 200),
        ("change the partner's", bob, "PUT", path, words, 403),
        ("delete", alice, "DELETE", path, None, 204),
    ):
        async with statements.recording() as sent:
            answer = await person.client.request(method, f"/api/v1{where}", json=body)
        assert answer.status_code == status, answer.text
        counts[name] = len(sent)

    assert counts == {
        "create": 2,
        "create again": 3,
        "read": 2,
        "by date": 2,
        "change": 4,
        "change the partner's": 3,
        "delete": 2,
    }
