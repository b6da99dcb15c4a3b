"""The partner's cards: in the partner's calendar, with the eyes of who looks."""

from datetime import UTC, datetime

import pytest
from fastapi import FastAPI

from tests.factories import Factory, end_partnership
from tests.support import FrozenClock, assert_error, data_of, items_of

PATH = "/partnerships/partner/systems/today"


async def test_a_checkin_that_waits_is_awaited_by_the_partner_only(factory: Factory) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, verificationRequired=True)
    checkin = await factory.checkin(alice, system["id"])

    (own,) = items_of(await alice.get("/systems/current-schedule"))
    (seen,) = items_of(await bob.get(PATH))

    assert own["status"] == "pendingPartnerVerification"
    assert seen["status"] == "awaitingUserVerification"
    assert own | {"status": ""} == seen | {"status": ""}
    assert seen["checkinId"] == checkin["id"]
    assert items_of(await alice.get(PATH)) == []


@pytest.mark.parametrize(
    ("decision", "status"),
    [
        ({"decision": "verified_completed"}, "verifiedCompleted"),
        ({"decision": "queried_by_partner", "query": "How far?"}, "queriedByPartner"),
    ],
)
async def test_a_decision_is_seen_by_both(
    factory: Factory, decision: dict[str, str], status: str
) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, verificationRequired=True)
    checkin = await factory.checkin(alice, system["id"])
    data_of(await bob.post(f"/verifications/{checkin['id']}/verify", decision))

    for answer in (await alice.get("/systems/current-schedule"), await bob.get(PATH)):
        (card,) = items_of(answer)
        assert card["status"] == status
        assert card["currentStreak"] == 1


async def test_today_is_the_partners(factory: Factory, clock: FrozenClock) -> None:
    alice, bob = await factory.partners(timezones=("Pacific/Kiritimati", "Pacific/Pago_Pago"))
    system = await factory.system(alice)
    clock.set(datetime(2026, 3, 10, 10, 30, tzinfo=UTC))  # Monday 23:30; Wednesday 00:30 for Alice
    checkin = await factory.checkin(alice, system["id"])
    assert checkin["localDate"] == "2026-03-11"

    (card,) = items_of(await bob.get(PATH))
    clock.set(datetime(2026, 3, 11, 10, 0, tzinfo=UTC))  # Thursday 00:00 for Alice
    (next_day,) = items_of(await bob.get(PATH))

    assert (card["status"], card["checkinId"]) == ("completed", checkin["id"])
    assert (next_day["status"], next_day["checkinId"]) == ("todo", None)
    assert next_day["currentStreak"] == 1


async def test_the_list_has_pages_and_nothing_of_ones_own(factory: Factory) -> None:
    alice, bob = await factory.partners()
    for title in "cab":
        await factory.system(alice, title=title)
    await factory.system(bob, title="Bob's own")

    listed = data_of(await bob.get(f"{PATH}?limit=2"))

    assert [card["name"] for card in listed["items"]] == ["a", "b"]
    assert listed["pagination"]["totalItems"] == 3
    assert listed["pagination"]["hasNextPage"] is True


async def test_without_a_partner_there_is_nothing_to_see(factory: Factory) -> None:
    alice = await factory.person("Alice")
    await factory.system(alice)

    assert_error(await alice.get(PATH), 404, "no_active_partnership")


async def test_the_end_of_a_partnership_ends_the_view(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, title="Alice's secret", verificationRequired=True)
    await factory.checkin(alice, system["id"])

    await end_partnership(app, alice, bob)

    refused = await bob.get(PATH)
    assert_error(refused, 404, "no_active_partnership")
    assert "secret" not in refused.text
    for path in ("/dashboard", "/tasks/my", "/systems/current-schedule"):
        assert "secret" not in (await bob.get(path)).text
