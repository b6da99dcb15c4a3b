"""The job that deletes accounts: refused by vendors, many at once, slowed down by nothing."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.clients.supabase_storage import Bucket
from app.core.errors import AuthUnavailable, StorageUnavailable
from app.jobs import account_deletion, worker
from app.jobs.account_deletion import FIRST_RETRY, LONGEST_PAUSE, SETTLING_TIME
from tests.conftest import MakeApp
from tests.factories import Factory, Person
from tests.jobs.deleting import Files, close_account, finish, is_gone, job_on
from tests.rich_account import furnish
from tests.support import FrozenClock, assert_error, change_rows, rows


async def test_files_go_from_the_bucket_of_their_purpose(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, _, _ = await furnish(factory, app)
    await close_account(alice)
    files = Files()

    await job_on(app, files).delete_due()

    assert files.removed == {
        Bucket.AVATARS: [f"{alice.id}/avatar.jpg"],
        Bucket.CHECKIN_IMAGES: [f"{alice.id}/checkin.jpg"],
        Bucket.MESSAGE_IMAGES: [f"{alice.id}/message.jpg"],
    }


async def test_while_storage_is_down_it_is_tried_less_and_less_often_and_never_given_up(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, _, _ = await furnish(factory, app)
    await close_account(alice)
    files = Files()
    files.fault = StorageUnavailable()
    job = job_on(app, files)

    pauses = []
    for _ in range(12):
        assert await job.delete_due() == 1
        (note,) = await rows(app, "SELECT * FROM account_deletions")
        assert note["last_error"] == "StorageUnavailable"
        pauses.append(note["next_attempt_at"] - clock.now())
        clock.set(note["next_attempt_at"] - timedelta(seconds=1))
        assert await job.delete_due() == 0
        clock.advance(seconds=1)
    assert await app.state.auth.find_user(user_id=alice.id) is not None
    assert pauses[:3] == [FIRST_RETRY, FIRST_RETRY * 2, FIRST_RETRY * 4]
    assert pauses[-1] == LONGEST_PAUSE

    files.fault = None
    await finish(app, job, clock, alice.id)


async def test_while_supabase_auth_is_down_no_row_is_deleted(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    class Down:
        async def delete_user(self, *, user_id: UUID) -> bool:
            raise AuthUnavailable

    alice = await factory.person("Alice")
    await close_account(alice)

    await job_on(app, Files(), Down()).delete_due()

    assert await rows(app, "SELECT id FROM users") == [{"id": alice.id}]
    (note,) = await rows(app, "SELECT last_error FROM account_deletions")
    assert note["last_error"] == "AuthUnavailable"
    await finish(app, job_on(app, Files()), clock, alice.id)


async def test_no_transaction_is_open_while_a_vendor_is_called(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    busy: list[int] = []

    class Watching(Files):
        async def delete(self, bucket: Bucket, paths: Sequence[str]) -> None:
            busy.append(app.state.database.engine.pool.checkedout())

    class WatchingAuth:
        async def delete_user(self, *, user_id: UUID) -> bool:
            busy.append(app.state.database.engine.pool.checkedout())
            deleted: bool = await app.state.auth.delete_user(user_id=user_id)
            return deleted

    alice, _, _ = await furnish(factory, app)
    await close_account(alice)

    await job_on(app, Watching(), WatchingAuth()).delete_due()

    assert busy == [0, 0, 0, 0]


async def test_one_that_fails_does_not_hold_up_others(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, _, _ = await furnish(factory, app)
    carol = await factory.person("Carol")
    for person in (alice, carol):
        await close_account(person)
    files = Files()
    files.fault = StorageUnavailable()
    job = job_on(app, files)

    await job.delete_due()
    clock.advance(seconds=SETTLING_TIME.total_seconds())
    await job.delete_due()

    assert await is_gone(app, carol.id)
    assert not await is_gone(app, alice.id)


async def test_many_processes_share_the_work(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    people = [await factory.person(f"Person{number}") for number in range(6)]
    for person in people:
        await close_account(person)
    jobs = [job_on(app, Files()) for _ in range(4)]

    await asyncio.gather(*(job.delete_due() for job in jobs))
    attempts = await rows(app, "SELECT attempts FROM account_deletions")
    clock.advance(seconds=SETTLING_TIME.total_seconds())
    await asyncio.gather(*(job.delete_due() for job in jobs))

    assert attempts == [{"attempts": 1}] * len(people), "nobody was tried twice"
    assert await rows(app, "SELECT id FROM users") == []


async def test_the_row_waits_for_sign_ins_that_were_granted_just_before(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    """Such a sign-in writes the profile; it must find the closed account, not make a new one."""
    alice = await factory.person("Alice")
    await close_account(alice)
    job = job_on(app, Files())

    await job.delete_due()

    assert await app.state.auth.find_user(user_id=alice.id) is None
    assert await rows(app, "SELECT is_active FROM users") == [{"is_active": False}]
    clock.advance(seconds=SETTLING_TIME.total_seconds() - 1)
    assert await job.delete_due() == 0
    clock.advance(seconds=1)
    await job.delete_due()
    assert await rows(app, "SELECT id FROM users") == []


async def test_what_slipped_in_while_the_account_closed_is_dealt_with(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    await close_account(alice)
    await factory.partnership(bob, alice)
    system = await factory.system(bob, verificationRequired=True)
    await factory.checkin(bob, system["id"])
    files = Files()
    job = job_on(app, files)

    await job.delete_due()
    await add_upload(app, alice.id)
    await finish(app, job, clock, alice.id)

    assert await rows(app, "SELECT status FROM checkins") == [{"status": "completed"}]
    assert await rows(app, "SELECT current_partnership_id AS id FROM users") == [{"id": None}]
    assert len(files.removed[Bucket.CHECKIN_IMAGES]) == 1


@pytest.mark.parametrize("what", ["an upload", "a partnership"])
async def test_what_slips_in_after_the_files_were_deleted_is_left_to_another_attempt(
    what: str, factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    files = Files()

    class SlippedIn:
        """Called between the files and the rows, twice: only the second time it is the end."""

        async def delete_user(self, *, user_id: UUID) -> bool:
            if await app.state.auth.delete_user(user_id=user_id):
                return True
            if what == "an upload":
                await add_upload(app, alice.id)
            else:
                await factory.partnership(bob, alice)
            return False

    await close_account(alice)
    await job_on(app, files, SlippedIn()).delete_due()
    clock.advance(seconds=SETTLING_TIME.total_seconds())
    await job_on(app, files, SlippedIn()).delete_due()

    assert await rows(app, "SELECT id FROM users WHERE NOT is_active") == [{"id": alice.id}]
    (note,) = await rows(app, "SELECT * FROM account_deletions")
    assert note["next_attempt_at"] == clock.now() + SETTLING_TIME
    clock.set(note["next_attempt_at"])
    await job_on(app, files).delete_due()

    assert await is_gone(app, alice.id)
    assert sum(map(len, files.removed.values())) == (what == "an upload")
    left = await rows(app, "SELECT id, current_partnership_id AS partnership FROM users")
    assert left == [{"id": bob.id, "partnership": None}]
    told = await rows(app, "SELECT recipient_id AS id, type FROM notifications")
    parted = [{"id": bob.id, "type": "partnership_dissolved"}]
    assert told == (parted if what == "a partnership" else [])


@pytest.mark.parametrize("statistics", ["fresh", "of a table that was empty"])
async def test_an_account_of_many_years_is_deleted_in_parts(
    factory: Factory, app: FastAPI, clock: FrozenClock, statistics: str
) -> None:
    alice, bob = await factory.partners()
    systems = {owner: await factory.system(owner) for owner in (alice, bob)}
    if statistics != "fresh":
        # Pages without a row, as vacuuming finds them after a mass deletion: plans expect no rows.
        await add_checkins(app, alice, systems[alice]["id"], 20_000)
        await change_rows(app, "DELETE FROM checkins")
        await change_rows(app, "ANALYZE checkins")
    for owner, system in systems.items():
        await add_checkins(app, owner, system["id"], 5000)
    await close_account(alice)
    job = job_on(app, Files())

    await finish(app, job, clock, alice.id)

    (left,) = await rows(app, "SELECT count(*) AS n, count(partnership_id) AS p FROM checkins")
    assert (left["n"], left["p"]) == (5000, 0)


async def test_the_application_does_it_in_the_background(
    make_app: MakeApp, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_deletion, "SETTLING_TIME", timedelta(seconds=0.1))
    monkeypatch.setattr(worker, "LONGEST_WAIT_SECONDS", 0.2)
    app = await make_app(background_jobs=True)
    async with AsyncExitStack() as stack:
        factory = Factory(app, clock, stack)
        alice = await factory.person("Alice")
        await close_account(alice)
        async with asyncio.timeout(20):
            while not await is_gone(app, alice.id):
                clock.advance(seconds=10)
                await asyncio.sleep(0.1)
        assert_error(await alice.get("/users/me"), 401, "not_authenticated")


async def add_upload(app: FastAPI, user_id: UUID) -> None:
    async with app.state.database.engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO uploads (user_id, purpose, path, url, content_type, size)"
                " VALUES (:user_id, 'checkin', :name, :name, 'image/jpeg', 1)"
            ),
            {"user_id": user_id, "name": uuid4().hex},
        )


async def add_checkins(app: FastAPI, owner: Person, system_id: str, number: int) -> None:
    async with app.state.database.engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO checkins (user_id, system_id, partnership_id, checkin_timestamp_utc,"
                " checkin_date_local, checkin_timezone, status, notes)"
                " SELECT u.id, :system_id, u.current_partnership_id, now(),"
                " date '2000-01-01' + n, 'UTC', 'completed', 'note ' || n"
                " FROM users u, generate_series(1, :number) n WHERE u.id = :user_id"
            ),
            {"system_id": UUID(system_id), "number": number, "user_id": owner.id},
        )
