"""The planner of local mode: rules instead of a model, and everything after it as in earnest."""

from datetime import date

import pytest
from fastapi import FastAPI

from tests.factories import Factory
from tests.planning import ask, usage
from tests.support import data_of


@pytest.mark.parametrize(
    ("wish", "category"),
    [
        ("I want to run a half marathon.", "Health"),
        ("Learning Spanish before the summer", "Learning"),
        ("Save some money for a bike", "Money"),
        ("Endlich das Zimmer streichen", "Personal"),
        ("🏡", "Personal"),
        ("x" * 2000, "Personal"),
        ("\u0000".join(["a", "b"]).replace("\u0000", "\n"), "Personal"),
    ],
)
async def test_any_wish_becomes_a_plan_that_can_be_accepted(
    app: FastAPI, factory: Factory, wish: str, category: str
) -> None:
    alice = await factory.person("Alice", timezone="Asia/Tokyo")

    plan = data_of(await ask(alice, wish))

    assert plan["model"] == "local-sample"
    assert plan["goal"]["category"] == category
    assert date.fromisoformat(plan["goal"]["targetDate"]) > date(2026, 3, 10)
    assert 1 <= len(plan["systems"]) <= 3
    assert data_of(await ask(alice, wish)) == plan  # the same every time
    accepted = plan | {"inputs": {"userInput": wish}}
    made = data_of(await alice.post("/ai-planner/plan-goal/accept", accepted), 201)
    assert len(made["systems"]) == len(plan["systems"])
    assert {used["model"] for used in await usage(app)} == {"local-sample"}


async def test_suggestions_leave_out_what_is_done_already(factory: Factory) -> None:
    alice = await factory.person("Alice")
    asked = {"goalTitle": "Run a marathon", "count": 6}
    first = data_of(await alice.post("/ai-planner/suggest-systems", asked))["systems"]
    done = [suggestion["title"] for suggestion in first[:2]]
    await factory.system(alice, title=done[0])
    asked |= {"existingSystems": done[1:]}

    second = data_of(await alice.post("/ai-planner/suggest-systems", asked))["systems"]

    assert [item["title"] for item in second] == [item["title"] for item in first[2:]]


async def test_the_date_that_somebody_wants_is_kept(factory: Factory) -> None:
    alice = await factory.person("Alice")

    plan = data_of(await ask(alice, targetDate="2027-01-01"))

    assert plan["goal"]["targetDate"] == "2027-01-01"
