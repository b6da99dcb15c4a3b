"""A model that is away, slow, overloaded, talks nonsense or will not: what people are told."""

import asyncio
from collections.abc import Callable

import pytest
from fastapi import FastAPI

from app.clients.gemini_client import GeminiModel
from tests.factories import Factory, Person
from tests.fakes.gemini_server import (
    BLOCKED_ANSWER,
    BLOCKED_PROMPT,
    GARBAGE,
    HALF,
    HANGS,
    KEY,
    NOTHING,
    PLAN,
    PROHIBITED_CONTENT,
    GeminiServer,
    Reply,
    error,
    plan,
    says,
)
from tests.planning import ask, nothing_was_made, usage
from tests.support import assert_error, data_of, rows

SetTimeout = Callable[[float], None]

OPEN_TRANSACTIONS = """
SELECT state, query FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
"""


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        pytest.param(error(500, name="INTERNAL"), "failed", id="500"),
        pytest.param(Reply(502, b"<html>bad gateway</html>"), "failed", id="502 of a gateway"),
        pytest.param(Reply(504, b""), "failed", id="504 without a word"),
        pytest.param(GARBAGE, "failed", id="garbage"),
        pytest.param(Reply(body=b"[1, 2]"), "failed", id="JSON of another kind"),
        pytest.param(Reply(body=b'{"candidates": "x"}'), "failed", id="a field of another kind"),
        pytest.param(Reply(body=b"\xff\xfe\x00"), "failed", id="bytes"),
        pytest.param(NOTHING, "failed", id="nothing"),
        pytest.param(HALF, "unreachable", id="half a body"),
        pytest.param(error(400, name="INVALID_ARGUMENT"), "misconfigured", id="a wrong key"),
        pytest.param(error(401, name="UNAUTHENTICATED"), "misconfigured", id="401"),
        pytest.param(error(403, name="PERMISSION_DENIED"), "misconfigured", id="403"),
        pytest.param(error(404, name="NOT_FOUND"), "misconfigured", id="an unknown model"),
        pytest.param(Reply(400, b"[]"), "misconfigured", id="an error that is a list"),
        pytest.param(Reply(400, b'{"error": "no"}'), "failed", id="an error that is a word"),
    ],
)
async def test_what_is_no_answer_is_unavailable_and_costs_no_quota(
    app: FastAPI, alice: Person, gemini: GeminiServer, reply: Reply, outcome: str
) -> None:
    gemini.always(reply)

    answer = await ask(alice, headers={"Idempotency-Key": "once"})

    assert_error(answer, 502, "ai_unavailable")
    assert "r=10" in answer.headers["ratelimit"]
    (used,) = await usage(app)
    assert used["outcome"] == outcome
    assert await nothing_was_made(app)
    # The same key asks anew: a fault is not remembered.
    gemini.always(plan())
    data_of(await ask(alice, headers={"Idempotency-Key": "once"}))


async def test_where_nobody_listens_it_is_unavailable(
    app: FastAPI, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await server.wait_closed()
    model = GeminiModel(api_key=KEY, model="m", endpoint=url, slots=1)
    monkeypatch.setitem(app.state._state, "language_model", model)

    assert_error(await ask(alice), 502, "ai_unavailable")
    assert [used["outcome"] for used in await usage(app)] == ["unreachable"]


@pytest.mark.parametrize("status", [429, 503])
async def test_an_overloaded_model_is_asked_once_more_and_then_it_is_busy(
    app: FastAPI, alice: Person, gemini: GeminiServer, status: int
) -> None:
    gemini.reply(error(status, retry_delay="0.01s"), plan())
    data_of(await ask(alice))
    assert len(gemini.requests) == 2

    gemini.always(error(status, retry_delay="0.01s"))
    refused = await ask(alice)

    assert_error(refused, 503, "ai_busy")
    assert int(refused.headers["retry-after"]) >= 1
    assert len(gemini.requests) == 4
    assert {used["outcome"] for used in await usage(app)} == {"succeeded", "overloaded"}


async def test_when_it_asks_for_more_time_than_there_is_nobody_waits(
    alice: Person, gemini: GeminiServer
) -> None:
    gemini.always(error(429, retry_delay="47s"))

    refused = await ask(alice)

    assert_error(refused, 503, "ai_busy")
    assert refused.headers["retry-after"] == "47"
    assert len(gemini.requests) == 1


async def test_a_slow_model_is_given_up_and_no_transaction_is_open_meanwhile(
    app: FastAPI, alice: Person, gemini: GeminiServer, set_timeout: SetTimeout
) -> None:
    set_timeout(1.0)
    gemini.always(HANGS)
    loop = asyncio.get_running_loop()
    began = loop.time()
    asking = asyncio.create_task(ask(alice, headers={"Idempotency-Key": "once"}))

    await gemini.hang(1)
    open_transactions = await rows(app, OPEN_TRANSACTIONS)
    held = app.state.database.engine.pool.checkedout()
    refused = await asking

    assert loop.time() - began < 5  # generous: what matters is that somebody gave up
    assert_error(refused, 503, "ai_busy")
    assert int(refused.headers["retry-after"]) > 0
    assert open_transactions == []
    assert held == 0
    (used,) = await usage(app)
    assert used["outcome"] == "timed_out"
    assert used["latency_ms"] >= 1000
    # It may have been paid for: it counts.
    assert "r=9" in refused.headers["ratelimit"]
    assert await nothing_was_made(app)


async def test_at_most_so_many_ask_at_once_and_the_others_are_told_so_at_once(
    app: FastAPI, factory: Factory, gemini: GeminiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = GeminiModel(api_key=KEY, model="m", endpoint=gemini.url, slots=3)
    monkeypatch.setitem(app.state._state, "language_model", model)
    people = [await factory.person(f"P{number}") for number in range(5)]
    gemini.always(HANGS)
    asking = [asyncio.create_task(ask(person)) for person in people[:3]]
    await gemini.hang(3)

    for person in people[3:]:
        refused = await ask(person)
        assert_error(refused, 503, "ai_busy")
        assert int(refused.headers["retry-after"]) > 0
        assert "r=10" in refused.headers["ratelimit"]
    assert len(gemini.requests) == 3

    gemini.release()
    for answer in await asyncio.gather(*asking):
        data_of(answer)
    gemini.always(plan())
    data_of(await ask(people[3]))  # the slots are free again


async def test_while_twenty_calls_hang_everybody_else_is_served(
    app: FastAPI, factory: Factory, gemini: GeminiServer
) -> None:
    people = [await factory.person(f"P{number}") for number in range(20)]
    gemini.always(HANGS)
    asking = [asyncio.create_task(ask(person)) for person in people]
    await gemini.hang(20)

    answers = await asyncio.gather(
        *(person.get("/users/me") for person in people * 3),
        *(person.post("/goals", {"title": "Run"}) for person in people),
    )

    assert [answer.status_code for answer in answers] == [200] * 60 + [201] * 20
    assert not any(task.done() for task in asking)
    gemini.release()
    for answer in await asyncio.gather(*asking):
        data_of(answer)


async def test_a_slot_is_taken_until_the_call_has_really_ended(
    app: FastAPI,
    factory: Factory,
    gemini: GeminiServer,
    set_timeout: SetTimeout,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its thread outlives the caller's patience by a moment, and then others may ask."""
    set_timeout(0.6)
    model = GeminiModel(api_key=KEY, model="m", endpoint=gemini.url, slots=1)
    monkeypatch.setitem(app.state._state, "language_model", model)
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    gemini.reply(HANGS)

    assert_error(await ask(alice), 503, "ai_busy")

    async with asyncio.timeout(10):
        while (answer := await ask(bob)).status_code != 200:
            assert_error(answer, 503, "ai_busy")
    assert len(gemini.requests) == 2


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(BLOCKED_PROMPT, id="the question"),
        pytest.param(BLOCKED_ANSWER, id="the answer"),
        pytest.param(says(PLAN, finish=PROHIBITED_CONTENT), id="an answer that was begun"),
    ],
)
async def test_what_the_model_will_not_talk_about_is_refused_and_counts(
    app: FastAPI, alice: Person, gemini: GeminiServer, reply: Reply
) -> None:
    gemini.always(reply)

    refused = await ask(alice)

    body = assert_error(refused, 422, "ai_refused")
    assert body["errors"][0]["field"] == "userInput"
    assert len(gemini.requests) == 1
    assert "r=9" in refused.headers["ratelimit"]
    (used,) = await usage(app)
    assert used["outcome"] == "refused"
    assert used["tokens_read"] == 900
    other = await alice.post("/ai-planner/suggest-systems", {"goalTitle": "Run"})
    assert assert_error(other, 422, "ai_refused")["errors"][0]["field"] == "goalTitle"
