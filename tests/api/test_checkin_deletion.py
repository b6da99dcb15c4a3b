"""Deleting a check-in."""

from typing import Any

from fastapi import FastAPI

from tests.factories import Factory
from tests.support import FrozenClock, assert_error, count_rows, data_of, items_of, rows

ASK = {"decision": "queried_by_partner", "query": "Which route was it?"}


async def test_it_is_gone_for_both_and_its_date_is_free_again(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice)
    checkin = await factory.checkin(alice, system["id"], notes="By mistake")
    other = await factory.checkin(alice, system["id"], localDate="2026-03-09")

    deleted = await alice.delete(f"/checkins/{checkin['id']}")

    assert (deleted.status_code, deleted.content) == (204, b"")
    for person in (alice, bob):
        assert_error(await person.get(f"/checkins/{checkin['id']}"), 404, "checkin_not_found")
    assert items_of(await alice.get("/checkins")) == [other]
    again = await alice.delete(f"/checkins/{checkin['id']}")
    assert_error(again, 404, "checkin_not_found")
    new = await factory.checkin(alice, system["id"], notes="On purpose")
    assert new["id"] != checkin["id"]
    assert len(await rows(app, "SELECT id FROM checkins")) == 2


async def test_what_the_partner_was_told_stays_told(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    checkin = await factory.checkin(alice, (await factory.system(alice))["id"])
    before = items_of(await bob.get("/notifications"))

    assert (await alice.delete(f"/checkins/{checkin['id']}")).status_code == 204

    assert items_of(await bob.get("/notifications")) == before
    assert before[0]["actionLink"] == "/partnership?tab=activity"
    assert await count_rows(app, "checkins", "notifications") == (0, 1)


async def test_a_waiting_one_leaves_the_queue(factory: Factory) -> None:
    alice, bob = await factory.partners()
    made: list[dict[str, Any]] = []
    for _ in range(2):
        system = await factory.system(alice, verificationRequired=True)
        made.append(await factory.checkin(alice, system["id"]))
    asked = f"/verifications/{made[1]['id']}/verify"
    data_of(await bob.post(asked, ASK))

    for checkin in made:
        assert (await alice.delete(f"/checkins/{checkin['id']}")).status_code == 204

    assert items_of(await bob.get("/verifications/queue")) == []
    assert_error(await bob.post(asked, ASK), 404, "checkin_not_found")


async def test_streaks_forget_it(factory: Factory, clock: FrozenClock) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)
    await factory.checkin(alice, system["id"])
    clock.advance(days=1)
    checkin = await factory.checkin(alice, system["id"])
    path = f"/systems/{system['id']}"
    assert data_of(await alice.get(path))["currentStreak"] == 2

    assert (await alice.delete(f"/checkins/{checkin['id']}")).status_code == 204

    assert data_of(await alice.get(path))["currentStreak"] == 1


async def test_a_deleted_system_takes_its_checkins_along_and_takes_no_more(
    factory: Factory, app: FastAPI
) -> None:
    alice, _ = await factory.partners()
    system = await factory.system(alice)
    checkin = await factory.checkin(alice, system["id"])
    assert (await alice.delete(f"/systems/{system['id']}")).status_code == 204

    again = await alice.post("/checkins", {"systemId": system["id"]})
    edited = await alice.put(f"/checkins/{checkin['id']}", {"notes": "Where?"})

    assert_error(again, 404, "system_not_found")
    assert_error(edited, 404, "checkin_not_found")
    assert await count_rows(app, "checkins", "notifications") == (0, 1)
