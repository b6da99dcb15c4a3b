"""A long history costs the activity feed nothing: how many rows PostgreSQL reads for a page."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from app.core.activity import RANKS, ActivityId, ActivityType
from app.crud.crud_activity import COUNTED, feed_query
from tests.factories import Factory, Person
from tests.support import change_rows, data_of, rows

LIMIT = 20
KINDS = len(ActivityType)
LONG_TABLES = {"checkins", "reflections", "goals", "systems", "streak_milestones"}
# Of each, for Alice since the partnership began and, as many again, of before it.
LONG, SHORT = 5000, 50

HISTORY = """
    WITH step AS (
        SELECT n, TIMESTAMPTZ '2026-03-10 08:59:30Z' + n * interval '1 minute' AS at
        FROM generate_series(1 - CAST(:length AS int), CAST(:length AS int)) AS n
    ), new_goals AS (
        INSERT INTO goals (user_id, title, status, created_at, achieved_at, updated_at)
        SELECT CAST(:owner AS uuid), 'Goal ' || n, 'achieved', at, at, at FROM step
    ), new_systems AS (
        INSERT INTO systems (user_id, title, description, frequency, metric_type, created_at)
        SELECT CAST(:owner AS uuid), 'System ' || n, '', 'daily', 'binary', at FROM step
    ), new_reflections AS (
        INSERT INTO reflections (user_id, partnership_id, reflection_date_local, content,
                                 created_at)
        SELECT CAST(:owner AS uuid), CASE WHEN n > 0 THEN CAST(:partnership AS uuid) END,
               DATE '2026-03-10' + n, 'Words', at FROM step
    ), new_milestones AS (
        INSERT INTO streak_milestones (user_id, length, local_date, reached_at)
        SELECT CAST(:owner AS uuid), 3, DATE '2026-03-10' + n, at FROM step
    )
    INSERT INTO checkins (user_id, system_id, partnership_id, checkin_timestamp_utc,
                          checkin_date_local, checkin_timezone, status, created_at)
    SELECT CAST(:owner AS uuid), CAST(:system AS uuid),
           CASE WHEN n > 0 THEN CAST(:partnership AS uuid) END, at, DATE '2026-03-10' + n,
           'UTC', 'completed', at FROM step
"""


async def with_history(factory: Factory, app: FastAPI, length: int) -> tuple[Person, Person]:
    """Alice, who did a lot of everything, and Bob."""
    alice, bob = await factory.partners()
    system = await factory.system(alice)
    partnership = data_of(await alice.get("/partnerships/current"))["id"]
    for owner in (alice, bob):
        of_owner = system if owner is alice else await factory.system(bob)
        await change_rows(
            app,
            HISTORY,
            length=length,
            owner=owner.id,
            partnership=UUID(partnership),
            system=UUID(of_owner["id"]),
        )
    await change_rows(app, "ANALYZE")
    return alice, bob


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def literal(value: Any) -> str:
    """A parameter as SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return "'{" + ",".join(map(str, value)) + "}'"
    return f"'{value}'"


async def one_of_the_middle(app: FastAPI, owner: Person) -> ActivityId:
    ordered = "SELECT id FROM checkins WHERE user_id = :id ORDER BY checkin_timestamp_utc"
    found = await rows(app, ordered, id=owner.id)
    return ActivityId(ActivityType.SYSTEM_CHECKIN, found[len(found) * 3 // 4]["id"])


async def scans_of_a_page(
    app: FastAPI, mode: str, owner: Person, viewer: Person, before: ActivityId | None
) -> list[dict[str, Any]]:
    """What each scan of a table read, in the plan for these or for any parameters."""
    partnership = data_of(await viewer.get("/partnerships/current"))["id"]
    feed = feed_query(LIMIT)
    arguments = feed.arguments(
        {
            "viewer_id": viewer.id,
            "partner_id": owner.id,
            "partnership_id": UUID(partnership),
            "before_rank": RANKS[before.type] if before else None,
            "before_id": before.row_id if before else None,
            "ranks": [*RANKS.values()],
            "reach": LIMIT + 1,
            "offset": 0,
        }
    )
    values = ", ".join(map(literal, arguments))
    connection = await app.state.database.engine.raw_connection()
    try:
        driver: Any = connection.driver_connection
        async with driver.transaction():
            await driver.execute(f"SET LOCAL plan_cache_mode = {mode}")
            await driver.execute(f"PREPARE feed AS {feed.sql}")
            explain = f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE feed({values})"
            (plan,) = await driver.fetchval(explain)
            await driver.execute("DEALLOCATE feed")
    finally:
        connection.close()
    return [
        {"Rows": node["Actual Rows"] * node["Actual Loops"]} | node
        for node in nodes(plan["Plan"])
        if "Relation Name" in node
    ]


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_a_page_reads_a_page_however_long_the_history_is(
    factory: Factory, app: FastAPI, mode: str
) -> None:
    alice, bob = await with_history(factory, app, LONG)
    middle = await one_of_the_middle(app, alice)

    for before, read in ((None, LIMIT + 1), (middle, LIMIT + 1)):
        scans = await scans_of_a_page(app, mode, alice, bob, before)
        counted = sum(scan["Rows"] for scan in scans if scan["Rows"] > 2 * read)
        page = sum(scan["Rows"] for scan in scans if scan["Rows"] <= 2 * read)
        assert counted <= COUNTED
        assert page <= KINDS * (read + 1) + 2 * read  # of every kind; and what the page's rows say
        of_long_tables = [scan for scan in scans if scan["Relation Name"] in LONG_TABLES]
        assert of_long_tables
        for scan in of_long_tables:
            assert scan["Node Type"] != "Seq Scan", scan
            # Not counting those at the very instant of the item that the page comes after.
            assert scan.get("Rows Removed by Filter", 0) <= 1, scan


def test_the_statements_are_short_enough_to_be_kept_prepared() -> None:
    for at_most in (LIMIT, 100):
        assert len(feed_query(at_most).sql) < 15 * 1024


async def test_the_total_is_exact_up_to_a_limit_and_then_what_is_known(
    factory: Factory, app: FastAPI
) -> None:
    _, bob = await with_history(factory, app, SHORT)
    exact = SHORT * 6 + 2  # its system besides, and the partnership itself
    path = "/partnerships/partner/activity"

    first = data_of(await bob.get(path))["pagination"]
    last = data_of(await bob.get(f"{path}?limit=100&page=4"))

    assert (first["totalItems"], first["totalPages"]) == (exact, 16)
    assert len(last["items"]) == exact - 300
    assert last["pagination"]["hasNextPage"] is False


async def test_a_feed_longer_than_is_counted_goes_on(factory: Factory, app: FastAPI) -> None:
    _, bob = await with_history(factory, app, 200)  # 1202 items
    path = "/partnerships/partner/activity?limit=100&page="

    totals = {}
    for page in (1, 10, 11, 13, 14):
        data = data_of(await bob.get(path + str(page)))
        totals[page] = (
            len(data["items"]),
            data["pagination"]["totalItems"],
            data["pagination"]["hasNextPage"],
        )

    assert totals == {
        1: (100, 1000, True),
        10: (100, 1001, True),
        11: (100, 1101, True),
        13: (2, 1202, False),
        14: (0, 1000, False),
    }
