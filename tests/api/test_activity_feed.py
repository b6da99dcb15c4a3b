"""The activity feed: every kind of act, in one order, of the partner only."""

from typing import Any
from uuid import UUID

from fastapi import FastAPI

from tests.factories import Factory, Person
from tests.pictures import image_of, upload
from tests.reflecting import reflect
from tests.support import FrozenClock, change_rows, data_of, items_of

FEED = "/partnerships/partner/activity"
STARTED = "2026-03-10T09:00:00Z"


async def feed(reader: Person, query: str = "") -> list[dict[str, Any]]:
    return items_of(await reader.get(FEED + query))


async def newest(reader: Person) -> dict[str, Any]:
    return (await feed(reader, "?limit=1"))[0]


def is_framed(item: dict[str, Any], actor: Person, row_id: str, target: str) -> bool:
    """Whether what every item has is right: id, actor, target and the content's type."""
    return (
        item["id"] == f"{item['type']}:{row_id}"
        and len(item["id"]) <= 64
        and item["content"]["type"] == item["type"]
        and item["actor"] == {"id": str(actor.id), "name": item["partnerName"], "avatarUrl": None}
        and (item["target"]["type"], item["target"]["id"]) == (target, row_id)
    )


async def test_it_begins_with_the_partnership(factory: Factory) -> None:
    alice, bob = await factory.partners()
    partnership = data_of(await alice.get("/partnerships/current"))
    data_of(await alice.put("/partnerships/current", {"name": "Early birds"}))

    for reader, partner, name in ((alice, bob, "Bob"), (bob, alice, "Alice")):
        (item,) = await feed(reader)
        assert is_framed(item, partner, partnership["id"], "partnership")
        assert item["type"] == "partnership_started"
        assert item["timestamp"] == STARTED
        assert item["title"] == "Partnership started"
        assert item["message"] == f"You and {name} became partners."
        assert item["content"] == {
            "type": "partnership_started",
            "partnershipId": partnership["id"],
            "partnershipName": "Early birds",
        }
        assert (item["reactions"], item["commentsCount"]) == ([], 0)


async def test_a_checkin_shows_what_was_logged(factory: Factory, clock: FrozenClock) -> None:
    alice, bob = await factory.partners()
    goal = await factory.goal(alice)
    system = await factory.system(
        alice, goalId=goal["id"], metricType="pages", targetValue=20, targetUnit="pages"
    )
    photo = await upload(alice)
    clock.advance(minutes=1)
    checkin = await factory.checkin(
        alice, system["id"], metricValueLogged=12.5, notes="Slow.", photoUrl=photo["url"]
    )

    item = await newest(bob)

    assert item["type"] == "system_checkin"
    assert is_framed(item, alice, checkin["id"], "checkin")
    assert item["timestamp"] == "2026-03-10T09:01:00Z"
    assert item["title"] == "Checked in"
    assert item["message"] == "Alice completed 'Morning run'."
    assert item["target"]["name"] == "Morning run"
    assert item["content"] == {
        "type": "system_checkin",
        "checkinId": checkin["id"],
        "systemId": system["id"],
        "systemTitle": "Morning run",
        "goalId": goal["id"],
        "goalTitle": goal["title"],
        "status": "completed",
        "localDate": "2026-03-10",
        "isLate": False,
        "metricType": "pages",
        "metricValueLogged": 12.5,
        "targetValue": 20.0,
        "targetUnit": "pages",
        "notes": "Slow.",
        "photoUrl": item["content"]["photoUrl"],
        "verifierQuery": None,
    }
    assert image_of(item["content"]["photoUrl"]) == image_of(checkin["photoUrl"])


async def test_a_checkin_is_told_as_it_stands(factory: Factory) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, verificationRequired=True)
    checkin = await factory.checkin(alice, system["id"])
    path = f"/verifications/{checkin['id']}/verify"

    async def told() -> tuple[str, str]:
        (item,) = await feed(bob, "?type=system_checkin")
        return item["title"], item["message"]

    assert await told() == (
        "Waiting for your verification",
        "Alice completed 'Morning run' and asks you to verify it.",
    )
    query = {"decision": "queried_by_partner", "query": "Which route?"}
    data_of(await bob.post(path, query))
    assert await told() == (
        "Queried",
        "Alice completed 'Morning run', and you asked about it.",
    )
    (item,) = await feed(bob, "?type=system_checkin")
    assert item["content"]["verifierQuery"] == "Which route?"
    data_of(await alice.post(f"/checkins/{checkin['id']}/resubmit", {}))
    data_of(await bob.post(path, {"decision": "verified_completed"}))
    assert await told() == ("Verified", "Alice completed 'Morning run', and you verified it.")


async def test_a_skip_is_shown_as_a_skip(factory: Factory) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice)
    await factory.checkin(alice, system["id"], status="skipped")

    (item,) = await feed(bob, "?type=system_checkin")

    assert (item["title"], item["message"]) == ("Skipped", "Alice skipped 'Morning run'.")
    assert item["content"]["status"] == "skipped"


async def test_a_goal_is_told_when_it_is_set_and_when_it_is_achieved(
    factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    clock.advance(minutes=1)
    goal = await factory.goal(alice, category="Health", priority="high", targetDate="2026-09-30")
    clock.advance(minutes=1)
    data_of(await alice.put(f"/goals/{goal['id']}", {"status": "achieved", "isArchived": True}))

    achieved, created, _ = await feed(bob)

    assert [item["type"] for item in (achieved, created)] == ["goal_achieved", "goal_created"]
    assert achieved["timestamp"] == "2026-03-10T09:02:00Z"
    assert created["timestamp"] == "2026-03-10T09:01:00Z"
    assert achieved["message"] == "Alice achieved the goal 'Run a half marathon'."
    assert created["message"] == "Alice has a new goal: 'Run a half marathon'."
    for item in (achieved, created):
        assert is_framed(item, alice, goal["id"], "goal")
        assert item["content"] == {
            "type": item["type"],
            "goalId": goal["id"],
            "goalTitle": "Run a half marathon",
            "description": None,
            "category": "Health",
            "priority": "high",
            "status": "achieved",
            "targetDate": "2026-09-30",
            "isArchived": True,
        }
    data_of(await alice.put(f"/goals/{goal['id']}", {"status": "in_progress"}))
    assert [item["type"] for item in await feed(bob)] == ["goal_created", "partnership_started"]


async def test_a_new_system_is_told_with_its_schedule(factory: Factory, clock: FrozenClock) -> None:
    alice, bob = await factory.partners()
    clock.advance(minutes=1)
    system = await factory.system(
        alice,
        title="Read",
        frequency="weekly",
        frequencyDetails={"daysOfWeek": [0, 2]},
        targetTimeLocal="07:00",
    )

    item = await newest(bob)

    assert is_framed(item, alice, system["id"], "system")
    assert item["message"] == "Alice has a new system: 'Read'."
    assert item["content"] == {
        "type": "system_created",
        "systemId": system["id"],
        "systemTitle": "Read",
        "description": system["description"],
        "goalId": None,
        "goalTitle": None,
        "frequency": "weekly",
        "scheduleDescription": "Mon, Wed at 07:00",
    }


async def test_a_reflection_is_told_with_its_words(factory: Factory, clock: FrozenClock) -> None:
    alice, bob = await factory.partners()
    clock.advance(minutes=1)
    reflection = await reflect(alice, promptId="proud_of", date="2026-03-09")

    item = await newest(bob)

    assert is_framed(item, alice, reflection["id"], "reflection")
    assert item["message"] == "Alice reflected on 09 March 2026."
    assert item["timestamp"] == "2026-03-10T09:01:00Z"
    assert item["content"] == {
        "type": "reflection_added",
        "reflectionId": reflection["id"],
        "reflectionDateLocal": "2026-03-09",
        "reflectionContent": "It rained, I went.",
        "promptId": "proud_of",
        "promptText": reflection["promptText"],
    }


async def test_the_first_and_the_last_date_of_the_calendar_are_told(factory: Factory) -> None:
    alice, bob = await factory.partners()
    await factory.goal(alice, title="infinity", targetDate="9999-12-31")
    await reflect(alice, date="0001-01-01", reflectionContent="-infinity")

    found = {item["type"]: item["content"] for item in await feed(bob)}

    assert found["goal_created"]["targetDate"] == "9999-12-31"
    assert found["goal_created"]["goalTitle"] == "infinity"
    assert found["reflection_added"]["reflectionDateLocal"] == "0001-01-01"
    assert found["reflection_added"]["reflectionContent"] == "-infinity"


async def test_a_streak_milestone_is_told(factory: Factory, clock: FrozenClock) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice)
    for _ in range(3):
        await factory.checkin(alice, system["id"])
        clock.advance(days=1)

    (item,) = await feed(bob, "?type=streak_milestone")

    assert is_framed(item, alice, item["content"]["milestoneId"], "streak_milestone")
    assert item["title"] == "3 days in a row"
    assert item["message"] == "Alice reached a streak of 3 days."
    assert item["timestamp"] == "2026-03-12T09:00:00Z"
    assert item["content"]["streakLength"] == 3
    assert item["content"]["localDate"] == "2026-03-12"
    assert await feed(alice, "?type=streak_milestone") == []


async def test_reactions_and_comments_of_the_two_are_counted(factory: Factory) -> None:
    alice, bob = await factory.partners()
    goal = await factory.goal(alice)
    system = await factory.system(alice)
    checkin = await factory.checkin(alice, system["id"])
    reflection = await reflect(alice)
    for kind, target in (("goal", goal), ("checkin", checkin), ("reflection", reflection)):
        about = f"/comments?targetType={kind}&targetId={target['id']}"
        for person in (alice, bob):
            data_of(await person.post(about, {"textContent": "Well."}), 201)
    for kind, target in (("checkin", checkin), ("reflection", reflection)):
        data_of(await bob.put(f"/reactions/{kind}/{target['id']}", {"emoji": "👏"}))

    found = {item["type"]: item for item in await feed(bob)}

    counts = {kind: (len(item["reactions"]), item["commentsCount"]) for kind, item in found.items()}
    assert counts == {
        "system_checkin": (1, 2),
        "reflection_added": (1, 2),
        "goal_created": (0, 2),
        "system_created": (0, 0),
        "partnership_started": (0, 0),
    }
    for kind in ("system_checkin", "reflection_added"):
        assert found[kind]["reactions"] == [
            {"emoji": "👏", "count": 1, "userIds": [str(bob.id)], "reactedByMe": True}
        ]


async def test_a_partner_without_a_name_is_called_so(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    await change_rows(app, "UPDATE users SET name = NULL WHERE id = :id", id=alice.id)

    (item,) = await feed(bob)

    assert item["partnerName"] == "Your partner"
    assert item["actor"]["name"] is None


async def test_a_reply_names_an_item(factory: Factory) -> None:
    _, bob = await factory.partners()
    item = await newest(bob)

    reply = {"textContent": "Here we go!", "replyToActivityId": item["id"]}
    message = data_of(await bob.post("/messages", reply), 201)

    assert message["replyingTo"]["activityId"] == item["id"]
    assert UUID(item["id"].partition(":")[2])
