"""Finding reflections and prompts again."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from fastapi import FastAPI

from app.core.reflection_prompts import prompts_for
from tests.factories import Factory, end_partnership
from tests.reflecting import reflect
from tests.support import FrozenClock, assert_error, data_of, items_of

DATES = ["2026-03-01", "2026-02-27", "2026-03-10", "2026-03-05"]
NEWEST_FIRST = sorted(DATES, reverse=True)


def dates_of(items: list[dict[str, str]]) -> list[str]:
    return [item["reflectionDateLocal"] for item in items]


async def test_mine_are_listed_by_date_in_pages(factory: Factory) -> None:
    alice, bob = await factory.partners()
    for day in DATES:
        await reflect(alice, date=day)
    await reflect(bob)

    assert dates_of(items_of(await alice.get("/reflections"))) == NEWEST_FIRST
    second = data_of(await alice.get("/reflections?limit=3&page=2"))
    assert dates_of(second["items"]) == NEWEST_FIRST[3:]
    assert second["pagination"] == {
        "currentPage": 2,
        "limit": 3,
        "totalItems": 4,
        "totalPages": 2,
        "hasNextPage": False,
    }
    assert items_of(await alice.get("/reflections?page=9")) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("startDate=2026-03-01", NEWEST_FIRST[:3]),
        ("endDate=2026-03-01", NEWEST_FIRST[2:]),
        ("startDate=2026-03-05&endDate=2026-03-05", ["2026-03-05"]),
        ("startDate=2026-03-06&endDate=2026-03-01", []),
        ("startDate=&endDate=", NEWEST_FIRST),
    ],
)
async def test_a_range_includes_its_bounds(factory: Factory, query: str, found: list[str]) -> None:
    alice, bob = await factory.partners()
    for day in DATES:
        await reflect(alice, date=day)

    assert dates_of(items_of(await alice.get(f"/reflections?{query}"))) == found
    assert dates_of(items_of(await bob.get(f"/reflections/partner?{query}"))) == found
    of_alice = await bob.get(f"/reflections?userId={alice.id}&{query}")
    assert dates_of(items_of(of_alice)) == found


async def test_only_the_two_see_them_and_only_while_they_are_partners(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    carol = await factory.person("Carol")
    await reflect(alice)

    for path in (f"/reflections?userId={alice.id}", f"/reflections?userId={uuid4()}"):
        assert_error(await carol.get(path), 404, "reflection_not_found")
    assert_error(await carol.get("/reflections/partner"), 404, "no_active_partnership")
    assert len(items_of(await alice.get(f"/reflections?userId={alice.id}"))) == 1
    assert len(items_of(await bob.get("/reflections/partner"))) == 1
    assert items_of(await alice.get("/reflections/partner")) == []

    await end_partnership(app, alice, bob)

    assert_error(await bob.get(f"/reflections?userId={alice.id}"), 404, "reflection_not_found")
    assert_error(await bob.get("/reflections/partner"), 404, "no_active_partnership")
    assert len(items_of(await alice.get("/reflections"))) == 1


async def test_by_date_finds_mine_and_nobody_elses(factory: Factory) -> None:
    alice, bob = await factory.partners()
    reflection = await reflect(alice, date="2026-03-09")

    assert data_of(await alice.get("/reflections/by-date/2026-03-09")) == reflection
    for person, day in ((alice, "2026-03-10"), (bob, "2026-03-09")):
        answer = await person.get(f"/reflections/by-date/{day}")
        assert_error(answer, 404, "reflection_not_found")
    assert_error(await alice.get("/reflections/by-date/today"), 422, "validation_failed")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?startDate=soon", "startDate"),
        ("?endDate=2026-13-01", "endDate"),
        ("?userId=1", "userId"),
        ("?limit=101", "limit"),
    ],
)
async def test_bad_filters_are_refused_by_name(factory: Factory, query: str, field: str) -> None:
    alice = await factory.person("Alice")

    body = assert_error(await alice.get(f"/reflections{query}"), 422, "validation_failed")

    assert [error["field"] for error in body["errors"]] == [field]


async def test_what_a_former_partner_said_is_not_shown(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    reflection = await reflect(alice)
    about = f"/comments?targetType=reflection&targetId={reflection['id']}"
    data_of(await bob.post(about, {"textContent": "Well done."}), 201)
    data_of(await bob.put(f"/reactions/reflection/{reflection['id']}", {"emoji": "👏"}))
    (shown,) = items_of(await alice.get("/reflections"))
    assert (len(shown["reactions"]), shown["commentsCount"]) == (1, 1)

    await end_partnership(app, alice, bob)

    (shown,) = items_of(await alice.get("/reflections"))
    assert (shown["reactions"], shown["commentsCount"]) == ([], 0)


async def test_the_prompts_of_a_day_are_three_others_each_day(
    factory: Factory, clock: FrozenClock
) -> None:
    clock.set(datetime(2026, 3, 10, 11, 30, tzinfo=UTC))
    alice = await factory.person("Alice", timezone="Pacific/Kiritimati")

    today = data_of(await alice.get("/reflections/prompts"))
    yesterday = items_of(await alice.get("/reflections/prompts?date=2026-03-10"))

    shown = [{"id": prompt.id, "text": prompt.text} for prompt in prompts_for(date(2026, 3, 11))]
    assert today["items"] == shown
    assert today["pagination"]["totalItems"] == 3
    assert not {item["id"] for item in yesterday} & {item["id"] for item in shown}
    assert items_of(await alice.get("/reflections/prompts?limit=2&page=2")) == shown[2:]
    assert_error(await alice.get("/reflections/prompts?date=x"), 422, "validation_failed")
