"""Lists of ten years of check-ins: exact totals, though only the last weeks are counted."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from tests.factories import Factory, Person
from tests.long_history import TEN_YEARS, TODAY, UNTIL, history_of, lived
from tests.support import FrozenClock, change_rows, data_of

MISSED = tuple(TODAY - timedelta(days=n) for n in (3, 100, 1000))
SKIPPED = tuple(TODAY - timedelta(days=n) for n in (2, 50, 500, 3000))
# What the checkpoint is changed to say, to see who believes it: a thousand more of each kind.
_EXAGGERATE = """
UPDATE streak_checkpoints SET systems =
    (SELECT jsonb_object_agg(key, value || jsonb_build_object(
         'credited', (value ->> 'credited')::int + 1000,
         'skipped', (value ->> 'skipped')::int + 1000))
     FROM jsonb_each(systems))
"""


async def total(person: Person, query: str = "", path: str = "/checkins") -> int:
    data: dict[str, Any] = data_of(await person.get(f"{path}?limit=1{query}"))
    assert len(data["items"]) == (data["pagination"]["totalItems"] > 0)
    return int(data["pagination"]["totalItems"])


async def practise(factory: Factory, app: FastAPI, alice: Person) -> tuple[str, str]:
    """A system of ten years and one of 300 days; their ids."""
    run, read = [await factory.system(alice, title=title) for title in ("Run", "Read")]
    await lived(app, run, missed=MISSED, skipped=SKIPPED)
    await lived(app, read, 300)
    return run["id"], read["id"]


async def test_totals_are_exact_before_and_after_there_is_a_checkpoint(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    run, read = await practise(factory, app, alice)
    of_run = TEN_YEARS - len(MISSED)

    for _ in range(2):
        assert await total(alice) == of_run + 300
        assert await total(bob, path="/checkins/partner") == of_run + 300
        assert await total(alice, f"&systemId={run}") == of_run
        assert await total(alice, f"&systemId={read}") == 300
        assert await total(alice, "&status=skipped") == len(SKIPPED)
        assert await total(alice, f"&status=completed&systemId={read}") == 300
        assert await total(alice, f"&from={TODAY - timedelta(days=10)}") == 10 + 10 - 1
        assert await total(alice, f"&to={TODAY - timedelta(days=3000)}") == TEN_YEARS - 3000 + 1
        await history_of(app, clock, alice)

    later = await factory.system(alice)
    for system_id in (run, later["id"]):
        await factory.checkin(alice, system_id)
    assert await total(alice) == of_run + 300 + 2
    assert await total(alice, f"&systemId={run}") == of_run + 1
    assert await total(alice, f"&systemId={later['id']}") == 1
    assert data_of(await alice.get("/checkins?page=9999"))["pagination"]["totalItems"] == (
        of_run + 300 + 2
    )


async def test_nothing_is_left_in_the_total_of_a_deleted_system(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    run, read = await practise(factory, app, alice)
    await history_of(app, clock, alice)
    await change_rows(app, "DELETE FROM systems WHERE id = :id", id=UUID(run))

    for _ in range(2):
        assert await total(alice) == await total(alice, f"&systemId={read}") == 300
        assert await total(alice, f"&systemId={run}") == 0
        await history_of(app, clock, alice)


@pytest.mark.parametrize(
    ("query", "is_believed"),
    [
        ("", True),
        ("&systemId={run}", True),
        (f"&to={UNTIL}", True),
        (f"&to={UNTIL - timedelta(days=1)}", False),
        ("&from=2000-01-01", False),
        ("&status=completed", False),
        ("&systemId={run}&status=skipped", False),
    ],
)
async def test_what_is_settled_is_not_counted_again(
    factory: Factory, app: FastAPI, clock: FrozenClock, query: str, is_believed: bool
) -> None:
    alice, bob = await factory.partners()
    run, _ = await practise(factory, app, alice)
    await factory.checkin(bob, (await factory.system(bob))["id"])
    await history_of(app, clock, alice)
    query = query.format(run=run)
    before = await total(alice, query)
    await change_rows(app, _EXAGGERATE)

    systems = 1 if "systemId" in query else 2
    assert await total(alice, query) - before == (2000 * systems if is_believed else 0)
    assert await total(bob) == 1
