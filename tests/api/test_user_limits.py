"""Limits of signed-in users, over all processes: 120 writes a minute, 60 uploads an hour, …"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import httpx
import pytest
from fastapi import FastAPI

from app.core.rate_limits import UPLOADS, WRITES
from tests.conftest import MakeApp, client_of, empty, running_app, settings_for
from tests.factories import API, Factory, Person
from tests.pictures import picture, send
from tests.support import FrozenClock, assert_error, change_rows, count_rows, data_of, rows

THEME = "/users/me/theme-preference"


@pytest.fixture(scope="module")
async def _limiting_app(
    make_database: Callable[[], str], _session_clock: FrozenClock
) -> AsyncIterator[FastAPI]:
    settings = settings_for(make_database(), rate_limits=True)
    async with running_app(settings, _session_clock) as app:
        yield app


@pytest.fixture
async def app(_limiting_app: FastAPI, clock: FrozenClock) -> FastAPI:
    await empty(_limiting_app.state.database.engine)
    return _limiting_app


async def write(person: Person, theme: str = "dark") -> httpx.Response:
    return await person.put(THEME, {"theme": theme})


async def statuses(person: Person, times: int) -> Counter[int]:
    """Of that many writes, one after the other."""
    return Counter([(await write(person)).status_code for _ in range(times)])


async def counted(app: FastAPI, name: str) -> list[int]:
    found = await rows(app, "SELECT count FROM rate_limits WHERE name = :name", name=name)
    return [row["count"] for row in found]


def seen_by(app: FastAPI, person: Person) -> Person:
    """The same person at another process."""
    headers = {"Authorization": f"Bearer {person.token}"}
    return Person(person.id, person.email, person.token, client_of(app, headers=headers))


async def test_the_121st_write_in_a_minute_is_refused_and_changes_nothing(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    clock.advance(seconds=20)
    assert await statuses(alice, 120) == {200: 120}

    refused = await write(alice, "light")

    body = assert_error(refused, 429, "rate_limited")
    assert body["message"].startswith("Too many requests")
    assert refused.headers["retry-after"] == "40"
    assert refused.headers["ratelimit-policy"] == '"writes";q=120;w=60'
    assert refused.headers["ratelimit"] == '"writes";r=0;t=40'
    assert data_of(await alice.get("/users/me"))["themePreference"] == "dark"


async def test_the_next_minute_starts_anew(factory: Factory, clock: FrozenClock) -> None:
    alice = await factory.person("Alice")
    assert await statuses(alice, 121) == {200: 120, 429: 1}
    clock.advance(seconds=60)

    assert (await write(alice)).headers["ratelimit"] == '"writes";r=119;t=60'


async def test_reading_and_other_people_are_not_limited(factory: Factory) -> None:
    alice, bob = await factory.partners()
    await statuses(alice, 120)
    assert (await write(alice)).status_code == 429

    read = await alice.get("/users/me")

    data_of(read)
    assert "ratelimit" not in read.headers
    assert (await write(bob)).headers["ratelimit"] == '"writes";r=119;t=60'


async def test_every_answer_to_a_write_says_what_is_left(factory: Factory) -> None:
    alice = await factory.person("Alice")
    goal = await factory.goal(alice)  # the first one
    key = {"Idempotency-Key": "once"}

    answers = [
        await alice.post("/goals", {"title": "Read"}, headers=key),
        await alice.post("/goals", {"title": "Read"}, headers=key),
        await alice.post("/goals", {"title": "Another body"}, headers=key),
        await alice.patch(f"/goals/{goal['id']}", {"title": "Walk"}),
        await alice.delete(f"/goals/{goal['id']}"),
        await alice.delete(f"/goals/{goal['id']}"),
        await alice.post("/goals", {"unknown": 1}),
        await alice.client.post(API + "/goals", content=b"{", headers={"Content-Type": "text/a"}),
    ]

    told = [(answer.status_code, answer.headers["ratelimit"]) for answer in answers]
    expected = [201, 201, 422, 200, 204, 404, 422, 415]
    assert told == [
        (status, f'"writes";r={118 - number};t=60') for number, status in enumerate(expected)
    ]
    assert answers[1].headers["idempotency-replayed"] == "true"


async def test_writes_at_the_same_time_are_counted_one_by_one(factory: Factory) -> None:
    alice = await factory.person("Alice")

    answers = await asyncio.gather(*(write(alice) for _ in range(150)))

    assert Counter(answer.status_code for answer in answers) == {200: 120, 429: 30}


async def test_few_writes_leave_no_counter_and_many_are_counted_by_the_ten(
    app: FastAPI, factory: Factory
) -> None:
    alice = await factory.person("Alice")
    found = []
    for times in (9, 1, 9, 1, 69, 1, 1, 1):
        await statuses(alice, times)
        found.append(await counted(app, "writes"))

    assert found == [[], [10], [10], [20], [80], [90], [91], [92]]


async def test_another_process_and_a_restarted_one_know_what_was_counted(
    app: FastAPI, factory: Factory, make_app: MakeApp
) -> None:
    alice = await factory.person("Alice")
    await statuses(alice, 120)
    url = app.state.settings.database_url.get_secret_value()
    restarted = await make_app(database_url=url, rate_limits=True)
    async with seen_by(restarted, alice).client:
        assert_error(await write(seen_by(restarted, alice)), 429, "rate_limited")


async def test_two_processes_let_no_more_than_nine_writes_too_many_pass(
    app: FastAPI, factory: Factory, make_app: MakeApp, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    url = app.state.settings.database_url.get_secret_value()
    other = seen_by(await make_app(database_url=url, rate_limits=True), alice)
    async with other.client:
        assert (await write(other)).status_code == 200
        clock.advance(minutes=1)
        uneven = await statuses(alice, 150) + await statuses(other, 50)

    assert uneven[200] == WRITES.quota + 9


async def test_two_processes_in_turn_are_exact(
    app: FastAPI, factory: Factory, make_app: MakeApp, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    url = app.state.settings.database_url.get_secret_value()
    other = seen_by(await make_app(database_url=url, rate_limits=True), alice)
    async with other.client:
        assert (await write(other)).status_code == 200
        clock.advance(minutes=1)
        answers = [
            (await write(person)).status_code for _ in range(70) for person in (alice, other)
        ]

    assert Counter(answers) == {200: 120, 429: 20}
    assert set(answers[120:]) == {429}


async def test_a_write_that_cannot_be_counted_is_not_done(
    make_app: MakeApp, clock: FrozenClock
) -> None:
    app = await make_app(rate_limits=True)
    async with AsyncExitStack() as stack:
        alice = await Factory(app, clock, stack).person("Alice")
        await change_rows(app, "ALTER TABLE rate_limits RENAME TO away")

        assert_error(await write(alice, "dark"), 500, "internal_error")

        assert data_of(await alice.get("/users/me"))["themePreference"] == "system"


async def test_the_61st_upload_in_an_hour_is_refused_and_stores_nothing(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    first = await send(alice, picture())
    assert first.headers["ratelimit-policy"] == '"writes";q=120;w=60, "uploads";q=60;w=3600'
    assert first.headers["ratelimit"] == '"writes";r=119;t=60, "uploads";r=59;t=3600'
    await change_rows(
        app, "UPDATE rate_limits SET count = :quota WHERE name = 'uploads'", quota=UPLOADS.quota
    )
    clock.advance(minutes=10)

    for refused in (
        await send(alice, picture()),
        await send(alice, picture(), path="/users/me/avatar", purpose=None),
    ):
        assert_error(refused, 429, "rate_limited")
        assert refused.headers["retry-after"] == "3000"
        assert '"uploads";r=0;t=3000' in refused.headers["ratelimit"]
    assert await count_rows(app, "uploads") == (1,)
    assert (await write(alice)).status_code == 200

    clock.advance(minutes=50)
    data_of(await send(alice, picture()), 201)


async def test_the_11th_export_in_an_hour_is_refused_and_reading_goes_on(
    factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    clock.advance(minutes=20)
    for left in reversed(range(10)):
        answer = await alice.get("/users/me/export")
        assert answer.status_code == 200
        assert answer.headers["ratelimit"] == f'"exports";r={left};t=2400'
    assert answer.headers["ratelimit-policy"] == '"exports";q=10;w=3600'

    refused = await alice.get("/users/me/export")

    assert_error(refused, 429, "rate_limited")
    assert refused.headers["retry-after"] == "2400"
    data_of(await alice.get("/users/me"))
    assert (await bob.get("/users/me/export")).status_code == 200
    clock.advance(minutes=40)
    assert (await alice.get("/users/me/export")).status_code == 200


async def test_limits_can_be_switched_off(make_app: MakeApp, clock: FrozenClock) -> None:
    app = await make_app(rate_limits=False)
    async with AsyncExitStack() as stack:
        alice = await Factory(app, clock, stack).person("Alice")

        assert await statuses(alice, 121) == {200: 121}
        assert "ratelimit" not in (await write(alice)).headers

    assert await counted(app, "writes") == []
