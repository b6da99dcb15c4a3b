"""Changes of a check-in against decisions, the end of the partnership and each other.

What holds is read from the database. `DUOTRAK_RACE_ROUNDS=50` runs as many rounds of each race.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.conftest import MakeApp
from tests.factories import Factory, Person
from tests.support import FrozenClock, assert_error, data_of, rows

ROUNDS = int(os.environ.get("DUOTRAK_RACE_ROUNDS", "5"))
AT_ONCE = 20
VERIFY = {"decision": "verified_completed"}
ASK = {"decision": "queried_by_partner", "query": "Which route was it?"}

Act = Coroutine[Any, Any, httpx.Response]


@pytest.fixture
async def app(make_app: MakeApp) -> FastAPI:
    """With a connection for each request: none waits for another before they meet."""
    return await make_app(database_pool_size=AT_ONCE + 5)


@pytest.fixture
async def factory(app: FastAPI, clock: FrozenClock) -> AsyncIterator[Factory]:
    async with AsyncExitStack() as stack:
        yield Factory(app, clock, stack)


async def at_once(seed: int, *acts: Act) -> list[httpx.Response]:
    """The answers in the order of the acts, which begin in another order every round."""
    order = list(range(len(acts)))
    random.Random(seed).shuffle(order)
    answers = dict(zip(order, await asyncio.gather(*(acts[place] for place in order)), strict=True))
    in_order = [answers[place] for place in range(len(acts))]
    assert all(answer.status_code < 500 for answer in in_order), [a.text for a in in_order]
    return in_order


async def decide(person: Person, checkin_id: str, decision: Any, reads: int) -> httpx.Response:
    """Decide a little later: a change takes longer, and they shall meet."""
    for _ in range(reads):
        await person.get("/users/me")
    return await person.post(f"/verifications/{checkin_id}/verify", decision)


def won(answers: list[httpx.Response], code: str, *, also: tuple[int, str] | None = None) -> int:
    """How many succeeded; all others were refused with 409 and this code, or with `also`."""
    for answer in answers:
        if also is not None and answer.status_code == also[0]:
            assert_error(answer, *also)
        elif answer.status_code >= 300:
            assert_error(answer, 409, code)
    return sum(answer.status_code < 300 for answer in answers)


async def pending(factory: Factory, owner: Person, **fields: Any) -> str:
    system = await factory.system(owner, verificationRequired=True)
    return str((await factory.checkin(owner, system["id"], **fields))["id"])


async def stored(app: FastAPI, checkin_id: str) -> Any:
    found = await rows(app, "SELECT * FROM checkins WHERE id = :id", id=checkin_id)
    return found[0] if found else None


async def told(app: FastAPI, person: Person) -> Counter[str]:
    sql = "SELECT type FROM notifications WHERE recipient_id = :id"
    return Counter(row["type"] for row in await rows(app, sql, id=person.id))


async def assert_nothing_waits_after_the_end(app: FastAPI) -> None:
    stuck = await rows(
        app,
        "SELECT c.id FROM checkins c LEFT JOIN partnerships p ON p.id = c.partnership_id"
        " WHERE c.status IN ('pending_verification', 'queried_by_partner')"
        " AND p.status IS DISTINCT FROM 'active'",
    )
    assert stuck == []


@pytest.mark.parametrize("change", ["notes", "skip"])
async def test_what_was_verified_is_what_is_stored(
    factory: Factory, app: FastAPI, change: str
) -> None:
    alice, bob = await factory.partners()
    verifications = 0
    for turn in range(ROUNDS):
        checkin = await pending(factory, alice)
        bodies: list[dict[str, Any]] = [
            {"notes": f"Edit {n}"} if change == "notes" else {"status": "skipped"}
            for n in range(AT_ONCE // 2)
        ]

        answers = await at_once(
            turn,
            *(alice.patch(f"/checkins/{checkin}", body) for body in bodies),
            *(decide(bob, checkin, VERIFY, turn % 10 + n) for n in range(AT_ONCE - len(bodies))),
        )

        edits, decisions = answers[: len(bodies)], answers[len(bodies) :]
        edited, verified = won(edits, "checkin_locked"), won(decisions, "not_awaiting_verification")
        row = await stored(app, checkin)
        verifications += verified
        if change == "notes" or verified:
            assert verified == 1
            (seen,) = [data_of(answer) for answer in decisions if answer.status_code == 200]
            assert (row["status"], row["notes"]) == ("verified_completed", seen["notes"])
            assert row["verified_by_partner_id"] == bob.id
        else:
            assert (row["status"], row["verified_by_partner_id"]) == ("skipped", None)
            assert edited == len(bodies)
        if change == "skip":
            assert verified == 0 or edited == 0
    assert (await told(app, alice))["checkin_verified"] == verifications
    assert (await told(app, bob))["verification_requested"] == ROUNDS


async def test_every_question_that_an_edit_answers_is_asked_anew(
    factory: Factory, app: FastAPI
) -> None:
    for turn in range(ROUNDS):
        alice, bob = await factory.partners()
        checkin = await pending(factory, alice)
        half = AT_ONCE // 2

        answers = await at_once(
            turn,
            *(alice.patch(f"/checkins/{checkin}", {"notes": f"Edit {n}"}) for n in range(half)),
            *(decide(bob, checkin, ASK, turn % 5 + 2 * n) for n in range(half)),
        )

        assert won(answers[:half], "checkin_locked") == half
        questions = won(answers[half:], "not_awaiting_verification")
        row = await stored(app, checkin)
        waits = row["status"] == "pending_verification"
        assert waits or row["status"] == "queried_by_partner"
        assert (await told(app, alice))["checkin_queried"] == questions
        assert (await told(app, bob))["verification_requested"] == questions + waits


async def test_a_checkin_is_deleted_or_verified_but_not_both(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    verifications = 0
    for turn in range(ROUNDS):
        checkin = await pending(factory, alice)
        half = AT_ONCE // 2

        answers = await at_once(
            turn,
            *(alice.delete(f"/checkins/{checkin}") for _ in range(half)),
            *(decide(bob, checkin, VERIFY, turn % 10 + n) for n in range(half)),
        )

        gone = (404, "checkin_not_found")
        deleted = won(answers[:half], "checkin_locked", also=gone)
        verified = won(answers[half:], "not_awaiting_verification", also=gone)
        assert deleted + verified == 1
        row = await stored(app, checkin)
        assert (row["status"] if row else None) == ("verified_completed" if verified else None)
        verifications += verified
    assert (await told(app, alice))["checkin_verified"] == verifications


async def test_a_question_is_answered_once_however_it_is_answered(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    for turn in range(ROUNDS):
        checkin = await pending(factory, alice)
        data_of(await bob.post(f"/verifications/{checkin}/verify", ASK))
        half = AT_ONCE // 2

        answers = await at_once(
            turn,
            *(alice.post(f"/checkins/{checkin}/resubmit", {"notes": "a"}) for _ in range(half)),
            *(alice.put(f"/checkins/{checkin}", {"notes": "b"}) for _ in range(half)),
        )

        assert won(answers[:half], "not_queried") <= 1
        assert won(answers[half:], "checkin_locked") == half
        row = await stored(app, checkin)
        assert row["status"] == "pending_verification"
        assert (await told(app, bob))["verification_requested"] == 2 * (turn + 1)


async def test_nothing_waits_when_resubmissions_meet_the_end(
    factory: Factory, app: FastAPI
) -> None:
    for turn in range(ROUNDS):
        alice, bob = await factory.partners()
        checkins = [await pending(factory, alice) for _ in range(4)]
        for checkin in checkins:
            data_of(await bob.post(f"/verifications/{checkin}/verify", ASK))

        *answers, ended = await at_once(
            turn,
            *(
                alice.post(f"/checkins/{checkins[n % 4]}/resubmit", {"notes": "Long"})
                for n in range(AT_ONCE - 1)
            ),
            (alice, bob)[turn % 2].post("/partnerships/dissolve"),
        )

        assert ended.status_code == 200
        assert won(answers, "not_queried") <= len(checkins)
        await assert_nothing_waits_after_the_end(app)
        for checkin in checkins:
            row = await stored(app, checkin)
            assert (row["status"], row["verifier_query"]) == ("completed", ASK["query"])


async def test_nothing_waits_when_skips_are_completed_at_the_end(
    factory: Factory, app: FastAPI
) -> None:
    for turn in range(ROUNDS):
        alice, bob = await factory.partners()
        skips = [await pending(factory, alice, status="skipped") for _ in range(6)]

        *answers, ended = await at_once(
            turn,
            *(alice.put(f"/checkins/{skip}", {"status": "completed"}) for skip in skips * 3),
            (alice, bob)[turn % 2].post("/partnerships/dissolve"),
        )

        assert ended.status_code == 200
        assert won(answers, "checkin_locked") == len(answers)
        await assert_nothing_waits_after_the_end(app)
        for skip in skips:
            assert (await stored(app, skip))["status"] == "completed"
        asked = (await told(app, bob))["verification_requested"]
        in_partnership = [s for s in skips if (await stored(app, s))["partnership_id"]]
        # Only while there was a partner somebody was asked, once for each.
        assert asked <= len(in_partnership)


async def test_edits_of_different_fields_are_all_kept(factory: Factory, app: FastAPI) -> None:
    alice, _ = await factory.partners()
    system = await factory.system(alice, metricType="counter", verificationRequired=True)
    for turn in range(ROUNDS):
        made = await factory.checkin(alice, system["id"], metricValueLogged=1, notes="First")
        path = f"/checkins/{made['id']}"

        answers = await at_once(
            turn,
            *(alice.patch(path, {"notes": f"Edit {n}"}) for n in range(AT_ONCE // 2)),
            *(alice.patch(path, {"metricValueLogged": n + 2}) for n in range(AT_ONCE // 2)),
        )

        assert won(answers, "checkin_locked") == AT_ONCE
        row = await stored(app, made["id"])
        assert row["notes"].startswith("Edit ")
        assert row["metric_value_logged"] >= 2
        assert (await alice.delete(path)).status_code == 204


async def test_opposite_edits_leave_one_of_the_two_states(factory: Factory, app: FastAPI) -> None:
    alice, _ = await factory.partners()
    system = await factory.system(alice, metricType="counter", verificationRequired=True)
    for turn in range(ROUNDS):
        made = await factory.checkin(alice, system["id"], metricValueLogged=1)
        path = f"/checkins/{made['id']}"
        bodies: list[dict[str, Any]] = [
            {"status": "skipped"},
            {"status": "completed", "metricValueLogged": 5},
        ]

        answers = await at_once(turn, *(alice.put(path, body) for body in bodies * (AT_ONCE // 2)))

        assert won(answers, "checkin_locked") == AT_ONCE
        row = await stored(app, made["id"])
        assert (row["status"], row["metric_value_logged"]) in (
            ("skipped", None),
            ("pending_verification", 5.0),
        )
        assert (await alice.delete(path)).status_code == 204
    assert await told(app, alice) == Counter()


async def test_a_date_is_free_for_one_after_deletion(factory: Factory, app: FastAPI) -> None:
    alice, _ = await factory.partners()
    system = await factory.system(alice)
    for turn in range(ROUNDS):
        made = await factory.checkin(alice, system["id"])

        answers = await at_once(
            turn,
            alice.delete(f"/checkins/{made['id']}"),
            *(alice.post("/checkins", {"systemId": system["id"]}) for _ in range(AT_ONCE - 1)),
        )

        assert answers[0].status_code == 204
        again = won(answers[1:], "already_checked_in")
        left = await rows(app, "SELECT id FROM checkins")
        assert len(left) == again <= 1
        for row in left:
            assert (await alice.delete(f"/checkins/{row['id']}")).status_code == 204
