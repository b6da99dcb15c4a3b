"""What has run out is put away when its time is over, and nothing else is."""

from datetime import timedelta

import pytest
from fastapi import FastAPI

from app.jobs import sweeps
from app.jobs.handler import GiveUp, Handler, Resources
from app.jobs.payloads import DeleteAccount
from app.jobs.periodic import Run
from tests.factories import Factory
from tests.jobs.deleting import close_account, is_gone
from tests.jobs.working import jobs, work_off
from tests.support import FrozenClock, change_rows, data_of, rows

SECOND = timedelta(seconds=1)


async def sweep(app: FastAPI, run: Run) -> int:
    async with app.state.database.session() as session:
        return await run(session, app.state.clock, app.state.settings)


async def test_answers_are_forgotten_after_a_day(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    limit = clock.now() - timedelta(hours=24)
    for key, at in (("old", limit), ("older", limit - SECOND), ("kept", limit + SECOND)):
        await change_rows(
            app,
            "INSERT INTO idempotency_keys VALUES (:id, 'POST', '/p', :key, 'h', 201, '{}', :at)",
            id=alice.id,
            key=key,
            at=at,
        )
    assert await sweep(app, sweeps.delete_idempotency_keys) == 2
    assert await rows(app, "SELECT key FROM idempotency_keys") == [{"key": "kept"}]
    assert await sweep(app, sweeps.delete_idempotency_keys) == 0


async def test_counters_are_forgotten_after_their_window(
    app: FastAPI, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeps, "BATCH", 2)
    for name, end in (
        ("a", clock.now() - SECOND),
        ("b", clock.now() - timedelta(days=1)),
        ("c", clock.now() - timedelta(days=2)),
        ("kept", clock.now()),
    ):
        await change_rows(
            app,
            "INSERT INTO rate_limits VALUES (:name, 's', :start, 1, :end)",
            name=name,
            start=end - timedelta(hours=1),
            end=end,
        )
    assert await sweep(app, sweeps.delete_rate_limits) == 3
    assert await rows(app, "SELECT name FROM rate_limits") == [{"name": "kept"}]


async def test_invitations_expire_without_anybody_looking_at_them(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    for name in ("Alice", "Carol"):
        person = await factory.person(name)
        data_of(await person.post("/partnerships/invite", {"email": f"{name}@b.example"}), 201)
        clock.advance(hours=1)
    await factory.partnership(await factory.person("Dave"), await factory.person("Erin"))
    found = await rows(
        app, "SELECT invite_token_expires_at AS at FROM partnerships ORDER BY created_at"
    )
    clock.set(found[0]["at"])

    assert await sweep(app, sweeps.expire_invitations) == 1

    found = await rows(app, "SELECT status FROM partnerships ORDER BY created_at")
    assert [row["status"] for row in found] == ["expired_invite", "pending_invite", "active"]
    assert await sweep(app, sweeps.expire_invitations) == 0


async def test_the_log_of_jobs_is_kept_for_two_weeks(app: FastAPI, clock: FrozenClock) -> None:
    limit = clock.now() - timedelta(days=14)
    for number, at in enumerate((limit - SECOND, limit)):
        await change_rows(
            app,
            "INSERT INTO pgqueuer_log (created, job_id, status, priority, entrypoint)"
            " VALUES (:at, :number, 'queued', 0, 'probe')",
            at=at,
            number=number,
        )
    assert await sweep(app, sweeps.delete_job_log) == 1
    assert await rows(app, "SELECT job_id FROM pgqueuer_log") == [{"job_id": 1}]


async def test_a_deletion_that_lost_its_job_gets_another_one_and_those_with_a_job_do_not(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    async def give_up(payload: DeleteAccount, _resources: Resources) -> None:
        raise GiveUp("Probe")

    held, alice, waiting, later = [await factory.person(name) for name in "ABCD"]
    await close_account(held)
    await work_off(app, handlers=[Handler(DeleteAccount, give_up)])
    for person in (alice, later):
        await close_account(person)
    await change_rows(app, "DELETE FROM pgqueuer WHERE status = 'queued'")
    await close_account(waiting)
    await change_rows(
        app,
        "UPDATE account_deletions SET next_attempt_at = :at WHERE user_id = :id",
        at=clock.now() + SECOND,
        id=later.id,
    )

    assert await sweep(app, sweeps.resume_account_deletions) == 1
    assert await sweep(app, sweeps.resume_account_deletions) == 0

    keys = [(job["dedupe_key"], job["status"]) for job in await jobs(app)]
    assert keys == [
        (f"delete_account:{held.id}", "failed"),
        (f"delete_account:{waiting.id}", "queued"),
        (f"delete_account:{alice.id}", "queued"),
    ]
    await work_off(app)  # the Supabase user, and after a while the rest
    assert await app.state.auth.find_user(user_id=alice.id) is None
    clock.advance(hours=1)
    await change_rows(app, "UPDATE pgqueuer SET execute_after = now() WHERE status = 'queued'")
    await work_off(app)
    assert await is_gone(app, alice.id)
