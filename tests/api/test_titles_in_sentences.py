"""Sentences show titles as they were written, whatever characters these are made of."""

import pytest

from tests.factories import Factory, Person
from tests.support import assert_error, data_of, items_of
from tests.talking import comment, react

TITLES = {
    "family": "Walk 👨‍👩‍👧",
    "apostrophe": 'Bob\'s "long" run',
    "backslash": r"Up\down",
    "no-break space": "5\u00a0km",
}
each_title = pytest.mark.parametrize("title", TITLES.values(), ids=TITLES)


async def told(person: Person) -> set[str]:
    """The messages of all notifications."""
    found = items_of(await person.get("/notifications?limit=100"))
    return {notification["message"] for notification in found}


@each_title
async def test_notifications_show_a_title_as_it_was_written(factory: Factory, title: str) -> None:
    alice, bob = await factory.partners()
    goal = await factory.goal(alice, title=title)
    plain = await factory.system(alice, title=title)
    verified = await factory.system(alice, title=title, verificationRequired=True)

    checkin = await factory.checkin(alice, plain["id"])
    pending = await factory.checkin(alice, verified["id"])
    data_of(await alice.put(f"/goals/{goal['id']}", {"status": "achieved"}))
    verify = f"/verifications/{pending['id']}/verify"
    data_of(await bob.post(verify, {"decision": "queried_by_partner", "query": "Where?"}))
    data_of(await alice.post(f"/checkins/{pending['id']}/resubmit", {}))
    data_of(await bob.post(verify, {"decision": "verified_completed"}))
    await react(bob, "checkin", checkin["id"])
    await comment(bob, "goal", goal["id"])

    assert await told(bob) == {
        f"Alice completed '{title}'.",
        f"Alice asks you to verify '{title}'.",
        f"Alice achieved '{title}'.",
    }
    assert await told(alice) == {
        f"Bob asks about '{title}': Where?",
        f"Bob verified '{title}'.",
        f"Bob reacted to your check-in '{title}'.",
        f"Bob commented on your goal '{title}'.",
    }


@each_title
async def test_the_feed_shows_a_title_as_it_was_written(factory: Factory, title: str) -> None:
    alice, bob = await factory.partners()
    goal = await factory.goal(alice, title=title)
    system = await factory.system(alice, title=title, verificationRequired=True)
    await factory.checkin(alice, system["id"], status="skipped")
    data_of(await alice.put(f"/goals/{goal['id']}", {"status": "achieved"}))

    query = "type=goal_created&type=goal_achieved&type=system_created&type=system_checkin"
    found = items_of(await bob.get(f"/partnerships/partner/activity?{query}"))

    assert sorted(item["message"] for item in found) == [
        f"Alice achieved the goal '{title}'.",
        f"Alice has a new goal: '{title}'.",
        f"Alice has a new system: '{title}'.",
        f"Alice skipped '{title}'.",
    ]


@each_title
async def test_the_dashboard_shows_a_title_as_it_was_written(factory: Factory, title: str) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, title=title, verificationRequired=True)
    await factory.checkin(alice, system["id"])

    (alert,) = data_of(await bob.get("/dashboard"))["verificationAlerts"]

    assert alert["message"].startswith(f"Alice asks you to verify '{title}' of ")


@each_title
async def test_refusals_show_a_title_as_it_was_written(factory: Factory, title: str) -> None:
    alice = await factory.person()
    system = await factory.system(alice, title=title)
    await factory.checkin(alice, system["id"])
    body = {"systemId": system["id"]}

    again = assert_error(await alice.post("/checkins", body), 409, "already_checked_in")
    paused = await factory.system(alice, title=title, status="paused")
    body = {"systemId": paused["id"]}
    refused = assert_error(await alice.post("/checkins", body), 409, "system_not_active")

    assert again["message"].startswith(f"You already checked in for '{title}' on ")
    assert refused["message"].startswith(f"'{title}' is not active. ")
