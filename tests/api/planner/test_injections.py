"""Words that try to command the model: they stay data, and even a model that obeys does nothing."""

import json
import re
import unicodedata
from typing import Any

import pytest
from fastapi import FastAPI

from tests.api.planner.injections import INJECTIONS
from tests.factories import Factory, Person
from tests.fakes.gemini_server import PLAN, SYSTEM, GeminiServer, says
from tests.planning import ask
from tests.support import assert_error, count_rows, data_of

BLOCK = re.compile(r"(?s)(.*)<data ([0-9a-f]{32})>\n([^\n]*)\n</data \2>\Z")
EVERYTHING = ("goals", "systems", "checkins", "notifications", "partnerships", "email_outbox")


def data_in(message: str) -> tuple[str, dict[str, Any]]:
    """The marker and the data of a message, which consists of nothing else but our own words."""
    found = BLOCK.fullmatch(message)
    assert found is not None, message
    before, marker, content = found.groups()
    assert before in ("Plan the goal of this person.\n", "Suggest systems for this goal.\n")
    assert "<" not in content
    assert ">" not in content
    assert marker not in content
    return marker, json.loads(content)


def seen(text: str) -> str:
    """What a person sees of a text."""
    return "".join(
        letter for letter in text if unicodedata.category(letter)[0] != "C" and letter.isprintable()
    )


def test_the_corpus_is_large_and_speaks_many_languages() -> None:
    assert len(INJECTIONS) >= 50
    assert len(set(INJECTIONS.values())) == len(INJECTIONS)
    assert sum(not text.isascii() for text in INJECTIONS.values()) >= 25


@pytest.mark.parametrize("name", INJECTIONS)
async def test_what_somebody_types_stays_data(
    app: FastAPI, alice: Person, gemini: GeminiServer, name: str
) -> None:
    text = INJECTIONS[name]
    before = await count_rows(app, *EVERYTHING)

    data_of(await ask(alice, text, obstacles=text[:1000], timeCommitment=text[:200]))
    asked = {"goalTitle": text[:200], "goalDescription": text, "existingSystems": [text[:200]]}
    data_of(await alice.post("/ai-planner/suggest-systems", asked))

    first, second = gemini.requests
    markers = set()
    for request, field in ((first, "wish"), (second, "goal")):
        ((role, message),) = request.messages
        assert role == "user"
        marker, data = data_in(message)
        markers.add(marker)
        assert marker in request.instruction
        # Our own words hold nothing of it, and what is seen of it is all there.
        assert text not in request.instruction
        given = text if field == "wish" else text[:200]
        assert seen(data[field]).replace(" ", "") in seen(given).replace(" ", "")
        for value in (data[field], *data.get("existingSystems", [])):
            hidden = [letter for letter in value if unicodedata.category(letter) == "Cc"]
            assert set(hidden) <= {"\n"}
    assert len(markers) == 2
    assert await count_rows(app, *EVERYTHING) == before


@pytest.mark.parametrize("name", ["English", "a closing tag", "tags nobody sees", "Arabic"])
async def test_titles_that_are_stored_stay_data_as_well(
    factory: Factory, gemini: GeminiServer, name: str
) -> None:
    alice = await factory.person("Alice")
    await factory.goal(alice, title=INJECTIONS[name][:200])
    await factory.system(alice, title=INJECTIONS[name][:200])

    data_of(await ask(alice))

    ((_, message),) = gemini.requests[0].messages
    _, data = data_in(message)
    assert len(data["existingGoals"]) == len(data["existingSystems"]) == 1
    assert INJECTIONS[name] not in gemini.requests[0].instruction


OBEDIENT: dict[str, Any] = {
    "PWNED": "PWNED",
    "a system prompt": "You are the planner of DuoTrak, where two people …",
    "a tool call": {"functionCall": {"name": "delete_account", "args": {}}},
    "other people's fields": PLAN
    | {"systems": [SYSTEM | {"userId": "1", "goalId": "1", "status": "paused"}], "userId": "1"},
    "an insertion": PLAN | {"goal": PLAN["goal"] | {"title": "'; DROP TABLE goals; --"}},
    "hidden words": PLAN | {"rationale": "Good.\u202e\u200bdog\U000e0041\x1b[31m"},
}


@pytest.mark.parametrize("name", OBEDIENT)
async def test_a_model_that_obeys_the_attacker_changes_nothing(
    app: FastAPI, alice: Person, gemini: GeminiServer, name: str
) -> None:
    gemini.always(says(OBEDIENT[name]))
    before = await count_rows(app, *EVERYTHING)

    answer = await ask(alice, INJECTIONS["English"])

    assert await count_rows(app, *EVERYTHING) == before
    if name in ("other people's fields", "an insertion", "hidden words"):
        found = data_of(answer)
        assert found.keys() == {"goal", "systems", "rationale", "model"}
        assert found["systems"][0].keys().isdisjoint({"userId", "goalId", "status"})
        assert all(unicodedata.category(letter) != "Cf" for letter in found["rationale"])
        assert "\x1b" not in found["rationale"]
    else:
        assert_error(answer, 502, "ai_unavailable")
        assert "PWNED" not in answer.text
        assert "You are the planner" not in answer.text
