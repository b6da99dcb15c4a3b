"""Whose acts the activity feed shows, and of which time."""

from fastapi import FastAPI

from tests.api.test_activity_feed import FEED, feed
from tests.factories import Factory, end_partnership
from tests.reflecting import reflect
from tests.support import FrozenClock, assert_error, data_of


async def test_only_the_partners_acts_are_shown(factory: Factory) -> None:
    alice, bob = await factory.partners()
    carol, _ = await factory.partners()
    for person in (bob, carol):
        await factory.goal(person)
        await factory.checkin(person, (await factory.system(person))["id"])
        await reflect(person)

    assert [item["type"] for item in await feed(bob)] == ["partnership_started"]
    assert len(await feed(alice)) == 5


async def test_nothing_of_before_the_partnership_is_shown(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    former = await factory.person("Former")
    await factory.partnership(former, alice)
    system = await factory.system(alice)
    goal = await factory.goal(alice)
    data_of(await alice.put(f"/goals/{goal['id']}", {"status": "achieved"}))
    for _ in range(3):
        await factory.checkin(alice, system["id"])
        await reflect(alice)
        clock.advance(days=1)
    await end_partnership(app, former, alice)
    await factory.checkin(alice, system["id"])
    await factory.partnership(alice, bob)

    assert [item["type"] for item in await feed(bob)] == ["partnership_started"]
    data_of(await alice.put(f"/goals/{goal['id']}", {"status": "in_progress"}))
    data_of(await alice.put(f"/goals/{goal['id']}", {"status": "achieved"}))
    assert {item["type"] for item in await feed(bob)} == {"partnership_started", "goal_achieved"}


async def test_an_edit_does_not_bring_an_older_checkin_into_the_feed(
    factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    checkin = await factory.checkin(alice, (await factory.system(alice))["id"])
    clock.advance(minutes=1)
    await factory.partnership(alice, bob)

    data_of(await alice.put(f"/checkins/{checkin['id']}", {"notes": "Edited."}))

    assert [item["type"] for item in await feed(bob)] == ["partnership_started"]


async def test_after_the_end_there_is_no_feed(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    await factory.goal(alice)
    await end_partnership(app, alice, bob)

    for person in (alice, bob, await factory.person("Carol")):
        assert_error(await person.get(FEED), 404, "no_active_partnership")


async def test_what_was_deleted_is_gone(factory: Factory) -> None:
    alice, bob = await factory.partners()
    goal = await factory.goal(alice)
    system = await factory.system(alice, goalId=goal["id"])
    await factory.checkin(alice, system["id"])
    reflection = await reflect(alice)
    assert len(await feed(bob)) == 5

    for path in (f"/goals/{goal['id']}", f"/reflections/{reflection['id']}"):
        assert (await alice.delete(path)).status_code == 204

    assert [item["type"] for item in await feed(bob)] == ["partnership_started"]
