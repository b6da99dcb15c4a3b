"""The outbox: each e-mail at least once, with one id, if and only if its cause was committed."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import resend
from fastapi import FastAPI

from app.clients.resend_client import TIMEOUT_SECONDS, EmailNotSent, OutgoingEmail, ResendSender
from app.core.config import parse_database_url
from app.crud.crud_email_outbox import EmailOutboxCrud
from app.db.session import Database
from app.jobs import email_delivery
from app.jobs.email_delivery import BATCH, CLAIM_LASTS, FIRST_RETRY, LAST_ATTEMPT, EmailDelivery
from tests.conftest import MakeApp, running_app, settings_for
from tests.factories import Factory
from tests.fakes.resend_server import Behaviour, ResendServer, resend_server
from tests.support import FrozenClock, change_rows, data_of, rows

PAYLOAD = {
    "inviter_name": "Alice",
    "partnership_name": None,
    "personal_message": None,
    "invite_url": "https://app.test/secret-link",
    "valid_days": 7,
}
Reaction = BaseException | Callable[[], Awaitable[None]]


class Recorder:
    """An EmailSender that remembers what it was given and reacts as told."""

    def __init__(self, *reactions: Reaction) -> None:
        self.sent: list[OutgoingEmail] = []
        self.reactions = list(reactions)

    async def send(self, email: OutgoingEmail) -> None:
        self.sent.append(email)
        reaction = self.reactions.pop(0) if self.reactions else None
        if isinstance(reaction, BaseException):
            raise reaction
        if reaction is not None:
            await reaction()

    @property
    def ids(self) -> set[UUID]:
        return {email.id for email in self.sent}


def temporary() -> EmailNotSent:
    return EmailNotSent("ResendError 500", permanent=False)


def delivery_of(app: FastAPI, sender: Any, clock: FrozenClock) -> EmailDelivery:
    return EmailDelivery(database=app.state.database, sender=sender, clock=clock)


async def queue(app: FastAPI, clock: FrozenClock, *addresses: str, **fields: Any) -> None:
    values = {"kind": "partnership_invitation", "payload": PAYLOAD} | fields
    async with app.state.database.session() as session, session.begin():
        for address in addresses:
            EmailOutboxCrud(session).add(to_email=address, now=clock.now(), **values)


async def outbox(app: FastAPI) -> list[Any]:
    return await rows(app, "SELECT * FROM email_outbox ORDER BY to_email")


async def test_an_invitation_is_sent_once_and_its_link_is_forgotten(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    invitation = data_of(
        await alice.post("/partnerships/invite", {"email": "bob@example.com"}), 201
    )
    (queued,) = await outbox(app)
    assert (queued["status"], queued["attempts"]) == ("pending", 0)
    sender = Recorder()
    delivery = delivery_of(app, sender, clock)

    assert await delivery.deliver_due() == 1
    assert await delivery.deliver_due() == 0
    clock.advance(days=2)
    assert await delivery.deliver_due() == 0

    (email,) = sender.sent
    assert (email.id, email.to) == (queued["id"], "bob@example.com")
    assert invitation["inviteUrl"] in email.content.text
    (settled,) = await outbox(app)
    assert (settled["status"], settled["payload"], settled["attempts"]) == ("sent", {}, 1)
    assert settled["sent_at"] is not None
    assert settled["last_error"] is None


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
        refused = await alice.post("/partnerships/invite", {"email": "bob@example.com"})
    sender = Recorder()

    assert refused.status_code == 500
    assert await delivery_of(app, sender, clock).deliver_due() == 0
    assert sender.sent == []
    assert await outbox(app) == []


async def test_what_fails_for_now_is_tried_again_after_growing_pauses_and_given_up_in_the_end(
    app: FastAPI, clock: FrozenClock
) -> None:
    await queue(app, clock, "bob@example.com")
    sender = Recorder(*(temporary() for _ in range(LAST_ATTEMPT)))
    delivery = delivery_of(app, sender, clock)

    for attempt in range(1, LAST_ATTEMPT):
        assert await delivery.deliver_due() == 1
        (row,) = await outbox(app)
        assert (row["status"], row["attempts"]) == ("pending", attempt)
        assert row["last_error"] == "ResendError 500"
        pause = FIRST_RETRY * 2 ** (attempt - 1)
        assert row["next_attempt_at"] == clock.now() + pause
        clock.advance(seconds=pause.total_seconds() - 1)
        assert await delivery.deliver_due() == 0  # not before its time
        clock.advance(seconds=1)
    assert await delivery.deliver_due() == 1
    clock.advance(days=1)
    assert await delivery.deliver_due() == 0

    (row,) = await outbox(app)
    assert (row["status"], row["attempts"]) == ("failed", LAST_ATTEMPT)
    assert len(sender.sent) == LAST_ATTEMPT
    assert len(sender.ids) == 1


async def test_after_a_failure_that_passes_it_is_sent(app: FastAPI, clock: FrozenClock) -> None:
    await queue(app, clock, "bob@example.com")
    sender = Recorder(temporary())
    delivery = delivery_of(app, sender, clock)
    await delivery.deliver_due()
    clock.advance(minutes=1)
    await delivery.deliver_due()

    (row,) = await outbox(app)
    assert (row["status"], row["attempts"], row["payload"]) == ("sent", 2, {})
    assert len(sender.ids) == 1


async def test_what_fails_for_good_is_not_tried_again(app: FastAPI, clock: FrozenClock) -> None:
    await queue(app, clock, "a@example.com", "b@example.com")
    sender = Recorder(EmailNotSent("ValidationError 422", permanent=True))
    delivery = delivery_of(app, sender, clock)

    assert await delivery.deliver_due() == 2
    clock.advance(days=1)
    assert await delivery.deliver_due() == 0

    assert sorted(row["status"] for row in await outbox(app)) == ["failed", "sent"]
    assert len(sender.sent) == 2


@pytest.mark.parametrize("point", ["before sending", "after sending"])
async def test_after_a_crash_it_is_sent_again_with_the_same_id_once_the_claim_lapses(
    point: str, app: FastAPI, clock: FrozenClock
) -> None:
    await queue(app, clock, "bob@example.com")
    arrived = asyncio.Event()

    async def hang() -> None:
        arrived.set()
        await asyncio.sleep(60)

    # Cancelled on the way out, or dead after the vendor has it, before that is written down.
    crash: Reaction = hang if point == "before sending" else asyncio.CancelledError()
    sender = Recorder(crash)
    delivery = delivery_of(app, sender, clock)
    dying = asyncio.create_task(delivery.deliver_due())
    if point == "before sending":
        await arrived.wait()
        dying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dying

    assert [row["status"] for row in await outbox(app)] == ["sending"]
    clock.advance(seconds=CLAIM_LASTS.total_seconds() - 1)
    assert await delivery.deliver_due() == 0  # another process may still be at it
    clock.advance(seconds=1)
    assert await delivery.deliver_due() == 1

    assert len(sender.sent) == 2
    assert len(sender.ids) == 1
    assert [(row["status"], row["attempts"]) for row in await outbox(app)] == [("sent", 2)]


WORKER = """
import asyncio, sys
from app.clients.resend_client import ResendSender
from app.core.config import parse_database_url
from app.db.session import Database
from app.jobs.email_delivery import EmailDelivery
from tests.support import FrozenClock
from datetime import datetime
url, now = sys.argv[1:]
asyncio.run(EmailDelivery(
    database=Database(parse_database_url(url), pool_size=1),
    sender=ResendSender(api_key="re_test", sender="a@example.com"),
    clock=FrozenClock(datetime.fromisoformat(now)),
).run())
"""


@pytest.fixture
async def vendor(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ResendServer]:
    async with resend_server() as fake:
        monkeypatch.setattr(resend, "api_url", fake.url)
        monkeypatch.setenv("RESEND_API_URL", fake.url)
        yield fake


async def test_a_process_that_is_killed_while_sending_loses_nothing_and_sends_nothing_twice(
    app: FastAPI, clock: FrozenClock, vendor: ResendServer
) -> None:
    await queue(app, clock, "bob@example.com")
    vendor.behave(Behaviour.HANG)  # it has the e-mail, but has not said so
    url = app.state.settings.database_url.get_secret_value()
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, url, clock.now().isoformat()
    )
    await asyncio.wait_for(vendor.arrived.wait(), 20)
    worker.kill()
    await worker.wait()

    assert [row["status"] for row in await outbox(app)] == ["sending"]
    clock.advance(seconds=CLAIM_LASTS.total_seconds())
    sender = ResendSender(api_key="re_test", sender="a@example.com")
    assert await delivery_of(app, sender, clock).deliver_due() == 1

    assert len(vendor.requests) == 2
    assert len({request.idempotency_key for request in vendor.requests}) == 1
    assert len(vendor.delivered) == 1
    assert [row["status"] for row in await outbox(app)] == ["sent"]


async def test_several_deliveries_at_once_never_send_one_e_mail_twice(
    app: FastAPI, clock: FrozenClock
) -> None:
    addresses = [f"person-{number}@example.com" for number in range(3 * BATCH)]
    await queue(app, clock, *addresses)

    async def take_a_while() -> None:
        await asyncio.sleep(0.002)

    sender = Recorder(*([take_a_while] * len(addresses)))
    deliveries = [delivery_of(app, sender, clock) for _ in range(4)]
    while any(await asyncio.gather(*(delivery.deliver_due() for delivery in deliveries))):
        pass

    assert sorted(email.to for email in sender.sent) == sorted(addresses)
    assert {row["status"] for row in await outbox(app)} == {"sent"}
    assert {row["attempts"] for row in await outbox(app)} == {1}


def test_a_claim_outlasts_a_whole_batch_with_a_vendor_that_hangs() -> None:
    assert timedelta(seconds=BATCH * TIMEOUT_SECONDS) < CLAIM_LASTS


async def test_a_failure_that_comes_after_the_claim_lapsed_does_not_undo_what_others_did(
    app: FastAPI, clock: FrozenClock
) -> None:
    await queue(app, clock, "bob@example.com")
    waiting, go_on = asyncio.Event(), asyncio.Event()

    async def fail_late() -> None:
        waiting.set()
        await go_on.wait()
        raise temporary()

    slow = asyncio.create_task(delivery_of(app, Recorder(fail_late), clock).deliver_due())
    await waiting.wait()
    clock.advance(seconds=CLAIM_LASTS.total_seconds())
    assert await delivery_of(app, Recorder(), clock).deliver_due() == 1
    go_on.set()
    await slow

    (row,) = await outbox(app)
    assert (row["status"], row["payload"], row["attempts"]) == ("sent", {}, 2)


async def test_no_transaction_is_open_and_no_connection_held_while_the_vendor_is_called(
    app: FastAPI, clock: FrozenClock
) -> None:
    await queue(app, clock, "a@example.com", "b@example.com")
    seen: list[Any] = []

    async def look() -> None:
        seen.append(app.state.database.engine.pool.checkedout())
        found = await rows(
            app,
            "SELECT state FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'",
        )
        seen.append(len(found))

    await delivery_of(app, Recorder(look, look), clock).deliver_due()

    assert seen == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "broken", [{"kind": "not_known_here"}, {"payload": {"inviter_name": "Alice"}}]
)
async def test_an_e_mail_that_cannot_be_written_waits_and_does_not_hold_up_the_others(
    broken: dict[str, Any], app: FastAPI, clock: FrozenClock
) -> None:
    await queue(app, clock, "a@example.com", **broken)
    await queue(app, clock, "b@example.com")
    sender = Recorder()

    assert await delivery_of(app, sender, clock).deliver_due() == 2

    assert [email.to for email in sender.sent] == ["b@example.com"]
    unreadable, sent = await outbox(app)
    # A newer version of the service may know it.
    assert (unreadable["status"], sent["status"]) == ("pending", "sent")
    assert unreadable["next_attempt_at"] > clock.now()
    assert "Alice" not in unreadable["last_error"]


async def test_the_loop_goes_on_after_a_fault(
    app: FastAPI, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email_delivery, "PAUSE_AFTER_FAULT_SECONDS", 0.01)
    monkeypatch.setattr(email_delivery, "POLL_SECONDS", 0.01)
    await queue(app, clock, "bob@example.com")
    done = asyncio.Event()

    async def finish() -> None:
        done.set()

    sender = Recorder(AssertionError("a bug in a sender"), finish)
    loop = asyncio.create_task(delivery_of(app, sender, clock).run())
    await asyncio.sleep(0.1)
    assert not loop.done()
    clock.advance(seconds=CLAIM_LASTS.total_seconds())
    await asyncio.wait_for(done.wait(), 2)
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loop
    assert len(sender.ids) == 1


async def test_the_loop_outlives_a_database_that_is_away(
    clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email_delivery, "PAUSE_AFTER_FAULT_SECONDS", 0.01)
    database = Database(parse_database_url("postgresql://u@127.0.0.1:1/none"), pool_size=1)
    sender = Recorder()
    loop = asyncio.create_task(EmailDelivery(database=database, sender=sender, clock=clock).run())
    await asyncio.sleep(0.1)
    assert not loop.done()
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loop
    assert sender.sent == []


async def test_the_application_delivers_to_resend_while_it_runs(
    make_database: Callable[[], str], clock: FrozenClock, vendor: ResendServer
) -> None:
    settings = settings_for(make_database(), email_mode="resend", resend_api_key="re_test")
    async with running_app(settings, clock) as app:
        await queue(app, clock, "bob@example.com")
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
