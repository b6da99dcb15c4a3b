"""E-mails of invitations: limited, told, and not sent once they lead nowhere."""

import pytest
from fastapi import FastAPI

from app.clients.resend_client import Refusal
from tests.api.test_account_deletion import ask_to_delete
from tests.factories import Factory
from tests.jobs.delivering import Recorder, refused
from tests.jobs.working import deliver_due
from tests.support import FrozenClock, assert_error, change_rows, data_of, emails_to, rows, token_in


async def statuses(app: FastAPI) -> list[str]:
    found = await rows(app, "SELECT status FROM email_outbox ORDER BY status")
    return [row["status"] for row in found]


async def test_answers_tell_where_the_inviter_stands_and_the_sixth_of_a_day_is_refused(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person()
    for left in (4, 3, 2, 1, 0):
        answer = await alice.post("/partnerships/invite", {"email": f"{left}@example.com"})
        assert answer.status_code == 201
        assert f'"invitations";r={left};t=54000' in answer.headers["ratelimit"]
        assert '"invitations";q=5;w=86400' in answer.headers["ratelimit-policy"]

    refused = await alice.post("/partnerships/invite", {"email": "sixth@example.com"})

    assert_error(refused, 429, "rate_limited")
    assert refused.headers["retry-after"] == "54000"  # until midnight, UTC
    assert '"invitations";r=0;t=54000' in refused.headers["ratelimit"]
    written = await rows(app, "SELECT to_email FROM email_outbox ORDER BY to_email")
    assert [row["to_email"] for row in written] == [f"{n}@example.com" for n in range(5)]
    clock.advance(hours=15)
    again = await alice.post("/partnerships/invite", {"email": "sixth@example.com"})
    assert again.status_code == 201


async def test_an_invitation_that_was_withdrawn_before_it_was_sent_is_not_sent(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person()
    invited = await alice.post("/partnerships/invite", {"email": "new@example.com"})
    invitation = data_of(invited, 201)["partnership"]["id"]
    answer = await alice.delete(f"/partnerships/invitations/{invitation}")
    assert answer.status_code == 204

    await deliver_due(app)

    (row,) = await rows(app, "SELECT status, last_error FROM email_outbox")
    assert row["status"] == "cancelled"
    assert await emails_to(app, "new@example.com") == []


@pytest.mark.parametrize("has_left", [False, True], ids=["waiting", "sent"])
async def test_inviting_again_on_the_same_day_leaves_the_one_e_mail_of_that_day_good(
    has_left: bool, app: FastAPI, factory: Factory
) -> None:
    alice, bob = await factory.person(), await factory.person("Bob")
    invite = {"email": bob.email}
    data_of(await alice.post("/partnerships/invite", invite), 201)
    if has_left:
        await deliver_due(app)

    data_of(await alice.post("/partnerships/invite", invite), 201)
    await deliver_due(app)

    (email,) = await emails_to(app, bob.email)
    assert await statuses(app) == ["sent"]
    data_of(await bob.post("/partnerships/invite/accept", {"token": token_in(email["links"][0])}))


@pytest.mark.parametrize("in_flight", [False, True], ids=["refused", "under way"])
@pytest.mark.parametrize("refusal", [Refusal.LATER, Refusal.UNCLEAR], ids=lambda it: it.name)
async def test_inviting_again_while_the_e_mail_cannot_be_sent_does_not_stop_it(
    refusal: Refusal, in_flight: bool, app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person()
    invite = {"email": "new@example.com"}
    first = data_of(await alice.post("/partnerships/invite", invite), 201)

    async def press_resend() -> None:
        path = f"/partnerships/invitations/{first['partnership']['id']}/resend"
        data_of(await alice.post(path))

    async def refuse() -> None:
        if in_flight:
            await press_resend()
        raise refused(refusal)

    vendor = Recorder(refuse)
    await deliver_due(app, vendor)
    if not in_flight:
        await press_resend()
    clock.advance(hours=2)
    await deliver_due(app, vendor)
    clock.advance(hours=2)
    assert await deliver_due(app, vendor) == 0

    attempted, sent = vendor.sent
    assert attempted == sent, "to the vendor the same id means the same e-mail"
    assert await statuses(app) == ["sent"]


async def test_an_e_mail_of_another_day_replaces_the_one_before(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.person(), await factory.person("Bob")
    invite = {"email": bob.email}
    data_of(await alice.post("/partnerships/invite", invite), 201)
    clock.advance(days=1)
    data_of(await alice.post("/partnerships/invite", invite), 201)

    await deliver_due(app)

    (email,) = await emails_to(app, bob.email)
    assert await statuses(app) == ["cancelled", "sent"]
    data_of(await bob.post("/partnerships/invite/accept", {"token": token_in(email["links"][0])}))


async def test_the_mailed_link_of_somebody_who_is_not_invited_any_more_is_dead(
    app: FastAPI, factory: Factory
) -> None:
    alice, bob = await factory.person(), await factory.person("Bob")
    data_of(await alice.post("/partnerships/invite", {"email": bob.email}), 201)
    await deliver_due(app)
    data_of(await alice.post("/partnerships/invite", {"email": "new@example.com"}), 201)

    (email,) = await emails_to(app, bob.email)
    answer = await bob.post("/partnerships/invite/accept", {"token": token_in(email["links"][0])})

    assert_error(answer, 404, "invite_not_found")


async def test_an_inviter_without_a_name_is_told_by_the_address_which_goes_with_the_account(
    app: FastAPI, factory: Factory
) -> None:
    alice = await factory.person()
    await change_rows(app, "UPDATE users SET name = NULL, username = NULL")
    data_of(await alice.post("/partnerships/invite", {"email": "new@example.com"}), 201)
    (written,) = await rows(app, "SELECT payload FROM email_outbox")
    assert written["payload"]["inviter_name"] == alice.email

    data_of(await ask_to_delete(alice), 202)

    assert await rows(app, "SELECT id FROM email_outbox WHERE to_email = 'new@example.com'") == []
