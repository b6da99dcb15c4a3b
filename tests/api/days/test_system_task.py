"""One of one's own systems as a task: today, streaks, and what happened lately."""

from fastapi import FastAPI

from tests.factories import Factory, end_partnership
from tests.pictures import upload
from tests.support import FrozenClock, assert_error, data_of, items_of

QUERY = {"decision": "queried_by_partner", "query": "Which route?"}
VERIFY = {"decision": "verified_completed"}


async def test_a_system_tells_all_that_its_page_needs(factory: Factory, clock: FrozenClock) -> None:
    alice = await factory.person("Alice")
    goal = await factory.goal(alice, title="Get fit")
    system = await factory.system(
        alice, goalId=goal["id"], targetTimeLocal="07:00", description="Five kilometres."
    )
    await factory.checkin(alice, system["id"])
    clock.advance(days=1)
    await factory.checkin(alice, system["id"])
    clock.advance(days=3)
    await factory.checkin(alice, system["id"], status="skipped")

    found = data_of(await alice.get(f"/tasks/my/{system['id']}"))

    assert found == {
        "id": system["id"],
        "name": "Morning run",
        "status": "skipped",
        "goalId": goal["id"],
        "goalName": "Get fit",
        "assignedDate": "2026-03-10",
        "details": "Five kilometres.",
        "requiresImageVerification": False,
        "verificationImageUrl": None,
        "partnerComments": None,
        "recentActivity": [
            {"status": "skipped", "date": "2026-03-14", "actorName": "Alice"},
            {"status": "completed", "date": "2026-03-11", "actorName": "Alice"},
            {"status": "completed", "date": "2026-03-10", "actorName": "Alice"},
        ],
        "scheduleDescription": "Every day at 07:00",
        "currentStreakForSystem": 0,
        "longestStreakForSystem": 2,
        "totalCompletions": 2,
    }


async def test_a_decision_is_the_partners_act(factory: Factory, clock: FrozenClock) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, verificationRequired=True)
    photo = (await upload(alice))["url"]
    for body in (VERIFY, QUERY, None):
        checkin = await factory.checkin(alice, system["id"], photoUrl=photo if body else None)
        if body is not None:
            data_of(await bob.post(f"/verifications/{checkin['id']}/verify", body))
            clock.advance(days=1)

    found = data_of(await alice.get(f"/tasks/my/{system['id']}"))

    assert found["recentActivity"] == [
        {"status": "pendingPartnerVerification", "date": "2026-03-12", "actorName": "Alice"},
        {"status": "queriedByPartner", "date": "2026-03-11", "actorName": "Bob"},
        {"status": "verifiedCompleted", "date": "2026-03-10", "actorName": "Bob"},
    ]
    assert found["status"] == "pendingPartnerVerification"
    assert (found["verificationImageUrl"], found["partnerComments"]) == (None, None)
    clock.advance(days=1)
    next_day = data_of(await alice.get(f"/tasks/my/{system['id']}"))
    assert next_day["status"] == "todo"
    assert next_day["partnerComments"] == "Which route?"
    assert next_day["verificationImageUrl"].startswith("http://api.test/api/v1/uploads/")


async def test_a_former_partner_keeps_neither_name_nor_words(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, verificationRequired=True)
    checkin = await factory.checkin(alice, system["id"])
    data_of(await bob.post(f"/verifications/{checkin['id']}/verify", QUERY))
    await end_partnership(app, alice, bob)
    path = f"/tasks/my/{system['id']}"

    alone = data_of(await alice.get(path))
    await factory.partnership(alice, await factory.person("Carol"))
    with_carol = data_of(await alice.get(path))

    for found in (alone, with_carol):
        assert found["partnerComments"] is None
        assert [entry["actorName"] for entry in found["recentActivity"]] == ["Your former partner"]


async def test_on_an_off_day_there_is_no_status(factory: Factory) -> None:
    alice = await factory.person("Alice")
    sundays = {"frequency": "weekly", "frequencyDetails": {"daysOfWeek": [6]}}
    off_day = await factory.system(alice, **sundays)
    resting = await factory.system(alice, status="paused")

    for system in (off_day, resting):
        found = data_of(await alice.get(f"/tasks/my/{system['id']}"))
        assert found["status"] is None
        assert found["recentActivity"] == []
    await factory.checkin(alice, off_day["id"])

    found = data_of(await alice.get(f"/tasks/my/{off_day['id']}"))
    assert (found["status"], found["totalCompletions"]) == ("completed", 1)
    assert found["currentStreakForSystem"] == 0
    assert found["details"] == "Sun"


async def test_the_newest_twenty_dates_are_recent(factory: Factory, clock: FrozenClock) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)
    for _ in range(22):
        await factory.checkin(alice, system["id"])
        clock.advance(days=1)

    found = data_of(await alice.get(f"/tasks/my/{system['id']}"))

    days = [entry["date"] for entry in found["recentActivity"]]
    assert days == sorted(days, reverse=True)
    assert (len(days), days[0], days[-1]) == (20, "2026-03-31", "2026-03-12")
    assert found["totalCompletions"] == 22
    assert found["currentStreakForSystem"] == found["longestStreakForSystem"] == 22


async def test_only_ones_own_systems_are_tasks(factory: Factory) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice)
    stranger = await factory.person("Carol")

    for person in (bob, stranger):
        assert_error(await person.get(f"/tasks/my/{system['id']}"), 404, "system_not_found")
    assert_error(await alice.get("/tasks/my/1"), 422, "validation_failed")
    assert items_of(await bob.get("/tasks/my")) == []
