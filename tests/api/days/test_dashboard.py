"""The first page: the day, the streak, and what waits for somebody."""

from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI

from tests.factories import Factory, Person, end_partnership
from tests.support import FrozenClock, change_rows, count_rows, data_of, items_of, rows

QUERY = {"decision": "queried_by_partner", "query": "Which route?"}


async def dashboard(person: Person, query: str = "") -> dict[str, Any]:
    found: dict[str, Any] = data_of(await person.get(f"/dashboard{query}"))
    return found


async def add_reflection(app: FastAPI, person: Person, day: str) -> str:
    await change_rows(
        app,
        "INSERT INTO reflections (id, user_id, reflection_date_local, content)"
        " VALUES (gen_random_uuid(), :user_id, CAST(CAST(:day AS text) AS date), 'Good.')",
        user_id=person.id,
        day=day,
    )
    (row,) = await rows(app, "SELECT id FROM reflections WHERE user_id = :id", id=person.id)
    return str(row["id"])


async def test_a_new_account_has_an_empty_day(factory: Factory, app: FastAPI) -> None:
    alice = await factory.person("Alice")
    before = await count_rows(app, "notifications", "reflections", "checkins")

    found = await dashboard(alice)

    prompts = found.pop("dailyReflectionPrompts")
    assert found == {
        "userGreetingName": "Alice",
        "date": "2026-03-10",
        "streak": {"currentStreak": 0, "longestStreak": 0},
        "pendingVerificationCount": 0,
        "pendingSystemsCount": 0,
        "unreadNotificationCount": 0,
        "systemsForToday": [],
        "dailyReflection": {"status": "pending", "reflectionId": None},
        "verificationAlerts": [],
    }
    assert prompts
    assert all(prompt.keys() == {"id", "text"} and prompt["text"] for prompt in prompts)
    assert await count_rows(app, "notifications", "reflections", "checkins") == before


async def test_the_greeting_is_a_name_and_never_the_address(factory: Factory, app: FastAPI) -> None:
    alice = await factory.person("Alice", username="alice_w")
    await change_rows(app, "UPDATE users SET name = NULL")
    assert (await dashboard(alice))["userGreetingName"] == "alice_w"

    await change_rows(app, "UPDATE users SET username = NULL")
    assert (await dashboard(alice))["userGreetingName"] == "there"


async def test_a_day_in_the_middle_of_things(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    run = await factory.system(alice, title="Run", targetTimeLocal="07:00")
    read = await factory.system(alice, title="Read", verificationRequired=True)
    await factory.system(alice, title="Write")
    bobs = await factory.system(bob, title="Swim", verificationRequired=True)
    await factory.checkin(alice, run["id"])
    clock.advance(days=1)
    waiting = await factory.checkin(bob, bobs["id"])
    await factory.checkin(alice, read["id"])

    found = await dashboard(alice)

    assert found["date"] == "2026-03-11"
    assert found["streak"] == {"currentStreak": 2, "longestStreak": 2}
    assert found["systemsForToday"] == items_of(await alice.get("/systems/current-schedule"))
    assert [(card["name"], card["status"]) for card in found["systemsForToday"]] == [
        ("Run", "todo"),
        ("Read", "pendingPartnerVerification"),
        ("Write", "todo"),
    ]
    assert found["pendingSystemsCount"] == 2
    assert found["pendingVerificationCount"] == 1
    assert found["unreadNotificationCount"] == 1
    assert found["verificationAlerts"] == [
        {
            "id": waiting["id"],
            "systemId": bobs["id"],
            "systemName": "Swim",
            "message": "Bob asks you to verify 'Swim' of 11 March.",
        }
    ]
    theirs = await dashboard(bob)
    assert theirs["pendingVerificationCount"] == 1
    assert theirs["pendingSystemsCount"] == 0
    assert theirs["unreadNotificationCount"] == 2
    assert [card["name"] for card in theirs["systemsForToday"]] == ["Swim"]


async def test_the_streak_counts_yesterday_as_open_until_noon(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice", timezone="America/Los_Angeles")
    system = await factory.system(alice)
    await factory.checkin(alice, system["id"])  # Tuesday, 02:00
    clock.set(datetime(2026, 3, 12, 18, 59, tzinfo=UTC))  # Thursday, 11:59
    before_noon = await dashboard(alice)
    clock.set(datetime(2026, 3, 12, 19, 0, tzinfo=UTC))
    after_noon = await dashboard(alice)

    assert before_noon["streak"] == {"currentStreak": 1, "longestStreak": 1}
    assert after_noon["streak"] == {"currentStreak": 0, "longestStreak": 1}
    assert before_noon["systemsForToday"][0]["currentStreak"] == 1
    assert after_noon["systemsForToday"][0]["currentStreak"] == 0


async def test_another_date_has_its_own_systems_and_reflection(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice)
    await factory.checkin(alice, system["id"])
    reflection = await add_reflection(app, alice, "2026-03-10")
    done = {"status": "completed", "reflectionId": reflection}
    assert (await dashboard(alice))["dailyReflection"] == done
    assert (await dashboard(bob))["dailyReflection"]["status"] == "pending"
    clock.advance(days=1)

    today, yesterday = await dashboard(alice), await dashboard(alice, "?date=2026-03-10")
    tomorrow = await dashboard(alice, "?date=2026-03-12")

    assert today["dailyReflection"] == {"status": "pending", "reflectionId": None}
    assert yesterday["dailyReflection"] == done
    assert (yesterday["date"], tomorrow["date"]) == ("2026-03-10", "2026-03-12")
    assert yesterday["pendingSystemsCount"] == 0
    assert tomorrow["pendingSystemsCount"] == 1
    assert yesterday["streak"] == today["streak"] == tomorrow["streak"]
    assert yesterday["dailyReflectionPrompts"] != today["dailyReflectionPrompts"]
    assert await dashboard(alice, "?date=") == today


async def test_what_the_partner_asks_comes_before_what_the_partner_waits_for(
    factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    bobs = await factory.system(bob, title="Swim", verificationRequired=True)
    await factory.checkin(bob, bobs["id"])
    clock.advance(minutes=1)
    mine = await factory.system(alice, title="Run", verificationRequired=True)
    checkin = await factory.checkin(alice, mine["id"])
    data_of(await bob.post(f"/verifications/{checkin['id']}/verify", QUERY))

    found = await dashboard(alice)

    assert [alert["message"] for alert in found["verificationAlerts"]] == [
        "Bob asks about 'Run' of 10 March: Which route?",
        "Bob asks you to verify 'Swim' of 10 March.",
    ]
    assert found["pendingVerificationCount"] == 1
    assert found["systemsForToday"][0]["status"] == "queriedByPartner"
    assert (await dashboard(bob))["verificationAlerts"] == []


async def test_a_question_is_remembered_for_three_months(
    factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    mine = await factory.system(alice, verificationRequired=True)
    checkin = await factory.checkin(alice, mine["id"])
    data_of(await bob.post(f"/verifications/{checkin['id']}/verify", QUERY))

    clock.advance(days=91)
    assert len((await dashboard(alice))["verificationAlerts"]) == 1
    clock.advance(days=1)
    assert (await dashboard(alice))["verificationAlerts"] == []


async def test_there_are_at_most_twenty_alerts_the_oldest_first(
    factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    for number in range(25):
        system = await factory.system(bob, title=f"{number:02}", verificationRequired=True)
        await factory.checkin(bob, system["id"])
        clock.advance(seconds=1)

    found = await dashboard(alice)

    names = [alert["systemName"] for alert in found["verificationAlerts"]]
    assert names == [f"{number:02}" for number in range(20)]
    assert found["pendingVerificationCount"] == 25


async def test_read_notifications_do_not_count(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(bob)
    await factory.checkin(bob, system["id"])
    assert (await dashboard(alice))["unreadNotificationCount"] == 1

    await change_rows(app, "UPDATE notifications SET is_read = true, read_at_utc = created_at")

    assert (await dashboard(alice))["unreadNotificationCount"] == 0


async def test_after_the_end_nothing_of_the_other_is_left(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    bobs = await factory.system(bob, title="Bob's secret", verificationRequired=True)
    await factory.checkin(bob, bobs["id"])
    mine = await factory.system(alice, verificationRequired=True)
    checkin = await factory.checkin(alice, mine["id"])
    data_of(await bob.post(f"/verifications/{checkin['id']}/verify", QUERY))

    await end_partnership(app, alice, bob)
    answer = await alice.get("/dashboard")

    found = data_of(answer)
    assert found["verificationAlerts"] == []
    assert found["pendingVerificationCount"] == 0
    assert "secret" not in answer.text
    assert "Which route?" not in answer.text


async def test_at_most_a_hundred_systems_are_shown_and_all_are_counted(
    factory: Factory, app: FastAPI
) -> None:
    alice = await factory.person("Alice")
    await factory.system(alice)
    await change_rows(
        app,
        "WITH made AS (INSERT INTO systems (id, user_id, title, frequency, metric_type)"
        " SELECT gen_random_uuid(), user_id, 'More', frequency, metric_type"
        " FROM systems, generate_series(1, 104) RETURNING id)"
        " INSERT INTO system_schedules (system_id, effective_from, frequency)"
        " SELECT id, date '2026-03-10', 'daily' FROM made",
    )

    found = await dashboard(alice)

    assert len(found["systemsForToday"]) == 100
    assert found["pendingSystemsCount"] == 105


async def test_a_move_over_the_date_line_changes_the_day(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice", timezone="Pacific/Kiritimati")
    system = await factory.system(alice)
    clock.set(datetime(2026, 3, 10, 10, 0, tzinfo=UTC))  # Wednesday, 00:00
    await factory.checkin(alice, system["id"])
    wednesday = await dashboard(alice)

    data_of(await alice.put("/users/me", {"timezone": "Pacific/Pago_Pago"}))
    monday = await dashboard(alice)

    assert (wednesday["date"], wednesday["pendingSystemsCount"]) == ("2026-03-11", 0)
    assert monday["date"] == "2026-03-09"
    assert (await dashboard(alice, "?date=2026-03-11"))["pendingSystemsCount"] == 0
