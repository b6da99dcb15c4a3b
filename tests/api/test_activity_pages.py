"""The order of the activity feed, its pages, its cursor and its filter."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from app.core.activity import (
    ACTIVITY_ID_PATTERN,
    RANKS,
    ActivityId,
    ActivityType,
    parse_activity_id,
)
from tests.api.test_activity_feed import FEED, feed
from tests.factories import Factory, Person, end_partnership
from tests.reflecting import reflect
from tests.support import FrozenClock, assert_error, change_rows, data_of, items_of


def ids(items: Sequence[dict[str, Any]]) -> list[str]:
    return [item["id"] for item in items]


async def live(factory: Factory, clock: FrozenClock, person: Person, *, days: int = 3) -> None:
    """Some days of everything, much of it at the same instants."""
    system = await factory.system(person)
    for _ in range(days):
        goal = await factory.goal(person, status="achieved")
        await factory.system(person, goalId=goal["id"])
        await factory.checkin(person, system["id"])
        await reflect(person)
        clock.advance(days=1)


async def test_the_order_is_by_time_and_then_by_id(factory: Factory, clock: FrozenClock) -> None:
    alice, bob = await factory.partners()
    await live(factory, clock, alice)

    items = await feed(bob, "?limit=100")

    assert len(items) == 18
    assert {item["type"] for item in items} == {*ActivityType}
    assert len({item["timestamp"] for item in items}) == 3  # many ties
    assert len(set(ids(items))) == len(items)
    assert items == sorted(items, key=lambda item: (item["timestamp"], item["id"]), reverse=True)


@pytest.mark.parametrize("limit", [1, 4, 7])
async def test_pages_and_cursors_give_the_whole_feed_once(
    factory: Factory, clock: FrozenClock, limit: int
) -> None:
    alice, bob = await factory.partners()
    await live(factory, clock, alice)
    whole = ids(await feed(bob, "?limit=100"))
    paged: list[str] = []
    scrolled: list[str] = []

    for page in range(1, len(whole) + 1):
        data = data_of(await bob.get(f"{FEED}?limit={limit}&page={page}"))
        paged += ids(data["items"])
        assert data["pagination"]["totalItems"] == len(whole)
        assert data["pagination"]["hasNextPage"] == (len(paged) < len(whole))
        if not data["pagination"]["hasNextPage"]:
            break
    while True:
        before = f"&before={scrolled[-1]}" if scrolled else ""
        data = data_of(await bob.get(f"{FEED}?limit={limit}{before}"))
        assert data["pagination"]["totalItems"] == len(whole) - len(scrolled)
        scrolled += ids(data["items"])
        if not data["pagination"]["hasNextPage"]:
            break

    assert paged == scrolled == whole


async def test_what_happens_meanwhile_moves_nothing_behind_a_cursor(
    factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    await live(factory, clock, alice)
    whole = ids(await feed(bob, "?limit=100"))
    seen = ids(await feed(bob, "?limit=5"))

    await live(factory, clock, alice, days=1)
    rest = ids(await feed(bob, f"?limit=100&before={seen[-1]}"))

    assert seen + rest == whole
    assert len(await feed(bob, "?limit=100")) > len(whole)


async def test_after_the_last_item_comes_nothing(factory: Factory) -> None:
    _, bob = await factory.partners()
    (only,) = await feed(bob)

    data = data_of(await bob.get(f"{FEED}?before={only['id']}"))

    assert data["items"] == []
    assert (data["pagination"]["totalItems"], data["pagination"]["hasNextPage"]) == (0, False)


async def test_a_page_beyond_the_end_is_empty(factory: Factory) -> None:
    _, bob = await factory.partners()

    data = data_of(await bob.get(f"{FEED}?page=3"))

    assert data["items"] == []
    assert data["pagination"]["totalItems"] == 1


async def test_a_cursor_that_the_feed_does_not_have_is_named(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    earlier = await factory.person("Alice")
    old = await reflect(earlier)
    clock.advance(days=1)
    alice, bob = earlier, await factory.person("Bob")
    await factory.partnership(alice, bob)
    goal, mine = await factory.goal(alice), await factory.goal(bob)
    assert (await alice.delete(f"/goals/{goal['id']}")).status_code == 204

    for gone in (
        f"goal_created:{goal['id']}",  # deleted
        f"goal_created:{mine['id']}",  # the reader's own
        f"goal_achieved:{mine['id']}",
        f"reflection_added:{old['id']}",  # of before the partnership
        f"system_checkin:{uuid4()}",
    ):
        assert_error(await bob.get(f"{FEED}?before={gone}"), 404, "activity_not_found")
    await end_partnership(app, alice, bob)
    answer = await bob.get(f"{FEED}?before=goal_created:{mine['id']}")
    assert_error(answer, 404, "no_active_partnership")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("before=1", "before"),
        (f"before={uuid4()}", "before"),
        (f"before=checkin:{uuid4()}", "before"),
        (f"before=goal_created:{uuid4()}x", "before"),
        (f"before=goal_created:{uuid4()}%0A", "before"),
        ("type=message", "type.0"),
        ("limit=101", "limit"),
    ],
    ids=["number", "uuid", "kind", "longer", "newline", "type", "limit"],
)
async def test_bad_parameters_are_refused_by_name(factory: Factory, query: str, field: str) -> None:
    _, bob = await factory.partners()

    body = assert_error(await bob.get(f"{FEED}?{query}"), 422, "validation_failed")

    assert [error["field"] for error in body["errors"]] == [field]


async def test_types_can_be_chosen(factory: Factory, clock: FrozenClock) -> None:
    alice, bob = await factory.partners()
    await live(factory, clock, alice)
    whole = await feed(bob, "?limit=100")

    for chosen in (("goal_achieved",), ("Streak Milestone",), ("system_checkin", "goal_created")):
        query = "&".join(f"type={kind}" for kind in chosen)
        data = data_of(await bob.get(f"{FEED}?{query}&limit=100"))
        names = {kind.lower().replace(" ", "_") for kind in chosen}
        expected = [item for item in whole if item["type"] in names]
        assert data["items"] == expected != []
        assert data["pagination"]["totalItems"] == len(expected)
    older = items_of(await bob.get(f"{FEED}?type=goal_created&before={whole[0]['id']}"))
    assert ids(older) == [item["id"] for item in whole if item["type"] == "goal_created"]
    assert items_of(await bob.get(f"{FEED}?before=&type=")) == whole[:20]
    assert items_of(await bob.get(f"{FEED}?type=&type=goal_created")) == older


async def test_instants_and_dates_are_each_of_their_own_place(
    factory: Factory, clock: FrozenClock
) -> None:
    clock.set(datetime(2026, 3, 10, 10, 30, tzinfo=UTC))
    alice, bob = await factory.partners(timezones=("Pacific/Kiritimati", "America/Los_Angeles"))
    for person in (alice, bob):
        await factory.checkin(person, (await factory.system(person))["id"])
        await reflect(person)

    of_alice = {item["type"]: item for item in await feed(bob)}
    of_bob = {item["type"]: item for item in await feed(alice)}

    assert of_alice["system_checkin"]["content"]["localDate"] == "2026-03-11"
    assert of_alice["reflection_added"]["content"]["reflectionDateLocal"] == "2026-03-11"
    assert of_bob["system_checkin"]["content"]["localDate"] == "2026-03-10"
    assert of_bob["reflection_added"]["content"]["reflectionDateLocal"] == "2026-03-10"
    for item in (*of_alice.values(), *of_bob.values()):
        assert item["timestamp"] == "2026-03-10T10:30:00Z"


async def test_every_tie_is_broken_alike_on_both_sides_of_a_cursor(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    await live(factory, clock, alice)
    now = clock.now()
    for table, column in (
        ("checkins", "checkin_timestamp_utc"),
        ("goals", "created_at"),
        ("goals", "achieved_at"),
        ("systems", "created_at"),
        ("reflections", "created_at"),
        ("streak_milestones", "reached_at"),
        ("partnerships", "activated_at"),
    ):
        await change_rows(app, f"UPDATE {table} SET {column} = :now", now=now)
    whole = ids(await feed(bob, "?limit=100"))

    assert len(whole) == 18
    assert whole == sorted(whole, reverse=True)
    for position, item_id in enumerate(whole):
        assert ids(await feed(bob, f"?limit=100&before={item_id}")) == whole[position + 1 :]


def test_ids_are_their_own_text_and_sort_as_their_ranks_do() -> None:
    made = [ActivityId(kind, uuid4()) for kind in ActivityType for _ in range(20)]

    assert all(parse_activity_id(str(item)) == item for item in made)
    assert max(len(str(item)) for item in made) <= 64
    assert sorted(made, key=str) == sorted(made, key=lambda item: (RANKS[item.type], item.row_id))
    assert ACTIVITY_ID_PATTERN.startswith("^")
