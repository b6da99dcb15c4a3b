"""Answers of the model that do not fit: asked for once more, and never passed on."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI

from tests.factories import Person
from tests.fakes.gemini_server import (
    HANGS,
    OTHER,
    PLAN,
    RECITATION,
    SYSTEM,
    TRUNCATED,
    GeminiServer,
    Reply,
    plan,
    says,
)
from tests.planning import ask, nothing_was_made, usage
from tests.support import assert_error, data_of

PAST = PLAN | {"goal": PLAN["goal"] | {"targetDate": "2026-03-10"}}


def with_system(**changes: Any) -> Any:
    return PLAN | {"systems": [SYSTEM | changes]}


NONSENSE: dict[str, tuple[Reply, str]] = {
    "words": (says("Sure! Here is your plan."), "json"),
    "no text": (says(""), "json"),
    "a recitation": (says("", finish=RECITATION), "json"),
    "another reason": (says("", finish=OTHER), "json"),
    "a reason from the future": (says("", finish=99), "json"),
    "a list": (says([PLAN]), "object"),
    "no goal": (says({"systems": [SYSTEM]}), "goal: field required"),
    "no systems": (says(PLAN | {"systems": []}), "systems: list should have at least 1 item"),
    "a date that is over": (says(PAST), "goal.targetdate: must be after today"),
    "a date out of reach": (plan(targetDate="3026-01-01"), "goal.targetdate: must be within"),
    "a date that is none": (plan(targetDate="in May"), "goal.targetdate: "),
    "a title without end": (plan(title="x" * 201), "goal.title: "),
    "a blank title": (plan(title=" \u200b "), "goal.title: "),
    "a priority of its own": (plan(priority="urgent"), "goal.priority: "),
    "an unknown frequency": (says(with_system(frequency="monthly")), "systems.0.frequency: "),
    "a day that is none": (says(with_system(daysOfWeek=[7])), "systems.0.frequencydetails: each"),
    "the same day twice": (says(with_system(daysOfWeek=[1, 1])), "systems.0.frequencydetails: "),
    "days and times": (says(with_system(timesPerWeek=3)), "systems.0.frequencydetails: give"),
    "weekly without days": (says(with_system(daysOfWeek=[])), "systems.0.frequencydetails: a w"),
    "daily with days": (says(with_system(frequency="daily")), "systems.0.frequencydetails: a d"),
    "a value of nothing": (says(with_system(metricType="binary")), "systems.0.targetvalue: "),
    "a negative value": (says(with_system(targetValue=-1)), "systems.0.targetvalue: "),
    "a time that is none": (says(with_system(targetTime="dawn")), "systems.0.targettimelocal: "),
    "a time elsewhere": (says(with_system(targetTime="07:00Z")), "systems.0.targettimelocal: "),
    "cut off": (TRUNCATED, "cut off"),
}


@pytest.mark.parametrize("name", NONSENSE)
async def test_an_answer_that_does_not_fit_is_asked_for_once_more_with_what_is_wrong(
    app: FastAPI, alice: Person, gemini: GeminiServer, name: str
) -> None:
    reply, problem = NONSENSE[name]
    gemini.reply(reply, plan())

    found = data_of(await ask(alice))

    assert found["goal"] == PLAN["goal"]
    first, second = gemini.requests
    assert second.messages[0] == first.messages[0]
    assert [role for role, _ in second.messages] == ["user", "model", "user"]
    assert problem in second.messages[2][1].lower()
    (used,) = await usage(app)
    assert used["outcome"] == "repaired"
    assert used["tokens_read"] == 1800  # both were paid for


@pytest.mark.parametrize("name", NONSENSE)
async def test_nonsense_twice_is_unavailable_and_counts(
    app: FastAPI, alice: Person, gemini: GeminiServer, name: str
) -> None:
    gemini.always(NONSENSE[name][0])

    answer = await ask(alice)

    assert_error(answer, 502, "ai_unavailable")
    assert len(gemini.requests) == 2
    assert "r=9" in answer.headers["ratelimit"]
    assert [used["outcome"] for used in await usage(app)] == ["unusable"]
    assert await nothing_was_made(app)


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(says(f"```json\n{json.dumps(PLAN)}\n```"), id="a fence"),
        pytest.param(says(PLAN | {"more": 1, "goal": PLAN["goal"] | {"id": 7}}), id="more fields"),
        pytest.param(says(PLAN, finish=99), id="an end for a reason from the future"),
        pytest.param(says(with_system(targetValue=0, targetUnit="")), id="zeros for nulls"),
    ],
)
async def test_what_is_harmless_is_overlooked(
    alice: Person, gemini: GeminiServer, reply: Reply
) -> None:
    gemini.always(reply)

    assert data_of(await ask(alice))["goal"] == PLAN["goal"]
    assert len(gemini.requests) == 1


async def test_if_the_second_answer_takes_too_long_it_was_all_in_vain(
    app: FastAPI, alice: Person, gemini: GeminiServer, set_timeout: Callable[[float], None]
) -> None:
    set_timeout(1.0)
    gemini.reply(says("Sure!"), HANGS)

    assert_error(await ask(alice), 503, "ai_busy")

    (used,) = await usage(app)
    assert (used["outcome"], used["tokens_read"]) == ("timed_out", 900)
