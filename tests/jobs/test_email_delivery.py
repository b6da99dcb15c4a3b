"""The outbox: each e-mail at least once, with one id, if and only if its cause was committed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
import resend
from fastapi import FastAPI

from app.clients.resend_client import Refusal
from app.jobs.handlers.email_delivery import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    WORTH_SENDING_FOR,
)
from tests.conftest import MakeApp, running_app, settings_for
from tests.factories import Factory
from tests.fakes.resend_server import ResendServer, resend_server
from tests.jobs.delivering import (
    LATER,
    Recorder,
    history,
    outbox,
    queue,
    refused,
    try_until_next,
)
from tests.jobs.working import deliver_due, jobs, make_due, work_off
from tests.support import FrozenClock, change_rows, data_of, rows


async def test_an_invitation_is_sent_once_and_its_link_is_forgotten(
    app: FastAPI, factory: Factory
) -> None:
    alice = await factory.person("Alice")
    data_of(await alice.post("/partnerships/invite", {"email": "bob@example.com"}), 201)
    (queued,) = await outbox(app)
    assert (queued["status"], queued["attempts"]) == ("pending", 0)
    sender = Recorder()

    await work_off(app, sender=sender)
    await make_due(app)
    await work_off(app, sender=sender)

    (email,) = sender.sent
    assert (email.id, email.to) == (queued["id"], "bob@example.com")
    assert queued["payload"]["invite_url"] in email.content.text
    (settled,) = await outbox(app)
    assert (settled["status"], settled["payload"], settled["attempts"]) == ("sent", {}, 1)
    assert settled["sent_at"] is not None
    assert settled["last_error"] is None
    assert history(settled) == ["sent"]
    assert await jobs(app) == []


async def test_an_invitation_that_is_rolled_back_sends_nothing(
    make_app: MakeApp, clock: FrozenClock
) -> None:
    app = await make_app()
    async with AsyncExitStack() as stack:
        alice = await Factory(app, clock, stack).person("Alice")
        await change_rows(
            app,
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'no'; END $$",
        )
        await change_rows(
            app,
            "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON partnerships"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()",
        )
        answer = await alice.post("/partnerships/invite", {"email": "bob@example.com"})
    sender = Recorder()

    assert answer.status_code == 500
    assert await jobs(app) == []
    await work_off(app, sender=sender)
    assert sender.sent == []
    assert await outbox(app) == []


async def test_while_the_vendor_refuses_the_pauses_grow_and_after_days_it_is_given_up(
    app: FastAPI, clock: FrozenClock
) -> None:
    await queue(app, "bob@example.com")
    began = clock.now()
    sender = Recorder(*(refused(LATER) for _ in range(200)))
    pauses = []
    row = await try_until_next(app, clock, sender)
    while row["status"] == "pending":
        assert row["last_error"] == "ResendError"
        pauses.append(row["next_attempt_at"] - row["attempted_at"])
        row = await try_until_next(app, clock, sender)

    for number, pause in enumerate(pauses[:5]):
        assert FIRST_PAUSE * 2**number <= pause <= FIRST_PAUSE * 2**number * 1.25
    assert max(pauses) <= LONGEST_PAUSE * 1.25
    assert len({str(pause) for pause in pauses[-5:]}) == 5, "they spread"
    assert row["status"] == "failed"
    assert WORTH_SENDING_FOR <= clock.now() - began < WORTH_SENDING_FOR + 2 * LONGEST_PAUSE
    assert len(sender.ids) == 1
    assert history(row) == ["refused", "failed"], "the same again is one entry"
    assert await deliver_due(app, sender) == 0


async def test_the_job_waits_as_long_as_the_vendor_asks(app: FastAPI, clock: FrozenClock) -> None:
    await queue(app, "bob@example.com")
    asked = timedelta(minutes=20)

    await work_off(app, sender=Recorder(refused(LATER, asked)))

    (row,) = await outbox(app)
    assert row["next_attempt_at"] == clock.now() + asked
    (left,) = await rows(app, "SELECT status::text, execute_after - now() AS left FROM pgqueuer")
    assert left["status"] == "queued"
    assert timedelta(0) <= asked - left["left"] < timedelta(seconds=20)
    await make_due(app)
    sender = Recorder()
    await work_off(app, sender=sender)
    assert [row["status"] for row in await outbox(app)] == ["sent"]
    assert await jobs(app) == []


async def test_what_is_refused_for_ever_is_not_tried_again(app: FastAPI) -> None:
    await queue(app, "a@example.com", "b@example.com")
    sender = Recorder(refused(Refusal.FOR_EVER))

    await work_off(app, sender=sender)

    assert sorted(row["status"] for row in await outbox(app)) == ["failed", "sent"]
    assert len(sender.sent) == 2
    assert await jobs(app) == []


async def test_a_wrong_configuration_is_an_error_in_the_log_and_never_the_end_of_an_e_mail(
    app: FastAPI, clock: FrozenClock, capsys: pytest.CaptureFixture[str]
) -> None:
    await queue(app, "bob@example.com")
    sender = Recorder(*(refused(Refusal.CONFIGURATION) for _ in range(3)))
    for _ in range(3):
        row = await try_until_next(app, clock, sender)
        assert row["status"] == "pending"
        clock.advance(days=30)
    errors = [line for line in capsys.readouterr().out.splitlines() if '"level":"error"' in line]
    assert len(errors) == 3
    assert all("bob@example.com" not in line for line in errors)

    assert (await try_until_next(app, clock, sender))["status"] == "sent"


async def test_several_workers_at_once_never_send_one_e_mail_twice(app: FastAPI) -> None:
    addresses = [f"person-{number}@example.com" for number in range(30)]
    await queue(app, *addresses)

    async def take_a_while() -> None:
        await asyncio.sleep(0.002)

    sender = Recorder(*([take_a_while] * len(addresses)))
    await asyncio.gather(*(work_off(app, sender=sender) for _ in range(3)))

    assert sorted(email.to for email in sender.sent) == sorted(addresses)
    assert {(row["status"], row["attempts"]) for row in await outbox(app)} == {("sent", 1)}
    assert await jobs(app) == []


@pytest.mark.parametrize("end", ["late failure", "late success"])
async def test_an_attempt_that_was_overtaken_undoes_nothing(
    end: str, app: FastAPI, clock: FrozenClock
) -> None:
    await queue(app, "bob@example.com")
    waiting, go_on = asyncio.Event(), asyncio.Event()

    async def end_late() -> None:
        waiting.set()
        await go_on.wait()
        if end == "late failure":
            raise refused(LATER)

    slow_sender, quick_sender = Recorder(end_late), Recorder()
    slow = asyncio.create_task(deliver_due(app, slow_sender))
    await waiting.wait()
    assert await deliver_due(app, quick_sender) == 1
    go_on.set()
    await slow

    (row,) = await outbox(app)
    assert (row["status"], row["payload"], row["attempts"]) == ("sent", {}, 2)
    assert slow_sender.ids == quick_sender.ids


async def test_no_transaction_is_open_and_no_connection_held_while_the_vendor_is_called(
    app: FastAPI,
) -> None:
    await queue(app, "a@example.com", "b@example.com")
    seen: list[Any] = []

    async def look() -> None:
        seen.append(app.state.database.engine.pool.checkedout())
        found = await rows(
            app,
            "SELECT state FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'",
        )
        seen.append(len(found))

    await deliver_due(app, Recorder(look, look))

    assert seen == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "broken", [{"kind": "not_known_here"}, {"payload": {"inviter_name": "Alice"}}]
)
async def test_an_e_mail_that_cannot_be_written_waits_and_does_not_hold_up_the_others(
    broken: dict[str, Any], app: FastAPI
) -> None:
    await queue(app, "a@example.com", **broken)
    await queue(app, "b@example.com")
    sender = Recorder()

    await work_off(app, sender=sender)

    assert [email.to for email in sender.sent] == ["b@example.com"]
    unreadable, sent = await outbox(app)
    # A newer version of the service may know it.
    assert (unreadable["status"], sent["status"]) == ("pending", "sent")
    assert (unreadable["attempts"], unreadable["unclear_since"]) == (0, None)
    assert [(job["status"], job["attempts"]) for job in await jobs(app)] == [("queued", 1)]


async def test_e_mails_of_a_deleted_account_are_not_sent(app: FastAPI) -> None:
    await queue(app, "bob@example.com")
    await change_rows(app, "DELETE FROM email_outbox")
    sender = Recorder()
    await work_off(app, sender=sender)
    assert sender.sent == []
    assert await jobs(app) == []


async def test_without_a_sender_e_mails_wait_for_a_worker_that_has_one(
    make_app: MakeApp,
) -> None:
    app = await make_app(background_jobs=True)
    await queue(app, "bob@example.com")
    await asyncio.sleep(0.3)  # its own worker has periodic jobs to do meanwhile
    deliveries = [job for job in await jobs(app) if job["entrypoint"] == "deliver_email"]
    assert [(job["status"], job["attempts"]) for job in deliveries] == [("queued", 0)]
    await work_off(app, sender=Recorder())
    assert await jobs(app) == []


@pytest.fixture
async def vendor(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ResendServer]:
    async with resend_server() as fake:
        monkeypatch.setattr(resend, "api_url", fake.url)
        yield fake


async def test_the_application_delivers_to_resend_while_it_runs(
    make_database: Callable[[], str], clock: FrozenClock, vendor: ResendServer
) -> None:
    settings = settings_for(
        make_database(), email_mode="resend", resend_api_key="re_test", background_jobs=True
    )
    async with running_app(settings, clock) as app:
        await queue(app, "bob@example.com")
        await asyncio.wait_for(vendor.arrived.wait(), 5)
        for _ in range(200):
            (row,) = await outbox(app)
            if row["status"] == "sent":
                break
            await asyncio.sleep(0.01)
        assert row["status"] == "sent"

    (request,) = vendor.requests
    assert request.body["to"] == "bob@example.com"
    assert request.body["from"] == settings.email_from
