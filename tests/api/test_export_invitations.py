"""Invitations in the export of the invited person: there for as long as they wait."""

from typing import Any

import pytest
from fastapi import FastAPI

from app.jobs.sweeps import expire_invitations
from tests.factories import Factory, Person
from tests.jobs.scanning import run
from tests.support import FrozenClock, data_of


async def received(person: Person) -> list[Any]:
    answer = await person.get("/users/me/export")
    assert answer.status_code == 200, answer.text
    invitations: list[Any] = answer.json()["invitationsReceived"]
    return invitations


@pytest.mark.parametrize("end", ["accepted", "declined", "withdrawn", "expired", "parted"])
async def test_an_invitation_is_the_inviteds_data_until_it_is_answered_or_over(
    end: str, app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    sent = data_of(await alice.post("/partnerships/invite", {"email": bob.email}), 201)
    invitation = f"/partnerships/invitations/{sent['partnership']['id']}"
    assert [item["user1Id"] for item in await received(bob)] == [str(alice.id)]
    assert await received(alice) == []

    match end:
        case "accepted" | "parted":
            data_of(await bob.post(f"{invitation}/accept"))
            if end == "parted":
                data_of(await bob.post("/partnerships/dissolve"))
        case "declined":
            assert (await bob.post(f"{invitation}/decline")).is_success
        case "withdrawn":
            assert (await alice.delete(invitation)).status_code == 204
        case "expired":
            clock.advance(days=7)
            assert await run(app, expire_invitations) == 1

    assert await received(bob) == []
    assert await received(alice) == []
