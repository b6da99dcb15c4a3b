"""A year of check-ins at a glance."""

from datetime import UTC, datetime

import pytest

from tests.factories import Factory
from tests.support import FrozenClock, assert_error, data_of, items_of


async def test_the_present_year_date_by_date(factory: Factory, clock: FrozenClock) -> None:
    alice, bob = await factory.partners()
    systems = [await factory.system(alice), await factory.system(alice)]
    for system in systems:
        await factory.checkin(alice, system["id"])
    clock.advance(days=1)
    await factory.checkin(alice, systems[0]["id"])
    clock.advance(days=1)
    await factory.checkin(alice, systems[0]["id"], status="skipped")

    data = data_of(await alice.get("/progress/heatmap"))

    assert len(data["items"]) == 365
    assert data["pagination"]["totalItems"] == 365
    assert data["pagination"]["hasNextPage"] is False
    by_date = {entry["date"]: (entry["required"], entry["credited"]) for entry in data["items"]}
    assert by_date["2026-01-01"] == by_date["2026-03-09"] == (0, 0)
    assert by_date["2026-03-10"] == (2, 2)
    assert by_date["2026-03-11"] == (2, 1)
    assert by_date["2026-03-12"] == (1, 0)  # today: one skip is excused, one is still to do
    assert by_date["2026-03-13"] == by_date["2026-12-31"] == (None, 0)
    # Nothing of it is the partner's.
    assert {entry["credited"] for entry in items_of(await bob.get("/progress/heatmap"))} == {0}


async def test_the_year_is_that_of_the_callers_calendar(
    factory: Factory, clock: FrozenClock
) -> None:
    clock.set(datetime(2026, 12, 31, 12, 0, tzinfo=UTC))
    early = await factory.person("Early", timezone="Pacific/Kiritimati")
    late = await factory.person("Late", timezone="America/Los_Angeles")

    assert items_of(await early.get("/progress/heatmap"))[0]["date"] == "2027-01-01"
    assert items_of(await late.get("/progress/heatmap?year="))[0]["date"] == "2026-01-01"


async def test_a_past_year_has_only_its_own_dates(factory: Factory, clock: FrozenClock) -> None:
    clock.set(datetime(2027, 12, 31, 20, 0, tzinfo=UTC))
    alice = await factory.person("Alice")
    system = await factory.system(alice)
    await factory.checkin(alice, system["id"])
    clock.advance(days=1)
    await factory.checkin(alice, system["id"])

    entries = items_of(await alice.get("/progress/heatmap?year=2027"))
    leap = items_of(await alice.get("/progress/heatmap?year=2028"))

    assert (entries[-1]["required"], entries[-1]["credited"]) == (1, 1)
    assert sum(entry["credited"] for entry in entries) == 1
    assert len(leap) == 366
    assert sum(entry["credited"] for entry in leap) == 1


@pytest.mark.parametrize("year", ["1969", "3000", "soon", "99999999999999999999"])
async def test_a_year_out_of_reach_is_refused(factory: Factory, year: str) -> None:
    alice = await factory.person("Alice")
    answer = await alice.get(f"/progress/heatmap?year={year}")
    body = assert_error(answer, 422, "validation_failed")
    assert [error["field"] for error in body["errors"]] == ["year"]


@pytest.mark.parametrize("year", [1970, 2999])
async def test_the_years_at_the_edges_are_answered(factory: Factory, year: int) -> None:
    alice = await factory.person("Alice")
    await factory.system(alice)
    assert len(items_of(await alice.get(f"/progress/heatmap?year={year}"))) == 365
