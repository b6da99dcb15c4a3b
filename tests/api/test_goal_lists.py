"""Listing goals: filters, search, order and pages."""

from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from tests.factories import Factory, Person
from tests.support import FrozenClock, assert_error, data_of, items_of

GOALS: list[dict[str, Any]] = [
    {"title": "beta", "priority": "low", "category": "Health", "targetDate": "2026-05-01"},
    {"title": "Alpha", "priority": "high", "category": "Work", "status": "in_progress"},
    {"title": "alpha", "priority": "", "category": "Health", "targetDate": "2026-04-01"},
    {"title": "Gamma", "priority": "medium", "status": "achieved", "targetDate": "2026-04-01"},
    {"title": "delta", "priority": "high", "description": "ALPHA testing"},
]


async def make_goals(factory: Factory, owner: Person, clock: FrozenClock) -> None:
    for goal in GOALS:
        await factory.goal(owner, **goal)
        clock.advance(minutes=1)


async def titles(person: Person, query: str = "") -> list[str]:
    return [goal["title"] for goal in items_of(await person.get(f"/goals{query}"))]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?status=in_progress", {"Alpha"}),
        ("?status=In-Progress", {"Alpha"}),
        ("?status=abandoned", set()),
        ("?status=", {"beta", "Alpha", "alpha", "Gamma", "delta"}),
        ("?priority=HIGH", {"Alpha", "delta"}),
        ("?status=IN-PROGRESS&sortBy=TITLE-ASC", {"Alpha"}),
        ("?priority=", {"beta", "Alpha", "alpha", "Gamma", "delta"}),
        ("?category=Health", {"beta", "alpha"}),
        ("?category=", {"beta", "Alpha", "alpha", "Gamma", "delta"}),
        ("?category=Heal", set()),
        ("?search=LPHA", {"Alpha", "alpha", "delta"}),
        ("?search=testing", {"delta"}),
        ("?search=", {"beta", "Alpha", "alpha", "Gamma", "delta"}),
        ("?search=zeta", set()),
        ("?priority=high&search=alpha&status=in_progress", {"Alpha"}),
        ("?priority=high&category=Health", set()),
    ],
)
async def test_filters_narrow_the_list_and_combine(
    factory: Factory, clock: FrozenClock, query: str, expected: set[str]
) -> None:
    alice, bob = await factory.partners()
    await make_goals(factory, alice, clock)
    await factory.goal(bob, title="alpha of Bob", priority="high", category="Health")

    assert set(await titles(alice, query)) == expected


@pytest.mark.parametrize(
    ("sort_by", "expected"),
    [
        ("createdAt_desc", ["delta", "Gamma", "alpha", "Alpha", "beta"]),
        ("createdAt_asc", ["beta", "Alpha", "alpha", "Gamma", "delta"]),
        ("targetDate_asc", [{"alpha", "Gamma"}, "beta", {"Alpha", "delta"}]),
        ("targetDate_desc", ["beta", {"alpha", "Gamma"}, {"Alpha", "delta"}]),
        ("priority_desc", [{"Alpha", "delta"}, "Gamma", "beta", "alpha"]),
        ("priority_asc", ["alpha", "beta", "Gamma", {"Alpha", "delta"}]),
        ("title_asc", [{"Alpha", "alpha"}, "beta", "delta", "Gamma"]),
        ("title_desc", ["Gamma", "delta", "beta", {"Alpha", "alpha"}]),
    ],
)
async def test_every_order_sorts_and_pages_never_overlap(
    factory: Factory, clock: FrozenClock, sort_by: str, expected: list[str | set[str]]
) -> None:
    alice = await factory.person("Alice")
    await make_goals(factory, alice, clock)

    whole = await titles(alice, f"?sortBy={sort_by}")

    remaining = list(whole)
    for group in expected:
        names = {group} if isinstance(group, str) else group
        assert set(remaining[: len(names)]) == names
        remaining = remaining[len(names) :]
    assert remaining == []
    paged = [
        title
        for page in range(1, 6)
        for title in await titles(alice, f"?sort_by={sort_by}&limit=1&page={page}")
    ]
    assert paged == whole


@pytest.mark.parametrize("sort_by", ["createdAt_desc", "createdAt_asc", "title_asc"])
async def test_equal_goals_keep_one_total_order(factory: Factory, sort_by: str) -> None:
    alice = await factory.person("Alice")
    made = {(await factory.goal(alice))["id"] for _ in range(6)}

    paged = [
        goal["id"]
        for page in range(1, 4)
        for goal in items_of(await alice.get(f"/goals?sortBy={sort_by}&limit=2&page={page}"))
    ]

    assert paged == sorted(made)


async def test_the_default_order_is_newest_first(factory: Factory, clock: FrozenClock) -> None:
    alice = await factory.person("Alice")
    await make_goals(factory, alice, clock)

    assert await titles(alice) == await titles(alice, "?sortBy=createdAt_desc")
    assert await titles(alice) == await titles(alice, "?sortBy=")
    assert await titles(alice) == await titles(alice, "?sort_by=%20&archived=&search=&status=")


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("%25", ["100% done"]),
        ("_", ["snake_case"]),
        ("%5C", ["back\\slash"]),
        ("k\\s", ["back\\slash"]),
        ("0%25 d", ["100% done"]),
        ("'", ["it's"]),
        ("%25%25", []),
    ],
)
async def test_search_takes_wildcards_literally(
    factory: Factory, search: str, expected: list[str]
) -> None:
    alice = await factory.person("Alice")
    for title in ("100% done", "snake_case", "back\\slash", "it's", "plain"):
        await factory.goal(alice, title=title)

    assert await titles(alice, f"?search={search}") == expected


async def test_archived_goals_are_listed_only_when_asked_for(
    factory: Factory, app: FastAPI
) -> None:
    alice = await factory.person("Alice")
    await factory.goal(alice, title="Kept")
    archived = await factory.goal(alice, title="Archived")
    async with app.state.database.engine.begin() as connection:
        await connection.execute(
            text("UPDATE goals SET is_archived = true WHERE id = :id"), {"id": archived["id"]}
        )

    assert await titles(alice) == ["Kept"]
    assert await titles(alice, "?archived=false") == ["Kept"]
    assert await titles(alice, "?archived=true") == ["Archived"]
    assert data_of(await alice.get(f"/goals/{archived['id']}"))["isArchived"] is True


@pytest.mark.parametrize(
    ("query", "items", "pagination"),
    [
        ("", 5, (1, 20, 5, 1, False)),
        ("?limit=2", 2, (1, 2, 5, 3, True)),
        ("?limit=2&page=2", 2, (2, 2, 5, 3, True)),
        ("?limit=2&page=3", 1, (3, 2, 5, 3, False)),
        ("?limit=5&page=1", 5, (1, 5, 5, 1, False)),
        ("?limit=100", 5, (1, 100, 5, 1, False)),
        ("?page=7", 0, (7, 20, 5, 1, False)),
        ("?page=1000000&limit=100", 0, (1_000_000, 100, 5, 1, False)),
        ("?search=zeta", 0, (1, 20, 0, 0, False)),
        ("?search=zeta&page=2", 0, (2, 20, 0, 0, False)),
    ],
)
async def test_pages_count_all_items_even_beyond_the_end(
    factory: Factory,
    clock: FrozenClock,
    query: str,
    items: int,
    pagination: tuple[int, int, int, int, bool],
) -> None:
    alice, bob = await factory.partners()
    await make_goals(factory, alice, clock)
    await factory.goal(bob)

    data = data_of(await alice.get(f"/goals{query}"))

    names = ("currentPage", "limit", "totalItems", "totalPages", "hasNextPage")
    assert len(data["items"]) == items
    assert data["pagination"] == dict(zip(names, pagination, strict=True))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?page=0", "page"),
        ("?page=-1", "page"),
        ("?page=one", "page"),
        ("?page=99999999999999999999", "page"),
        ("?limit=0", "limit"),
        ("?limit=101", "limit"),
        ("?limit=ten", "limit"),
        ("?sortBy=title", "sortBy"),
        ("?sort_by=; DROP TABLE goals", "sortBy"),
        ("?status=done", "status"),
        ("?priority=urgent", "priority"),
        ("?archived=perhaps", "archived"),
        ("?search=" + "x" * 101, "search"),
        ("?search=%00", "search"),
        ("?category=" + "x" * 51, "category"),
        ("?category=%00", "category"),
    ],
)
async def test_bad_parameters_are_refused_by_name(factory: Factory, query: str, field: str) -> None:
    alice = await factory.person("Alice")

    body = assert_error(await alice.get(f"/goals{query}"), 422, "validation_failed")

    assert [error["field"] for error in body["errors"]] == [field]
