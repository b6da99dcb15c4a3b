"""Tasks: own systems on their dates, and the partner's check-ins that wait."""

from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI

from tests.factories import Factory, Person, end_partnership
from tests.pictures import image_of, upload
from tests.support import FrozenClock, assert_error, change_rows, count_rows, data_of, items_of

MINE = "/tasks/my"
QUERY = {"decision": "queried_by_partner", "query": "Which route?"}


async def tasks(person: Person, query: str = "") -> list[dict[str, Any]]:
    return items_of(await person.get(MINE + query))


async def brief(person: Person, query: str = "") -> list[tuple[str, str, str]]:
    return [(task["title"], task["dueDate"], task["status"]) for task in await tasks(person, query)]


async def test_a_system_due_today_is_a_task(factory: Factory, app: FastAPI) -> None:
    alice = await factory.person("Alice")
    goal = await factory.goal(alice, title="Get fit")
    system = await factory.system(alice, goalId=goal["id"], description="Five kilometres.")
    before = await count_rows(app, "checkins", "notifications")

    (task,) = await tasks(alice)

    assert task == {
        "id": f"{system['id']}:2026-03-10",
        "title": "Morning run",
        "type": "system_checkin",
        "status": "todo",
        "dueDate": "2026-03-10",
        "description": "Five kilometres.",
        "checkinId": None,
        "relatedGoal": {"id": goal["id"], "title": "Get fit"},
        "relatedSystem": {"id": system["id"], "title": "Morning run"},
        "requiresImageVerification": False,
        "verificationImageUrl": None,
        "partnerComments": None,
    }
    assert await count_rows(app, "checkins", "notifications") == before


async def test_a_checkin_that_waits_is_a_task_of_both(factory: Factory) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, verificationRequired=True)
    photo = (await upload(alice))["url"]
    checkin = await factory.checkin(alice, system["id"], photoUrl=photo, notes="Wet, but fun.")

    (own,) = await tasks(alice)
    (asked,) = await tasks(bob)

    assert (own["type"], own["status"]) == ("system_checkin", "pendingPartnerVerification")
    assert own["requiresImageVerification"] is True
    assert own["verificationImageUrl"] == photo
    assert asked == {
        "id": checkin["id"],
        "title": "Morning run",
        "type": "partner_verification",
        "status": "awaitingUserVerification",
        "dueDate": "2026-03-10",
        "description": "Wet, but fun.",
        "checkinId": checkin["id"],
        "relatedGoal": None,
        "relatedSystem": {"id": system["id"], "title": "Morning run"},
        "requiresImageVerification": True,
        "verificationImageUrl": asked["verificationImageUrl"],
        "partnerComments": None,
    }
    assert image_of(asked["verificationImageUrl"]) == image_of(photo)


async def test_a_question_is_shown_until_the_verification(factory: Factory) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, verificationRequired=True)
    checkin = await factory.checkin(alice, system["id"])
    data_of(await bob.post(f"/verifications/{checkin['id']}/verify", QUERY))

    (own,) = await tasks(alice)

    assert (own["status"], own["partnerComments"]) == ("queriedByPartner", "Which route?")
    assert own["checkinId"] == checkin["id"]
    assert own["description"] == "Every day"
    assert await tasks(bob) == []


async def test_a_verification_without_notes_says_what_is_asked(factory: Factory) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, verificationRequired=True)
    await factory.checkin(alice, system["id"])

    (asked,) = await tasks(bob)

    assert asked["description"] == "Alice asks you to verify 'Morning run' of 10 March."


@pytest.mark.parametrize(
    ("timezone", "noon"),
    [
        ("UTC", datetime(2026, 3, 11, 12, tzinfo=UTC)),
        ("Pacific/Kiritimati", datetime(2026, 3, 10, 22, tzinfo=UTC)),
        ("America/Los_Angeles", datetime(2026, 3, 11, 19, tzinfo=UTC)),
    ],
)
async def test_yesterday_stays_a_task_until_noon(
    factory: Factory, clock: FrozenClock, timezone: str, noon: datetime
) -> None:
    alice = await factory.person("Alice", timezone=timezone)
    clock.set(datetime(2026, 3, 10, 9, 30, tzinfo=UTC))
    await factory.system(alice)

    clock.set(noon)
    clock.advance(minutes=-1)
    before_noon = await brief(alice)
    clock.advance(minutes=1)
    after_noon = await brief(alice)

    today = ("Morning run", "2026-03-11", "todo")
    assert before_noon == [("Morning run", "2026-03-10", "overdue"), today]
    assert after_noon == [today]
    assert await brief(alice, "?dueDateFrom=2026-03-10") == [
        ("Morning run", "2026-03-10", "missed"),
        today,
    ]


async def test_what_was_done_yesterday_is_no_task_any_more(
    factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    for title in ("done", "skipped", "waiting", "queried"):
        verified = title in ("waiting", "queried")
        system = await factory.system(alice, title=title, verificationRequired=verified)
        status = "skipped" if title == "skipped" else "completed"
        checkin = await factory.checkin(alice, system["id"], status=status)
        if title == "queried":
            data_of(await bob.post(f"/verifications/{checkin['id']}/verify", QUERY))
    assert {(title, status) for title, _, status in await brief(alice)} == {
        ("done", "completed"),
        ("skipped", "skipped"),
        ("waiting", "pendingPartnerVerification"),
        ("queried", "queriedByPartner"),
    }
    clock.set(datetime(2026, 3, 13, 15, tzinfo=UTC))

    mine = await brief(alice, "?status=pending")
    theirs = await brief(bob)

    assert [task for task in mine if task[1] != "2026-03-13"] == [
        ("queried", "2026-03-10", "queriedByPartner")
    ]
    assert theirs == [("waiting", "2026-03-10", "awaitingUserVerification")]


async def test_only_what_was_asked_of_yesterday_is_overdue(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    weekly = {"frequency": "weekly"}
    await factory.system(alice, title="thrice", frequencyDetails={"timesPerWeek": 3}, **weekly)
    await factory.system(alice, title="Tue", frequencyDetails={"daysOfWeek": [1]}, **weekly)
    clock.advance(days=1)

    assert await brief(alice) == [
        ("Tue", "2026-03-10", "overdue"),
        ("thrice", "2026-03-11", "todo"),
    ]
    clock.advance(days=8)
    missed = await brief(alice, "?dueDateFrom=2026-03-10&dueDateTo=2026-03-15")
    assert missed == [
        ("Tue", "2026-03-10", "missed"),
        ("thrice", "2026-03-13", "missed"),
        ("thrice", "2026-03-14", "missed"),
        ("thrice", "2026-03-15", "missed"),
    ]


async def test_off_days_pauses_and_archived_goals_ask_for_nothing(
    factory: Factory, app: FastAPI
) -> None:
    alice = await factory.person("Alice")
    goal = await factory.goal(alice)
    sundays = {"frequency": "weekly", "frequencyDetails": {"daysOfWeek": [6]}}
    off_day = await factory.system(alice, title="off-day", **sundays)
    await factory.system(alice, title="resting", status="paused")
    await factory.system(alice, title="archived", goalId=goal["id"])
    await change_rows(app, "UPDATE goals SET is_archived = true")
    assert await tasks(alice) == []

    await factory.checkin(alice, off_day["id"])

    assert await brief(alice) == [("off-day", "2026-03-10", "completed")]


async def test_what_rests_can_not_be_late(factory: Factory, clock: FrozenClock) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)
    clock.advance(days=1)
    assert [status for *_, status in await brief(alice)] == ["overdue", "todo"]

    data_of(await alice.put(f"/systems/{system['id']}", {"status": "paused"}))
    paused = await brief(alice)
    clock.advance(hours=4)

    assert paused == []
    assert await brief(alice) == []
    assert await brief(alice, "?dueDateFrom=2026-03-10&dueDateTo=2026-03-12") == [
        ("Morning run", "2026-03-10", "missed")
    ]


async def test_a_range_has_every_date_on_which_something_is_due(
    factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, verificationRequired=True)
    await factory.checkin(alice, system["id"])
    clock.set(datetime(2026, 3, 12, 15, tzinfo=UTC))

    assert await brief(alice, "?dueDateFrom=2026-03-09&dueDateTo=2026-03-13") == [
        ("Morning run", "2026-03-10", "pendingPartnerVerification"),
        ("Morning run", "2026-03-11", "missed"),
        ("Morning run", "2026-03-12", "todo"),
        ("Morning run", "2026-03-13", "todo"),
    ]
    assert await brief(alice, "?dueDateTo=2026-03-13&status=todo") == [
        ("Morning run", "2026-03-12", "todo"),
        ("Morning run", "2026-03-13", "todo"),
    ]
    assert len(await brief(bob, "?dueDateFrom=2026-03-10")) == 1
    assert await brief(bob, "?dueDateFrom=2026-03-11") == []
    listed = data_of(await alice.get(f"{MINE}?dueDateFrom=2026-01-01&dueDateTo=2026-04-02"))
    assert listed["pagination"]["totalItems"] == 24


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("dueDateFrom=2026-01-01&dueDateTo=2026-04-03", "dueDateTo"),
        ("dueDateFrom=2026-03-10&dueDateTo=2026-03-09", "dueDateTo"),
        ("dueDateFrom=0001-01-01", "dueDateTo"),
        ("dueDateTo=9999-12-31", "dueDateTo"),
        ("dueDateFrom=soon", "dueDateFrom"),
        ("dueDateTo=2026-02-29", "dueDateTo"),
        ("status=done", "status"),
        ("sortBy=priority", "sortBy"),
        ("limit=101", "limit"),
    ],
)
async def test_a_wrong_question_is_refused_by_name(
    factory: Factory, query: str, field: str
) -> None:
    alice = await factory.person("Alice")

    refused = await alice.get(f"{MINE}?{query}")

    (error,) = assert_error(refused, 422, "validation_failed")["errors"]
    assert error["field"] == field


@pytest.mark.parametrize("query", ["", "dueDateFrom=&dueDateTo=&status=", "status=TODO"])
async def test_blank_filters_are_none_and_case_does_not_matter(
    factory: Factory, query: str
) -> None:
    alice = await factory.person("Alice")
    await factory.system(alice)

    assert await brief(alice, f"?{query}") == [("Morning run", "2026-03-10", "todo")]
    assert await tasks(alice, "?dueDateFrom=9999-12-31") != []
    assert await tasks(alice, "?dueDateTo=0001-01-01") == []


async def test_the_order_is_by_date_then_time_then_title(factory: Factory) -> None:
    alice, bob = await factory.partners()
    for title, at in (("b", None), ("A", None), ("z", "06:00"), ("y", "21:00")):
        await factory.system(alice, title=title, targetTimeLocal=at)
    bobs = await factory.system(bob, title="m", verificationRequired=True)
    await factory.checkin(bob, bobs["id"])

    async def titles(query: str) -> str:
        return "".join(task["title"] for task in await tasks(alice, query))

    assert await titles("") == "zyAbm"
    tomorrow = "?dueDateTo=2026-03-11&sortBy="
    assert await titles(f"{tomorrow}dueDate_asc") == "zyAbmzyAb"
    assert await titles(f"{tomorrow}dueDate_desc") == "zyAbzyAbm"
    assert await titles("?sortBy=title_asc") == "Abmyz"
    assert await titles("?sortBy=title_desc") == "zymbA"
    pages = [await titles(f"?limit=2&page={page}") for page in (1, 2, 3, 4)]
    assert pages == ["zy", "Ab", "m", ""]


async def test_a_partner_elsewhere_asks_for_a_date_of_their_own(
    factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners(timezones=("Pacific/Kiritimati", "Pacific/Pago_Pago"))
    clock.set(datetime(2026, 3, 10, 10, 30, tzinfo=UTC))  # Wednesday; Monday for Bob
    system = await factory.system(alice, verificationRequired=True)
    await factory.checkin(alice, system["id"])

    assert await brief(bob) == [("Morning run", "2026-03-11", "awaitingUserVerification")]
    assert await brief(bob, "?dueDateTo=2026-03-10") == []
    assert len(await brief(bob, "?dueDateTo=2026-03-11")) == 1


async def test_after_a_move_today_is_that_of_the_new_zone(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice", timezone="Asia/Tokyo")
    clock.set(datetime(2026, 3, 10, 16, tzinfo=UTC))  # Wednesday, 01:00 in Tokyo
    system = await factory.system(alice)
    await factory.checkin(alice, system["id"])

    data_of(await alice.put("/users/me", {"timezone": "America/New_York"}))  # Tuesday, 12:00

    assert await tasks(alice) == []  # begun on Wednesday, which is not yet here
    assert await brief(alice, "?dueDateTo=2026-03-11") == [
        ("Morning run", "2026-03-11", "completed")
    ]


async def test_after_the_end_nothing_of_the_other_is_left(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    bobs = await factory.system(bob, title="Bob's secret", verificationRequired=True)
    await factory.checkin(bob, bobs["id"])
    mine = await factory.system(alice, verificationRequired=True)
    checkin = await factory.checkin(alice, mine["id"])
    data_of(await bob.post(f"/verifications/{checkin['id']}/verify", QUERY))

    await end_partnership(app, alice, bob)

    (own,) = await tasks(alice)
    assert own["relatedSystem"]["id"] == mine["id"]
    assert own["partnerComments"] is None
