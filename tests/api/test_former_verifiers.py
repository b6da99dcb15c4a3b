"""What a partner asked and decided is between the two: their successor does not read it."""

from typing import Any

import pytest

from tests.factories import Factory, Person
from tests.support import data_of, items_of

WORDS = "Bob's private words"
ELSEWHERE = ("/tasks/my", "/dashboard", "/partnerships/partner/activity", "/verifications/queue")


async def decided(factory: Factory, decision: str) -> tuple[Person, Person, dict[str, Any]]:
    """Alice, Bob, and the check-in of hers that he decided on before their partnership ended."""
    alice, bob = await factory.partners()
    system = await factory.system(alice, verificationRequired=True)
    checkin = await factory.checkin(alice, system["id"])
    path = f"/verifications/{checkin['id']}/verify"
    data_of(await bob.post(path, {"decision": "queried_by_partner", "query": WORDS}))
    if decision == "verified_completed":
        data_of(await alice.post(f"/checkins/{checkin['id']}/resubmit", {}))
        data_of(await bob.post(path, {"decision": decision}))
    data_of(await bob.post("/partnerships/dissolve"))
    return alice, bob, checkin


async def shown(person: Person, checkin_id: str, *, of_partner: bool) -> list[Any]:
    """The check-in as one reads it everywhere where it is shown."""
    listed = items_of(await person.get("/checkins/partner" if of_partner else "/checkins"))
    return [data_of(await person.get(f"/checkins/{checkin_id}")), *listed]


@pytest.mark.parametrize(
    ("decision", "status"),
    [("queried_by_partner", "completed"), ("verified_completed", "verified_completed")],
)
async def test_the_next_partner_sees_neither_the_words_nor_who_decided(
    decision: str, status: str, factory: Factory
) -> None:
    alice, bob, checkin = await decided(factory, decision)
    carol = await factory.person("Carol")
    await factory.partnership(alice, carol)

    seen = await shown(carol, checkin["id"], of_partner=True)

    assert len(seen) == 2
    for one in seen:
        assert (one["id"], one["status"]) == (checkin["id"], status)
        assert (one["verifierQuery"], one["verifiedByPartnerId"]) == (None, None)
    for path in ELSEWHERE:
        text = (await carol.get(path)).text
        assert WORDS not in text
        assert str(bob.id) not in text


async def test_the_owner_still_reads_what_was_asked_and_by_whom_it_was_verified(
    factory: Factory,
) -> None:
    asked, _, checkin = await decided(factory, "queried_by_partner")
    for one in await shown(asked, checkin["id"], of_partner=False):
        assert one["verifierQuery"] == WORDS
    verified, by, checkin = await decided(factory, "verified_completed")
    for one in await shown(verified, checkin["id"], of_partner=False):
        assert one["verifiedByPartnerId"] == str(by.id)


async def test_a_checkin_that_goes_to_the_next_partner_for_verification_goes_without_the_words(
    factory: Factory,
) -> None:
    alice, _, checkin = await decided(factory, "queried_by_partner")
    carol = await factory.person("Carol")
    await factory.partnership(alice, carol)
    path = f"/checkins/{checkin['id']}"
    data_of(await alice.put(path, {"status": "skipped"}))

    again = data_of(await alice.put(path, {"status": "completed"}))

    assert (again["status"], again["verifierQuery"]) == ("pending_verification", None)
    (waiting,) = items_of(await carol.get("/verifications/queue"))
    assert waiting["verifierQuery"] is None
    for read in (path, *ELSEWHERE):
        assert WORDS not in (await carol.get(read)).text
