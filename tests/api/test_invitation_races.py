"""Many at once: one accept for an invitation, one active partnership for a person.

What holds is read from the database. `DUOTRAK_RACE_ROUNDS=50` runs as many rounds of each race.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from app.crud.crud_invitation import InvitationCrud
from app.crud.crud_partnership import PartnershipCrud
from tests.api.test_partnerships import accept, invited
from tests.conftest import MakeApp
from tests.factories import Factory, Person
from tests.support import RACE_ROUNDS as ROUNDS
from tests.support import FrozenClock, assert_error, data_of, items_of, rows

AT_ONCE = 20
POOL = AT_ONCE + 5

STATES = """
    SELECT count(*) FILTER (WHERE status = 'active') AS active,
           count(*) FILTER (WHERE status = 'pending_invite') AS pending
    FROM partnerships
"""
# Every person in every active partnership, beside what the person's own row says.
MEMBERS = """
    SELECT u.id, u.current_partnership_id, p.id AS partnership_id
    FROM users u LEFT JOIN partnerships p
    ON p.status = 'active' AND u.id IN (p.user1_id, p.user2_id)
"""
TOLD = "SELECT recipient_id FROM notifications WHERE type = 'partnership_accepted'"


@pytest.fixture
async def app(make_app: MakeApp) -> FastAPI:
    """With a connection for each request: none waits for another before they meet."""
    return await make_app(database_pool_size=POOL)


@pytest.fixture
async def factory(app: FastAPI, clock: FrozenClock) -> AsyncIterator[Factory]:
    async with AsyncExitStack() as stack:
        yield Factory(app, clock, stack)


async def at_once(*acts: tuple[Person, str]) -> list[httpx.Response]:
    """Everybody accepts; each answer is a success or a plain refusal, never a fault."""
    answers = await asyncio.gather(*(accept(person, token) for person, token in acts))
    for answer in answers:
        if answer.status_code != 200:
            code = {404: "invite_not_found", 409: "already_partnered"}[answer.status_code]
            assert_error(answer, answer.status_code, code)
    return answers


def successes(answers: list[httpx.Response]) -> list[str]:
    return [data_of(answer)["id"] for answer in answers if answer.status_code == 200]


async def assert_one_partnership_each(app: FastAPI, accepted: list[str]) -> None:
    """What was answered is what is stored, on both sides, and each success was told once."""
    members = await rows(app, MEMBERS)
    assert all(row["current_partnership_id"] == row["partnership_id"] for row in members)
    assert max(Counter(row["id"] for row in members).values()) == 1
    active = Counter(str(row["partnership_id"]) for row in members if row["partnership_id"])
    assert active == dict.fromkeys(accepted, 2)
    assert len(await rows(app, TOLD)) == len(accepted)


async def test_an_invitation_is_accepted_once(factory: Factory, app: FastAPI) -> None:
    accepted: list[str] = []
    for _ in range(ROUNDS):
        alice, bob = await factory.person("Alice"), await factory.person("Bob")
        token = await invited(alice, bob.email)

        answers = await at_once(*[(bob, token)] * AT_ONCE)

        assert Counter(answer.status_code for answer in answers) == {200: 1, 404: AT_ONCE - 1}
        accepted += successes(answers)
        (told,) = items_of(await alice.get("/notifications"))
        assert told["type"] == "partnership_accepted"
    await assert_one_partnership_each(app, accepted)


async def test_two_invitations_to_one_person_make_one_partnership(
    factory: Factory, app: FastAPI
) -> None:
    accepted: list[str] = []
    for _ in range(ROUNDS):
        alice, bob, carol = [await factory.person(name) for name in ("Alice", "Bob", "Carol")]
        tokens = [await invited(alice, bob.email), await invited(carol, bob.email)]

        answers = await at_once(*[(bob, token) for token in tokens] * 5)

        assert len(successes(answers)) == 1
        accepted += successes(answers)
    await assert_one_partnership_each(app, accepted)


async def test_two_who_invited_each_other_and_both_accept_become_partners_once(
    factory: Factory, app: FastAPI
) -> None:
    accepted: list[str] = []
    for _ in range(ROUNDS):
        alice, bob = await factory.person("Alice"), await factory.person("Bob")
        to_bob, to_alice = await invited(alice, bob.email), await invited(bob, alice.email)

        answers = await at_once(*[(bob, to_bob), (alice, to_alice)] * 5)

        assert len(successes(answers)) == 1
        accepted += successes(answers)
    await assert_one_partnership_each(app, accepted)
    (states,) = await rows(app, STATES)
    assert (states["active"], states["pending"]) == (ROUNDS, 0)


async def test_a_ring_of_invitations_leaves_nobody_with_two_partners(
    factory: Factory, app: FastAPI
) -> None:
    accepted: list[str] = []
    for _ in range(ROUNDS):
        ring = [await factory.person(f"P{number}") for number in range(6)]
        followers = ring[1:] + ring[:1]
        tokens = [
            await invited(person, follower.email)
            for person, follower in zip(ring, followers, strict=True)
        ]

        answers = await at_once(*zip(followers, tokens, strict=True))

        assert 2 <= len(successes(answers)) <= 3
        accepted += successes(answers)
    await assert_one_partnership_each(app, accepted)


async def test_an_invitation_that_is_renewed_while_it_is_accepted_is_one_or_the_other(
    factory: Factory, app: FastAPI
) -> None:
    accepted: list[str] = []
    for _ in range(ROUNDS):
        alice, bob = await factory.person("Alice"), await factory.person("Bob")
        token = await invited(alice, bob.email)

        renewed, *answers = await asyncio.gather(
            alice.post("/partnerships/invite", {"email": bob.email}),
            *(accept(bob, token) for _ in range(5)),
        )

        won = successes(answers)
        if renewed.status_code == 201:
            assert won == []
        else:
            assert_error(renewed, 409, "already_partnered")
            assert len(won) == 1
        accepted += won
    await assert_one_partnership_each(app, accepted)


async def test_invitations_sent_at_once_are_one_that_works(factory: Factory, app: FastAPI) -> None:
    for _ in range(ROUNDS):
        alice, bob = await factory.person("Alice"), await factory.person("Bob")

        sent = await asyncio.gather(
            *(alice.post("/partnerships/invite", {"email": bob.email}) for _ in range(AT_ONCE))
        )

        statuses = Counter(answer.status_code for answer in sent)
        assert statuses == {201: 5, 429: AT_ONCE - 5}
        mine = await rows(app, "SELECT status FROM partnerships WHERE user1_id = :id", id=alice.id)
        assert [row["status"] for row in mine] == ["pending_invite"]
        emails = "SELECT id FROM email_outbox WHERE to_email = :email AND status = 'pending'"
        assert len(await rows(app, emails, email=bob.email)) == 1


@pytest.mark.parametrize("act", ["invite", "setup"])
async def test_an_invitation_that_is_renewed_while_it_is_marked_as_expired_works(
    act: str, factory: Factory, app: FastAPI, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    await invited(alice, bob.email)
    clock.advance(days=8)
    get_open_of = PartnershipCrud.get_open_of
    marked: list[int] = []

    async def and_then_the_sweep_runs(self: PartnershipCrud, inviter_id: UUID) -> Any:
        partnership = await get_open_of(self, inviter_id)
        async with app.state.database.session() as session:
            found = await InvitationCrud(session).mark_all_expired(now=clock.now(), at_most=9)
        marked.append(found)
        return partnership

    monkeypatch.setattr(PartnershipCrud, "get_open_of", and_then_the_sweep_runs)
    if act == "setup":
        data_of(await alice.post("/partnerships/setup", {"name": "Early birds"}), 201)
        monkeypatch.undo()
    token = await invited(alice, bob.email)

    assert marked == [0], "it is locked, and left to the next run"
    assert data_of(await accept(bob, token))["partner"]["id"] == str(alice.id)
    (states,) = await rows(app, STATES)
    assert (states["active"], states["pending"]) == (1, 0)
