"""`Idempotency-Key` on POST /checkins."""

import asyncio
from datetime import timedelta

import pytest
from fastapi import FastAPI, Response

from app.api import routing
from app.api.idempotency import IdempotentRequest, remember_answer
from app.db.session import Session
from tests.factories import Factory
from tests.support import FrozenClock, assert_error, data_of, rows

KEY = {"Idempotency-Key": "5f0c-first try"}


async def test_a_repeated_request_gets_the_first_answer_and_has_no_second_effect(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, _ = await factory.partners()
    body = {"systemId": (await factory.system(alice))["id"]}

    first = await alice.post("/checkins", body, headers=KEY)
    clock.advance(minutes=5)
    second = await alice.post("/checkins", body, headers=KEY)

    assert data_of(first, 201) == data_of(second, 201)
    assert second.content == first.content
    assert second.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert second.headers["content-type"] == first.headers["content-type"]
    assert second.headers["x-request-id"] != first.headers["x-request-id"]
    assert len(await rows(app, "SELECT id FROM checkins")) == 1
    assert len(await rows(app, "SELECT id FROM notifications")) == 1


async def test_the_same_key_with_another_body_is_refused(factory: Factory, app: FastAPI) -> None:
    alice, _ = await factory.partners()
    first, second = await factory.system(alice), await factory.system(alice)
    data_of(await alice.post("/checkins", {"systemId": first["id"]}, headers=KEY), 201)

    for body in (
        {"systemId": second["id"]},
        {"systemId": first["id"], "notes": "Different"},
    ):
        refused = await alice.post("/checkins", body, headers=KEY)
        assert_error(refused, 422, "idempotency_key_reused")
        assert "idempotency-replayed" not in refused.headers

    assert len(await rows(app, "SELECT id FROM checkins")) == 1
    assert len(await rows(app, "SELECT id FROM notifications")) == 1


async def test_a_key_belongs_to_one_user(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    for person in (alice, bob):
        system = await factory.system(person)
        answer = await person.post("/checkins", {"systemId": system["id"]}, headers=KEY)
        assert data_of(answer, 201)["userId"] == str(person.id)
        assert "idempotency-replayed" not in answer.headers

    assert len(await rows(app, "SELECT id FROM checkins")) == 2


async def test_a_key_belongs_to_one_path(factory: Factory) -> None:
    alice = await factory.person("Alice")
    goal, other = await factory.goal(alice), await factory.goal(alice)
    system = {"title": "Run", "frequency": "daily"}

    answers = [
        await alice.post(path, body, headers=KEY)
        for path, body in (
            ("/goals", {"title": "Run"}),
            ("/systems", system),
            (f"/goals/{goal['id']}/systems", system),
            (f"/goals/{other['id']}/systems", system),
        )
    ]

    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({data_of(answer, 201)["id"] for answer in answers}) == 4


async def test_keys_are_compared_exactly(factory: Factory, app: FastAPI) -> None:
    alice = await factory.person("Alice")

    for key in ("key", "KEY", "key ' OR 1=1 --", "k", "x" * 255, "~!"):
        answer = await alice.post("/goals", {"title": key[:200]}, headers={"Idempotency-Key": key})
        assert data_of(answer, 201)["title"] == key[:200]

    assert len(await rows(app, "SELECT id FROM goals")) == 6


async def test_a_refusal_is_stored_and_replayed(factory: Factory, app: FastAPI) -> None:
    alice = await factory.person("Alice")
    body = {"systemId": (await factory.system(alice))["id"]}
    data_of(await alice.post("/checkins", body), 201)
    first = await alice.post("/checkins", body, headers=KEY)
    async with app.state.database.engine.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM checkins")

    second = await alice.post("/checkins", body, headers=KEY)

    assert first.json()["code"] == "already_checked_in"
    assert second.content == first.content
    assert second.status_code == 409
    assert second.headers["idempotency-replayed"] == "true"
    assert await rows(app, "SELECT id FROM checkins") == []


async def test_a_refused_body_does_not_use_the_key_up(factory: Factory) -> None:
    alice = await factory.person("Alice")

    refused = await alice.post("/goals", {"title": ""}, headers=KEY)
    corrected = await alice.post("/goals", {"title": "Run"}, headers=KEY)

    assert_error(refused, 422, "validation_failed")
    assert data_of(corrected, 201)["title"] == "Run"


@pytest.mark.parametrize(
    "key",
    [b"", b"x" * 256, "schlüssel".encode(), b"\xff\xfe", b"tab\tinside", b"   ", b"\x7f"],
)
async def test_an_invalid_key_is_refused_before_anything_happens(
    factory: Factory, app: FastAPI, key: bytes
) -> None:
    alice, _ = await factory.partners()
    body = {"systemId": (await factory.system(alice))["id"]}

    refused = await alice.client.post(
        "/api/v1/checkins", json=body, headers=[(b"Idempotency-Key", key)]
    )

    assert_error(refused, 400, "invalid_idempotency_key")
    assert await rows(app, "SELECT id FROM checkins") == []
    assert await rows(app, "SELECT key FROM idempotency_keys") == []


@pytest.mark.parametrize(
    ("later", "replayed"),
    [
        (timedelta(hours=23, minutes=59, seconds=59), True),
        (timedelta(hours=24), False),
        (timedelta(days=3), False),
    ],
)
async def test_a_key_is_kept_for_a_day(
    factory: Factory, app: FastAPI, clock: FrozenClock, later: timedelta, replayed: bool
) -> None:
    alice = await factory.person("Alice")
    first = await alice.post("/goals", {"title": "Run"}, headers=KEY)
    clock.advance(seconds=later.total_seconds())

    second = await alice.post("/goals", {"title": "Run"}, headers=KEY)
    third = await alice.post("/goals", {"title": "Run"}, headers=KEY)

    assert (second.content == first.content) == replayed
    assert ("idempotency-replayed" in second.headers) == replayed
    assert third.content == second.content
    assert third.headers["idempotency-replayed"] == "true"
    assert len(await rows(app, "SELECT id FROM goals")) == (1 if replayed else 2)


async def test_a_key_on_a_get_is_ignored(factory: Factory, app: FastAPI) -> None:
    alice = await factory.person("Alice")
    before = await alice.get("/goals", headers=KEY)
    await factory.goal(alice)

    after = await alice.get("/goals", headers=KEY)

    assert data_of(before)["items"] == []
    assert len(data_of(after)["items"]) == 1
    assert await rows(app, "SELECT key FROM idempotency_keys") == []


@pytest.mark.parametrize("stored_first", [201, 409])
async def test_a_refusal_never_takes_the_place_of_a_success(
    stored_first: int, factory: Factory, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal lets go of its key before it is stored: by then, the same request may succeed."""
    alice = await factory.person("Alice")
    body = {"systemId": (await factory.system(alice))["id"]}
    in_the_way = data_of(await alice.post("/checkins", body), 201)
    ready, stored = [{201: asyncio.Event(), 409: asyncio.Event()} for _ in range(2)]

    async def in_this_order(
        session: Session, idempotent: IdempotentRequest, response: Response
    ) -> None:
        status = response.status_code
        ready[status].set()
        await ready[201].wait()
        if status != stored_first:
            await stored[stored_first].wait()
        await remember_answer(session, idempotent, response)
        await session.commit()
        stored[status].set()

    monkeypatch.setattr(routing, "remember_answer", in_this_order)
    first = asyncio.create_task(alice.post("/checkins", body, headers=KEY))
    await ready[409].wait()
    assert (await alice.delete(f"/checkins/{in_the_way['id']}")).status_code == 204
    second = data_of(await alice.post("/checkins", body, headers=KEY), 201)
    assert_error(await first, 409, "already_checked_in")

    again = await alice.post("/checkins", body, headers=KEY)

    assert data_of(again, 201) == second
    assert again.headers["idempotency-replayed"] == "true"
    assert len(await rows(app, "SELECT id FROM checkins")) == 1


async def test_too_many_requests_is_no_answer_to_keep(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    for number in range(5):
        invite = {"email": f"{number}@example.com"}
        data_of(await alice.post("/partnerships/invite", invite), 201)
    sixth = {"email": "sixth@example.com"}

    refused = await alice.post("/partnerships/invite", sixth, headers=KEY)
    assert_error(refused, 429, "rate_limited")
    assert await rows(app, "SELECT key FROM idempotency_keys") == []
    clock.advance(seconds=int(refused.headers["retry-after"]))
    after = await alice.post("/partnerships/invite", sixth, headers=KEY)

    assert data_of(after, 201)["partnership"]["inviteEmail"] == sixth["email"]
    assert "idempotency-replayed" not in after.headers
