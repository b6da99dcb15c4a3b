"""Asking for a plan and for systems: what is said to the model, and what comes of it."""

import json
from datetime import date
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.api.planner.conftest import MODEL
from tests.conftest import MakeApp, client_of
from tests.factories import Factory, Person
from tests.fakes.gemini_server import (
    PLAN,
    STRETCH,
    SYSTEM,
    GeminiServer,
    plan,
    says,
)
from tests.planning import WISH, ask, nothing_was_made, usage
from tests.support import FrozenClock, assert_error, count_rows, data_of

TODAY = date(2026, 3, 10)


async def test_a_wish_becomes_a_goal_with_systems_and_nothing_is_stored_but_usage(
    app: FastAPI, alice: Person, gemini: GeminiServer
) -> None:
    answer = await ask(alice)

    found = data_of(answer)
    assert found == {
        "goal": PLAN["goal"],
        "systems": [
            {
                "title": "Easy run",
                "description": "Slow enough to talk.",
                "frequency": "weekly",
                "frequencyDetails": {"daysOfWeek": [1, 3, 6]},
                "metricType": "duration",
                "targetValue": 30.0,
                "targetUnit": "minutes",
                "targetTimeLocal": "07:00",
                "verificationRequired": False,
                "checkinReminder": False,
                "reminderTimeLocal": None,
                "aiAssistanceUsed": True,
            },
            {
                "title": "Stretch",
                "description": "Slow enough to talk.",
                "frequency": "daily",
                "frequencyDetails": None,
                "metricType": "binary",
                "targetValue": None,
                "targetUnit": None,
                "targetTimeLocal": None,
                "verificationRequired": False,
                "checkinReminder": False,
                "reminderTimeLocal": None,
                "aiAssistanceUsed": True,
            },
        ],
        "rationale": PLAN["rationale"],
        "model": MODEL,
    }
    assert len(gemini.requests) == 1
    assert gemini.requests[0].model == MODEL
    assert await nothing_was_made(app)
    (used,) = await usage(app)
    assert used["user_id"] == alice.id
    assert (used["operation"], used["outcome"]) == ("plan_goal", "succeeded")
    assert (used["model"], used["prompt_version"]) == (MODEL, "plan-goal-1")
    # Thoughts are written, too.
    assert (used["tokens_read"], used["tokens_written"]) == (900, 500)
    assert 0 <= used["latency_ms"] < 20_000


async def test_every_suggestion_is_a_body_that_makes_a_system(
    app: FastAPI, alice: Person, gemini: GeminiServer
) -> None:
    by_count = SYSTEM | {"title": "Read", "daysOfWeek": None, "timesPerWeek": 3}
    gemini.reply(says({"systems": [SYSTEM, STRETCH, by_count]}))
    asked = {"goalTitle": "Run"}

    found = data_of(await alice.post("/ai-planner/suggest-systems", asked))

    assert found["model"] == MODEL
    assert await count_rows(app, "systems") == (0,)
    for suggestion in found["systems"]:
        made = data_of(await alice.post("/systems", suggestion), 201)
        assert made["aiAssistanceUsed"] is True
        assert made["title"] == suggestion["title"]
    assert [item["frequencyDetails"] for item in found["systems"]] == [
        {"daysOfWeek": [1, 3, 6]},
        None,
        {"timesPerWeek": 3},
    ]


async def test_the_model_is_told_of_the_wish_the_date_and_the_callers_own_titles_only(
    factory: Factory, gemini: GeminiServer, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners(timezones=("Asia/Tokyo", "UTC"))
    await factory.goal(alice, title="Alice reads", description="Alice's private words")
    await factory.goal(alice, title="Alice has arrived", status="achieved")
    await factory.system(alice, title="Alice stretches")
    await factory.system(alice, title="Alice has paused", status="paused")
    await factory.goal(bob, title="Bob's goal")
    await factory.system(bob, title="Bob's system")
    clock.advance(hours=7)  # it is Wednesday in Tokyo by now

    data_of(await ask(alice, obstacles="Rain", timeCommitment="Evenings", target_date="2026-09-01"))

    (request,) = gemini.requests
    ((_, message),) = request.messages
    data = json.loads(message.splitlines()[2])
    assert data == {
        "wish": WISH,
        "obstacles": "Rain",
        "time": "Evenings",
        "existingGoals": ["Alice reads"],
        "existingSystems": ["Alice stretches"],
    }
    assert "Today is Wednesday, 2026-03-11" in request.instruction
    assert "2026-09-01" in request.instruction
    sent = json.dumps(request.body)
    for hidden in ("Bob", "private words", alice.email, str(alice.id)):
        assert hidden not in sent


async def test_of_many_titles_only_the_newest_are_sent(
    factory: Factory, alice: Person, gemini: GeminiServer, clock: FrozenClock
) -> None:
    for number in range(23):
        clock.advance(seconds=1)
        await factory.goal(alice, title=f"Goal {number}")

    data_of(await ask(alice))

    data = json.loads(gemini.requests[0].messages[0][1].splitlines()[2])
    assert data["existingGoals"] == [f"Goal {number}" for number in range(22, 2, -1)]
    assert "existingSystems" not in data


async def test_the_date_that_somebody_wants_is_kept_whatever_the_model_says(
    alice: Person, gemini: GeminiServer
) -> None:
    gemini.reply(plan(targetDate="2019-01-01"))

    found = data_of(await ask(alice, targetDate="2026-12-24"))

    assert found["goal"]["targetDate"] == "2026-12-24"
    assert len(gemini.requests) == 1


@pytest.mark.parametrize("day", ["2026-03-10", "2026-03-09", "1999-12-31"])
async def test_a_target_date_that_is_not_after_today_is_refused_before_anybody_is_asked(
    app: FastAPI, alice: Person, gemini: GeminiServer, day: str
) -> None:
    body = assert_error(await ask(alice, targetDate=day), 422, "validation_failed")

    assert body["errors"][0]["field"] == "targetDate"
    assert gemini.requests == []
    assert await count_rows(app, "ai_usage", "rate_limits") == (0, 0)


async def test_today_is_the_callers(factory: Factory, gemini: GeminiServer) -> None:
    """09:00 UTC on the 10th is the 9th in Midway and the 10th in Kiritimati's neighbourhood."""
    west = await factory.person("Wes", timezone="Pacific/Midway")

    assert_error(await ask(west, targetDate="2026-03-09"), 422, "validation_failed")
    data_of(await ask(west, targetDate="2026-03-10"))
    assert len(gemini.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"userInput": ""},
        {"userInput": "   "},
        {"userInput": "\u200b\u2060"},
        {"userInput": "x" * 2001},
        {"userInput": "nul\u0000"},
        {"userInput": WISH, "obstacles": "x" * 1001},
        {"userInput": WISH, "timeCommitment": "x" * 201},
        {"userInput": WISH, "targetDate": "soon"},
        {"userInput": WISH, "systemPrompt": "Obey."},
        {"userInput": WISH, "model": "another"},
        {"userInput": ["a", "list"]},
    ],
)
async def test_what_is_no_wish_is_refused_and_nobody_is_asked(
    app: FastAPI, alice: Person, gemini: GeminiServer, body: dict[str, Any]
) -> None:
    assert_error(await alice.post("/ai-planner/plan-goal", body), 422, "validation_failed")
    assert gemini.requests == []
    assert await count_rows(app, "ai_usage", "rate_limits") == (0, 0)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"goalTitle": ""},
        {"goalTitle": "Run", "count": 0},
        {"goalTitle": "Run", "count": 7},
        {"goalTitle": "Run", "existingSystems": ["x"] * 31},
        {"goalTitle": "Run", "existingSystems": ["x" * 201]},
        {"goalTitle": "Run", "goalId": "1"},
    ],
)
async def test_what_is_no_goal_is_refused_and_nobody_is_asked(
    alice: Person, gemini: GeminiServer, body: dict[str, Any]
) -> None:
    assert_error(await alice.post("/ai-planner/suggest-systems", body), 422, "validation_failed")
    assert gemini.requests == []


async def test_no_more_systems_come_back_than_were_asked_for_and_none_twice(
    alice: Person, gemini: GeminiServer
) -> None:
    many = [SYSTEM | {"title": f"System {number}"} for number in range(5)]
    gemini.reply(says({"systems": [many[0], many[0] | {"title": "SYSTEM 0"}, *many]}))
    asked = {"goal_title": "Run", "count": 2, "existing_systems": ["Swim"]}

    found = data_of(await alice.post("/ai-planner/suggest-systems", asked))

    assert [item["title"] for item in found["systems"]] == ["System 0", "System 1"]
    message = gemini.requests[0].messages[0][1]
    assert json.loads(message.splitlines()[2])["existingSystems"] == ["Swim"]
    assert "Give 2 different systems" in gemini.requests[0].instruction


@pytest.mark.parametrize("count", [None, ""])
async def test_without_a_count_it_is_three(
    alice: Person, gemini: GeminiServer, count: str | None
) -> None:
    asked = {"goalTitle": "Run", "count": count, "existingSystems": None}

    data_of(await alice.post("/ai-planner/suggest-systems", asked))

    assert "Give 3 different systems" in gemini.requests[0].instruction


async def test_without_a_model_it_is_not_configured_and_no_quota_is_used(
    app: FastAPI, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.state._state, "language_model", None)

    answers = [await ask(alice)]
    answers.append(await alice.post("/ai-planner/suggest-systems", {"goalTitle": "Run"}))
    for answer in answers:
        assert_error(answer, 503, "ai_not_configured")
        assert int(answer.headers["retry-after"]) > 0
    assert await count_rows(app, "ai_usage", "rate_limits") == (0, 0)


async def test_a_key_in_the_settings_is_what_makes_it_gemini(make_app: MakeApp) -> None:
    with_key = await make_app(gemini_api_key="k", gemini_model="models/gemini-x")
    without = await make_app()
    elsewhere = await make_app(supabase_url="https://project.supabase.co")

    assert with_key.state.language_model.name == "gemini-x"
    assert without.state.language_model.name == "local-sample"
    assert elsewhere.state.language_model is None


async def test_nobody_asks_without_a_token(app: FastAPI, gemini: GeminiServer) -> None:
    client: httpx.AsyncClient
    async with client_of(app) as client:
        for path in ("plan-goal", "suggest-systems", "plan-goal/accept"):
            answer = await client.post(f"/api/v1/ai-planner/{path}", json={"userInput": WISH})
            assert_error(answer, 401, "not_authenticated")
    assert gemini.requests == []
