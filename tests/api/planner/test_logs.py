"""What is logged about the planner: that it was asked and how that ended, and not a word said."""

import json
import logging
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from tests.conftest import MakeApp
from tests.factories import Factory, Person
from tests.fakes.gemini_server import (
    BLOCKED_PROMPT,
    GARBAGE,
    HALF,
    KEY,
    PLAN,
    GeminiServer,
    Reply,
    error,
    gemini_server,
    plan,
    says,
)
from tests.planning import ask
from tests.support import FrozenClock

# Whatever a person or the model says carries this, so that one search finds it in any line.
MARK = "Zebra"
ZEBRA_PLAN = says(PLAN | {"rationale": f"{MARK} runs"})


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    loggers = [logging.getLogger(), logging.getLogger("google"), logging.getLogger("urllib3")]
    before = [(logger, list(logger.handlers), logger.level) for logger in loggers]
    yield
    for logger, handlers, level in before:
        logger.handlers, logger.level = handlers, level


async def say_everything(person: Person, gemini: GeminiServer) -> None:
    replies: list[list[Reply]] = [
        [ZEBRA_PLAN],
        [says(f"{MARK} says hello"), ZEBRA_PLAN],
        [plan(title=MARK * 100), plan(title=MARK * 100)],
        [BLOCKED_PROMPT],
        [GARBAGE],
        [HALF],
        [error(500)],
        [error(400, name="INVALID_ARGUMENT")],
        [error(429, retry_delay="47s")],
    ]
    for answers in replies:
        gemini.reply(*answers)
        await ask(person, f"{MARK} wants to run", obstacles=f"{MARK} is lame")
    assert len(gemini.requests) == sum(len(answers) for answers in replies)


async def test_no_word_of_a_person_or_of_the_model_is_logged_even_when_debugging(
    make_app: MakeApp, clock: FrozenClock, capsys: pytest.CaptureFixture[str]
) -> None:
    async with AsyncExitStack() as stack:
        gemini = await stack.enter_async_context(gemini_server())
        app = await make_app(log_level="DEBUG", gemini_api_key=KEY, gemini_api_endpoint=gemini.url)
        factory = Factory(app, clock, stack)
        alice = await factory.person("Alice")
        await factory.goal(alice, title=f"{MARK} reads")
        capsys.readouterr()

        await say_everything(alice, gemini)

    captured = capsys.readouterr()
    logged = captured.out + captured.err
    lines = [json.loads(line) for line in logged.splitlines()]
    assert MARK not in logged
    assert KEY not in logged
    assert gemini.url not in logged
    asked = [line for line in lines if line["event"] == "request"]
    assert [line["route"] for line in asked] == ["/api/v1/ai-planner/plan-goal"] * 9
    # A wrong key is for operators to mend.
    (alarm,) = [line for line in lines if line["level"] == "error"]
    assert (alarm["event"], alarm["error"]) == ("ai_misconfigured", "ModelMisconfigured")
    assert alarm["user_id"] == str(alice.id)
