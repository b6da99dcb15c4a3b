"""E-mails of invitations: limited, told, and not sent once they lead nowhere."""

from fastapi import FastAPI

from tests.factories import Factory
from tests.jobs.working import deliver_due
from tests.support import FrozenClock, assert_error, data_of, emails_to, rows


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


async def test_inviting_again_before_the_e_mail_has_left_sends_one_with_the_link_that_works(
    app: FastAPI, factory: Factory
) -> None:
    alice = await factory.person()
    invite = {"email": "new@example.com"}
    first = data_of(await alice.post("/partnerships/invite", invite), 201)
    second = data_of(await alice.post("/partnerships/invite", invite), 201)
    assert first["inviteUrl"] != second["inviteUrl"]

    await deliver_due(app)

    (email,) = await emails_to(app, "new@example.com")
    assert second["inviteUrl"] in email["links"]
    assert first["inviteUrl"] not in email["text"]
    (row,) = await rows(app, "SELECT status FROM email_outbox")
    assert row["status"] == "sent"


async def test_inviting_again_after_the_e_mail_has_left_writes_no_second_one_that_day(
    app: FastAPI, factory: Factory
) -> None:
    alice = await factory.person()
    invite = {"email": "new@example.com"}
    data_of(await alice.post("/partnerships/invite", invite), 201)
    await deliver_due(app)

    data_of(await alice.post("/partnerships/invite", invite), 201)
    await deliver_due(app)

    assert len(await emails_to(app, "new@example.com")) == 1
