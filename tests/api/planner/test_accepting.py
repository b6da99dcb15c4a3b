"""Taking a plan: the goal with the chosen systems, all of it or nothing."""

import json
from typing import Any

import pytest
from fastapi import FastAPI

from tests.factories import Factory, Person
from tests.fakes.gemini_server import GeminiServer
from tests.planning import WISH, ask, nothing_was_made
from tests.support import assert_error, count_rows, data_of, items_of

GOAL = {"title": "Run a half marathon", "targetDate": "2026-09-30"}
RUN: dict[str, Any] = {
    "title": "Easy run",
    "frequency": "weekly",
    "frequencyDetails": {"daysOfWeek": [1, 3]},
    "metricType": "duration",
    "targetValue": 30,
}
STRETCH = {"title": "Stretch", "frequency": "daily"}
INPUTS = {"userInput": WISH, "obstacles": "Rain"}
PLAN = {"goal": GOAL, "systems": [RUN, STRETCH], "inputs": INPUTS}


async def accept(person: Person, plan: Any, **options: Any) -> Any:
    return await person.post("/ai-planner/plan-goal/accept", plan, **options)


async def test_a_plan_as_it_was_shown_becomes_a_goal_with_its_systems(
    app: FastAPI, alice: Person, gemini: GeminiServer
) -> None:
    asked = {"obstacles": "Rain", "targetDate": "2026-09-30"}
    plan = data_of(await ask(alice, **asked))

    made = data_of(await accept(alice, plan | {"inputs": {"userInput": WISH} | asked}), 201)

    assert made["title"] == plan["goal"]["title"]
    assert made["status"] == "not_started"
    assert made["aiAssistanceInputs"] == {"userInput": WISH} | asked
    assert {system["title"] for system in made["systems"]} == {"Easy run", "Stretch"}
    assert all(system["goalId"] == made["id"] for system in made["systems"])
    assert all(system["aiAssistanceUsed"] for system in made["systems"])
    kept = json.loads(made["aiAssistedPlan"])
    assert kept.keys() == {"goal", "systems", "rationale", "model"}
    assert (kept["rationale"], kept["model"]) == (plan["rationale"], plan["model"])
    assert [system["title"] for system in kept["systems"]] == ["Easy run", "Stretch"]
    assert kept["systems"][0]["frequencyDetails"] == {"daysOfWeek": [1, 3, 6]}
    assert kept["systems"][0]["targetTimeLocal"] == plan["systems"][0]["targetTimeLocal"] == "07:00"
    # Read again, it is the same; and the schedules apply from today.
    assert data_of(await alice.get(f"/goals/{made['id']}")) == made
    due = {card["name"] for card in items_of(await alice.get("/systems/current-schedule"))}
    assert due == {"Easy run", "Stretch"}
    assert await count_rows(app, "goals", "systems", "system_schedules") == (1, 2, 2)
    assert await count_rows(app, "notifications", "ai_usage") == (0, 1)


async def test_what_was_edited_and_left_out_is_taken_as_it_is_sent(alice: Person) -> None:
    plan = PLAN | {
        "goal": {"title": "Walk", "priority": "low"},
        "systems": [STRETCH | {"aiAssistanceUsed": False}],
    }

    made = data_of(await accept(alice, plan), 201)

    assert (made["title"], made["priority"], made["targetDate"]) == ("Walk", "low", None)
    (system,) = made["systems"]
    assert (system["title"], system["aiAssistanceUsed"]) == ("Stretch", False)
    assert json.loads(made["aiAssistedPlan"])["model"] is None


async def test_a_goal_can_be_taken_without_any_system_and_in_snake_case(alice: Person) -> None:
    plan = {"goal": {"title": "Walk"}, "systems": [], "inputs": {"user_input": WISH}}

    made = data_of(await accept(alice, plan), 201)

    assert made["systems"] == []
    assert made["aiAssistanceInputs"] == {"userInput": WISH}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"systems": [RUN, STRETCH | {"frequency": "monthly"}]}, "systems.1.frequency"),
        ({"systems": [STRETCH | {"goalId": None}]}, "systems.0.goalId"),
        ({"systems": [STRETCH | {"frequencyDetails": {"x": 1}}]}, "systems.0.frequencyDetails"),
        ({"systems": [STRETCH] * 11}, "systems"),
        ({"goal": {"title": ""}}, "goal.title"),
        ({"goal": GOAL | {"userId": "x"}}, "goal.userId"),
        ({"goal": GOAL | {"aiAssistedPlan": "x"}}, "goal.aiAssistedPlan"),
        ({"inputs": {}}, "inputs.userInput"),
        ({"inputs": INPUTS | {"more": "x"}}, "inputs.more"),
        ({"rationale": "x" * 2001}, "rationale"),
        ({"rationale": "nul\u0000"}, "rationale"),
        ({"model": "x" * 101}, "model"),
        ({"userId": "x"}, "userId"),
    ],
)
async def test_if_anything_is_wrong_nothing_is_made(
    app: FastAPI, alice: Person, change: dict[str, Any], field: str
) -> None:
    body = assert_error(await accept(alice, PLAN | change), 422, "validation_failed")

    assert body["errors"][0]["field"] == field
    assert await nothing_was_made(app)


async def test_what_the_database_refuses_leaves_nothing_behind(app: FastAPI, alice: Person) -> None:
    reversed_dates = {"goal": GOAL | {"startDate": "2026-12-01"}}

    assert_error(await accept(alice, PLAN | reversed_dates), 422, "goal_dates_reversed")

    assert await nothing_was_made(app)


async def test_when_the_last_system_cannot_be_written_the_goal_is_not_made_either(
    app: FastAPI, alice: Person
) -> None:
    async with app.state.database.engine.begin() as connection:
        await connection.exec_driver_sql(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN IF NEW.title = 'Stretch' THEN RAISE 'no'; END IF; RETURN NEW; END $$"
        )
        await connection.exec_driver_sql(
            "CREATE TRIGGER refuse BEFORE INSERT ON systems FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    try:
        assert_error(await accept(alice, PLAN), 500, "internal_error")
    finally:
        async with app.state.database.engine.begin() as connection:
            await connection.exec_driver_sql("DROP FUNCTION refuse CASCADE")
    assert await nothing_was_made(app)


async def test_a_repeated_acceptance_makes_one_goal(app: FastAPI, alice: Person) -> None:
    key = {"Idempotency-Key": "once"}
    first = await accept(alice, PLAN, headers=key)

    again = await accept(alice, PLAN, headers=key)

    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert await count_rows(app, "goals", "systems") == (1, 2)


async def test_it_is_the_callers_whoever_the_partner_is(factory: Factory) -> None:
    alice, bob = await factory.partners()

    made = data_of(await accept(alice, PLAN), 201)

    assert items_of(await bob.get("/goals")) == []
    assert data_of(await bob.get(f"/goals/{made['id']}"))["title"] == GOAL["title"]


async def test_what_was_told_to_the_assistant_is_not_shown_to_the_partner(
    factory: Factory, alice: Person
) -> None:
    bob = await factory.person("Bob")
    await factory.partnership(alice, bob)
    goal = data_of(await accept(alice, PLAN), 201)

    seen = data_of(await bob.get(f"/goals/{goal['id']}"))

    assert seen["aiAssistanceInputs"] is None
    assert "Rain" not in str(seen)
    assert seen["aiAssistedPlan"] == goal["aiAssistedPlan"]
    assert data_of(await alice.get(f"/goals/{goal['id']}"))["aiAssistanceInputs"] == INPUTS
