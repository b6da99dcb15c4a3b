"""How often somebody may ask: ten times an hour, thirty times a day, and no fault counts."""

import asyncio

import pytest
from fastapi import FastAPI

from tests.factories import Factory, Person
from tests.fakes.gemini_server import HANGS, GeminiServer, error
from tests.planning import WISH, ask, usage
from tests.support import FrozenClock, assert_error, change_rows, data_of, rows


async def ask_often(person: Person, times: int) -> None:
    for _ in range(times):
        data_of(await ask(person))


async def counters(app: FastAPI) -> dict[str, int]:
    found = await rows(app, "SELECT name, sum(count) AS used FROM rate_limits GROUP BY name")
    return {row["name"]: row["used"] for row in found if row["name"].startswith("ai")}


async def test_after_ten_in_an_hour_nobody_is_asked_until_the_next(
    app: FastAPI, alice: Person, gemini: GeminiServer, clock: FrozenClock
) -> None:
    clock.advance(minutes=20)
    first = await ask(alice)
    assert '"ai";r=9;t=2400' in first.headers["ratelimit"]
    assert '"ai-daily";r=29' in first.headers["ratelimit"]
    assert '"ai";q=10;w=3600' in first.headers["ratelimit-policy"]
    assert '"ai-daily";q=30;w=86400' in first.headers["ratelimit-policy"]
    await ask_often(alice, 8)
    # Both operations count together.
    data_of(await alice.post("/ai-planner/suggest-systems", {"goalTitle": "Run"}))

    for _ in range(3):
        refused = await ask(alice)
        body = assert_error(refused, 429, "rate_limited")
        assert "later" in body["message"]
        assert refused.headers["retry-after"] == "2400"
        assert '"ai";r=0;t=2400' in refused.headers["ratelimit"]
    assert len(gemini.requests) == 10
    assert len(await usage(app)) == 10
    # What was refused was not counted: the day has as many left as before.
    assert await counters(app) == {"ai": 10, "ai-daily": 10}

    clock.advance(minutes=40)
    data_of(await ask(alice))


async def test_after_thirty_on_a_day_nobody_is_asked_until_the_next(
    alice: Person, gemini: GeminiServer, clock: FrozenClock
) -> None:
    for _ in range(3):
        await ask_often(alice, 10)
        clock.advance(hours=1)

    refused = await ask(alice)

    assert_error(refused, 429, "rate_limited")
    assert refused.headers["retry-after"] == str(12 * 3600)  # it is noon
    assert '"ai";r=10' in refused.headers["ratelimit"]
    assert len(gemini.requests) == 30
    clock.advance(hours=12)
    data_of(await ask(alice))


async def test_who_has_used_up_hour_and_day_is_told_to_come_back_the_next_day(
    app: FastAPI, alice: Person, gemini: GeminiServer
) -> None:
    await ask(alice)
    await change_rows(app, "UPDATE rate_limits SET count = CASE name WHEN 'ai' THEN 10 ELSE 30 END")

    refused = await ask(alice)

    assert_error(refused, 429, "rate_limited")
    assert refused.headers["retry-after"] == str(15 * 3600)  # it is nine
    assert '"ai";r=0;t=3600' in refused.headers["ratelimit"]
    assert await counters(app) == {"ai": 10, "ai-daily": 30}
    assert len(gemini.requests) == 1


async def test_what_fails_in_the_next_hour_is_given_back_to_the_hour_it_was_taken_from(
    app: FastAPI, alice: Person, gemini: GeminiServer, clock: FrozenClock
) -> None:
    gemini.always(HANGS)
    clock.advance(minutes=59)
    asking = asyncio.create_task(ask(alice))
    await gemini.hang(1)
    clock.advance(minutes=2)
    gemini.always(error(500))
    gemini.release()

    assert_error(await asking, 502, "ai_unavailable")
    assert await counters(app) == {"ai": 0, "ai-daily": 0}


async def test_everybody_has_a_quota_of_their_own(factory: Factory, gemini: GeminiServer) -> None:
    alice, bob = await factory.partners()
    await ask_often(alice, 10)

    assert_error(await ask(alice), 429, "rate_limited")
    data_of(await ask(bob))


async def test_what_fails_for_a_fault_does_not_count(
    app: FastAPI, alice: Person, gemini: GeminiServer
) -> None:
    gemini.always(error(500))
    for _ in range(12):
        assert_error(await ask(alice), 502, "ai_unavailable")

    assert await counters(app) == {"ai": 0, "ai-daily": 0}


async def test_many_at_once_do_not_get_past_the_quota(
    app: FastAPI, alice: Person, gemini: GeminiServer
) -> None:
    answers = await asyncio.gather(*(ask(alice) for _ in range(15)))

    statuses = [answer.status_code for answer in answers]
    assert statuses.count(200) == 10
    assert statuses.count(429) == 5
    assert len(gemini.requests) == 10
    assert await counters(app) == {"ai": 10, "ai-daily": 10}


async def test_a_repeated_request_gets_the_first_answer_and_costs_nothing(
    app: FastAPI, alice: Person, gemini: GeminiServer
) -> None:
    key = {"Idempotency-Key": "once"}
    first = await ask(alice, headers=key)

    again = await ask(alice, headers=key)

    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    other = await ask(alice, "Something else", headers=key)
    assert_error(other, 422, "idempotency_key_reused")
    assert len(gemini.requests) == 1
    assert await counters(app) == {"ai": 1, "ai-daily": 1}


async def test_of_two_at_once_with_one_key_both_get_the_same_or_one_is_told_to_wait(
    alice: Person, gemini: GeminiServer
) -> None:
    """Both may have asked the model: it is called before the key is claimed."""
    key = {"Idempotency-Key": "once"}
    answers = await asyncio.gather(*(ask(alice, headers=key) for _ in range(4)))

    done = [answer for answer in answers if answer.status_code == 200]
    assert done
    assert all(answer.json() == done[0].json() for answer in done)
    for answer in answers:
        if answer.status_code != 200:
            assert_error(answer, 409, "request_in_progress")


@pytest.mark.parametrize("path", ["plan-goal", "suggest-systems"])
async def test_an_account_that_goes_while_the_model_thinks_leaves_nothing_behind(
    app: FastAPI, alice: Person, gemini: GeminiServer, path: str
) -> None:
    gemini.always(HANGS)
    body = {"userInput": WISH} if path == "plan-goal" else {"goalTitle": "Run"}
    asking = asyncio.create_task(alice.post(f"/ai-planner/{path}", body))
    await gemini.hang(1)
    async with app.state.database.engine.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM users")
    gemini.release()

    assert (await asking).status_code == 200
    assert await usage(app) == []
