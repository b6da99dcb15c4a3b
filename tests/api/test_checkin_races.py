"""Twenty at once: one effect, one notification, no fault."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from fastapi import FastAPI

from tests.factories import Factory
from tests.support import assert_error, data_of, rows

AT_ONCE = 20


@pytest.mark.parametrize("required", [True, False])
async def test_one_of_twenty_checkins_for_one_date_wins(
    factory: Factory, app: FastAPI, required: bool
) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, verificationRequired=required)
    body = {"systemId": system["id"]}

    answers = await asyncio.gather(*(alice.post("/checkins", body) for _ in range(AT_ONCE)))

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: AT_ONCE - 1}
    for answer in answers:
        if answer.status_code == 409:
            assert_error(answer, 409, "already_checked_in")
    (won,) = [data_of(answer, 201) for answer in answers if answer.status_code == 201]
    (row,) = await rows(app, "SELECT * FROM checkins")
    assert str(row["id"]) == won["id"]
    (told,) = await rows(app, "SELECT * FROM notifications")
    assert told["recipient_id"] == bob.id
    assert told["target_id"] == won["id"]


async def test_one_of_twenty_decisions_wins(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, verificationRequired=True)
    checkin = await factory.checkin(alice, system["id"])
    path = f"/verifications/{checkin['id']}/verify"
    verify = {"decision": "verified_completed"}
    ask: dict[str, Any] = {"decision": "queried_by_partner", "query": "Which route?"}

    answers = await asyncio.gather(
        *(bob.post(path, ask if number % 2 else verify) for number in range(AT_ONCE))
    )

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: AT_ONCE - 1}
    for answer in answers:
        if answer.status_code == 409:
            assert_error(answer, 409, "not_awaiting_verification")
    (won,) = [data_of(answer) for answer in answers if answer.status_code == 200]
    (row,) = await rows(app, "SELECT * FROM checkins")
    assert row["status"] == won["status"]
    assert row["verifier_query"] == won["verifierQuery"]
    told = await rows(app, "SELECT * FROM notifications WHERE recipient_id = :id", id=alice.id)
    kinds = {"verified_completed": "checkin_verified", "queried_by_partner": "checkin_queried"}
    assert [row["type"] for row in told] == [kinds[won["status"]]]


async def test_checkins_of_many_systems_at_once_all_succeed(factory: Factory, app: FastAPI) -> None:
    alice, _ = await factory.partners()
    systems = [await factory.system(alice) for _ in range(AT_ONCE)]

    answers = await asyncio.gather(
        *(alice.post("/checkins", {"systemId": system["id"]}) for system in systems)
    )

    assert {answer.status_code for answer in answers} == {201}
    assert len(await rows(app, "SELECT id FROM checkins")) == AT_ONCE
    assert len(await rows(app, "SELECT id FROM notifications")) == AT_ONCE


async def test_one_of_twenty_with_the_same_key_has_an_effect(
    factory: Factory, app: FastAPI
) -> None:
    alice, _ = await factory.partners()
    system = await factory.system(alice)
    body, headers = {"systemId": system["id"]}, {"Idempotency-Key": "the same"}

    answers = await asyncio.gather(
        *(alice.post("/checkins", body, headers=headers) for _ in range(AT_ONCE))
    )

    first = [
        answer
        for answer in answers
        if answer.status_code == 201 and "idempotency-replayed" not in answer.headers
    ]
    assert len(first) == 1
    for answer in answers:
        if answer.status_code == 201:
            assert answer.content == first[0].content
        else:
            assert_error(answer, 409, "request_in_progress")
    assert len(await rows(app, "SELECT id FROM checkins")) == 1
    assert len(await rows(app, "SELECT id FROM notifications")) == 1
