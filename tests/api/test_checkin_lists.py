"""Listing check-ins."""

import pytest

from tests.factories import Factory, Person
from tests.support import FrozenClock, assert_error, data_of, items_of


async def a_week(factory: Factory, clock: FrozenClock, person: Person) -> dict[str, str]:
    """Five dates of one system, the fourth skipped, and one of another; names to system ids."""
    run = await factory.system(person, title="Run")
    read = await factory.system(person, title="Read")
    for position in range(5):
        if position:
            clock.advance(days=1)
        status = "skipped" if position == 3 else "completed"
        await factory.checkin(person, run["id"], status=status)
    await factory.checkin(person, read["id"], localDate="2026-03-13")
    return {"run": run["id"], "read": read["id"]}


async def seen(person: Person, query: str) -> list[tuple[str, int]]:
    items = items_of(await person.get(f"/checkins{query}"))
    return [(item["systemTitle"], int(item["localDate"][-2:])) for item in items]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [("Run", 14), ("Read", 13), ("Run", 13), ("Run", 12), ("Run", 11), ("Run", 10)]),
        ("?systemId={read}", [("Read", 13)]),
        ("?system_id={run}&status=skipped", [("Run", 13)]),
        ("?status=SKIPPED", [("Run", 13)]),
        ("?status=verified_completed", []),
        ("?from=2026-03-13", [("Run", 14), ("Read", 13), ("Run", 13)]),
        ("?to=2026-03-11", [("Run", 11), ("Run", 10)]),
        ("?from=2026-03-12&to=2026-03-12", [("Run", 12)]),
        ("?from=2026-03-12&to=2026-03-11", []),
        ("?from=0001-01-01&to=9999-12-31&systemId={read}", [("Read", 13)]),
        ("?from=&to=&status=&systemId={read}", [("Read", 13)]),
        ("?limit=2&page=3", [("Run", 11), ("Run", 10)]),
        ("?limit=2&page=4", []),
    ],
)
async def test_newest_date_first_and_every_filter_narrows(
    factory: Factory, clock: FrozenClock, query: str, expected: list[tuple[str, int]]
) -> None:
    alice, bob = await factory.partners()
    systems = await a_week(factory, clock, alice)
    await factory.checkin(bob, (await factory.system(bob, title="Bob's"))["id"])

    assert await seen(alice, query.format(**systems)) == expected
    assert await seen(bob, "") == [("Bob's", 14)]


async def test_a_page_beyond_the_end_still_counts(factory: Factory, clock: FrozenClock) -> None:
    alice = await factory.person("Alice")
    await a_week(factory, clock, alice)

    data = data_of(await alice.get("/checkins?limit=4&page=5&status=completed"))

    assert data["items"] == []
    assert data["pagination"] == {
        "currentPage": 5,
        "limit": 4,
        "totalItems": 5,
        "totalPages": 2,
        "hasNextPage": False,
    }


async def test_one_date_is_ordered_by_time_and_then_by_one_total_order(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    made = []
    for minutes in (0, 0, 5):
        clock.advance(minutes=minutes)
        made.append(await factory.checkin(alice, (await factory.system(alice))["id"]))

    listed = [item["id"] for item in items_of(await alice.get("/checkins"))]
    paged = [
        items_of(await alice.get(f"/checkins?limit=1&page={page}"))[0]["id"] for page in (1, 2, 3)
    ]

    same_instant = sorted((made[0]["id"], made[1]["id"]), reverse=True)
    assert listed == [made[2]["id"], *same_instant]
    assert paged == listed


async def test_somebody_elses_system_is_an_empty_filter(factory: Factory) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice)
    await factory.checkin(alice, system["id"])

    assert items_of(await bob.get(f"/checkins?systemId={system['id']}")) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?from=2026-13-01", "from"),
        ("?to=soon", "to"),
        ("?status=done", "status"),
        ("?systemId=1", "systemId"),
        ("?limit=1000", "limit"),
    ],
)
async def test_bad_filters_are_refused_by_name(factory: Factory, query: str, field: str) -> None:
    alice = await factory.person("Alice")

    body = assert_error(await alice.get(f"/checkins{query}"), 422, "validation_failed")

    assert [error["field"] for error in body["errors"]] == [field]
