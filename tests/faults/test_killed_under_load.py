"""The API and PostgreSQL, killed while people write: nothing is lost, and nothing done twice.

`DUOTRAK_FAULT_ROUNDS=20` for a thorough look.
"""

import asyncio
import logging
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from app.core.clock import SystemClock
from app.core.config import parse_database_url
from app.crud.crud_partnership import PartnershipCrud
from app.crud.crud_user import KnownAddress, UserCrud
from app.db.migrations import upgrade_to_head
from app.db.session import Database, Session
from app.services.partnership_service import activate
from tests.core.token_maker import TokenMaker, compact, hs
from tests.faults.load import Acknowledged, Load, Person, Write, repeat
from tests.faults.victims import Api, DurablePostgres, Victim
from tests.support import in_thread

ROUNDS = int(os.environ.get("DUOTRAK_FAULT_ROUNDS", "1"))
PAIRS = 4
ANSWERS_BEFORE, ANSWERS_AFTER = 24, 8
DATABASE = "killed"
ENOUGH_BYTES = 1_000_000_000
SUPABASE_URL = "http://127.0.0.1:1"  # nobody has to ask there
SECRET = "a shared secret of more than 32 characters"
SETTINGS = {
    "ENVIRONMENT": "test",
    "SUPABASE_URL": SUPABASE_URL,
    "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_test",
    "SUPABASE_SECRET_KEY": "sb_secret_test",
    "SUPABASE_JWT_SECRET": SECRET,
    "EMAIL_MODE": "off",
    "BACKGROUND_JOBS": "false",  # workers are killed in tests/jobs
    "RATE_LIMITS": "false",
    "LOG_LEVEL": "ERROR",
}

EVERYTHING = """
SELECT 'system', user_id, id::text, title FROM systems
UNION ALL SELECT 'checkin', user_id, id::text, notes FROM checkins
UNION ALL SELECT 'message', sender_id, id::text, text_content FROM direct_messages
UNION ALL SELECT 'key', user_id, key, replace(path, '/api/v1', '') FROM idempotency_keys
UNION ALL
SELECT 'notification', recipient_id,
       CASE WHEN type <> 'new_direct_message' THEN target_id ELSE '' END, type
FROM notifications
"""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Deployment:
    database: DurablePostgres
    api: Api

    @property
    def database_url(self) -> str:
        return self.database.server.url(DATABASE)

    def victim(self, name: str) -> Victim:
        return self.api if name == "api" else self.database

    def rows(self, sql: str) -> Counter[tuple[str, ...]]:
        """What the database holds, and how often."""
        lines = self.database.server.psql(sql, DATABASE).splitlines()
        return Counter(tuple(line.split("|")) for line in lines)


def place() -> str | None:
    """Memory for a quick look: processes that die lose neither what is there nor on the disk."""
    memory = Path("/dev/shm")
    quick = ROUNDS == 1 and memory.is_dir() and shutil.disk_usage(memory).free > ENOUGH_BYTES
    return str(memory) if quick else None


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    with ExitStack() as stack:
        api = Api()
        stack.callback(api.close)
        directory = Path(tempfile.mkdtemp(prefix="duotrak-test-", dir=place()))
        stack.callback(shutil.rmtree, directory)
        directory.chmod(0o755)  # the account that runs the server has to get there
        database = DurablePostgres(directory / "postgres")
        stack.callback(database.close)
        database.server.create_database(DATABASE)
        url = database.server.url(DATABASE)
        in_thread(upgrade_to_head, url)
        api.settings = SETTINGS | {"DATABASE_URL": url}
        api.start()
        api.wait_until_it_answers()
        yield Deployment(database, api)


@pytest.fixture
def people(deployment: Deployment) -> list[Person]:
    """Pairs of partners, and nobody else."""
    deployment.database.server.psql("DELETE FROM users", DATABASE)
    made: list[Person] = in_thread(asyncio.run, make_people(deployment.database_url))
    return made


async def make_people(database_url: str) -> list[Person]:
    database = Database(parse_database_url(database_url), pool_size=1)
    people: list[Person] = []
    async with database.session() as session:
        for _ in range(PAIRS):
            people += await make_partners(session, uuid4(), uuid4())
        await session.commit()
    await database.dispose()
    return people


async def make_partners(session: Session, *ids: UUID) -> list[Person]:
    now, users = SystemClock().now(), UserCrud(session)
    for user_id in ids:
        known = KnownAddress(user_id, f"{user_id}@example.com", now)
        await users.provision(known, username=None, name="Somebody", timezone="UTC", now=now)
    inviter_id, invitee_id = ids
    partnership = await PartnershipCrud(session).add_pending(inviter_id, now)
    activate(partnership, await users.lock(inviter_id, invitee_id), invitee_id, now)
    return [
        Person(inviter_id, invitee_id, token_of(inviter_id)),
        Person(invitee_id, inviter_id, token_of(invitee_id)),
    ]


def token_of(user_id: UUID) -> str:
    issuer, now = f"{SUPABASE_URL}/auth/v1", SystemClock().now()
    maker = TokenMaker(key=None, kid="-", issuer=issuer, now=now)  # type: ignore[arg-type]
    claims = maker.claims(sub=str(user_id), email=f"{user_id}@example.com")
    return compact({"alg": "HS256", "typ": "JWT"}, claims, hs(SECRET.encode()))


@pytest.mark.timeout(120 + 30 * ROUNDS)
@pytest.mark.parametrize("name", ["api", "database"])
def test_what_is_killed_under_load_loses_no_acknowledged_write_and_does_none_twice(
    name: str, deployment: Deployment, people: list[Person]
) -> None:
    victim, load = deployment.victim(name), Load(deployment.api.url, people)
    started: list[float] = []
    with load.running():
        for _ in range(ROUNDS):
            load.wait_for_answers(ANSWERS_BEFORE)
            with load.disturbed():
                victim.kill()
            load.wait_until_everybody_is_cut_off()
            victim.start()
            started.append(time.monotonic())
            load.wait_for_answers(ANSWERS_AFTER)
    until_first_answer = [
        recovered - start for recovered, start in zip(load.recoveries, started, strict=True)
    ]
    number = len(load.acknowledged)
    log.info("%s killed %s times, %s writes: %s", name, ROUNDS, number, load.tally)
    log.info("seconds until the first answer: %.2f at most", max(until_first_answer))

    if name == "database":
        assert load.tally.cut_off == 0, "the API itself was there all the time"
    holds_exactly(deployment, load.acknowledged)
    writes = [done.write for done in load.acknowledged]
    answers = in_thread(asyncio.run, repeat(deployment.api.url, writes))
    for done, again in zip(load.acknowledged, answers, strict=True):
        assert (again.status_code, again.content) == (201, done.answer)
        assert again.headers["idempotency-replayed"] == "true"
    holds_exactly(deployment, load.acknowledged)


def holds_exactly(deployment: Deployment, acknowledged: list[Acknowledged]) -> None:
    """Each write is there once, with the id that was told, and so is what follows from it."""
    wanted: Counter[tuple[str, ...]] = Counter()
    for done in acknowledged:
        author, partner = str(done.write.author.id), str(done.write.author.partner_id)
        wanted["key", author, done.write.key, done.write.path] += 1
        match done.write:
            case Write(path="/systems", body={"title": words}):
                wanted["system", author, done.id, words] += 1
            case Write(path="/checkins", body={"notes": words}):
                wanted["checkin", author, done.id, words] += 1
                wanted["notification", partner, done.id, "partner_checkin_completed"] += 1
            case Write(path="/messages", body={"textContent": words}):
                wanted["message", author, done.id, words] += 1
                # Those about the unread messages of a thread are one.
                wanted["notification", partner, "", "new_direct_message"] = 1
    assert deployment.rows(EVERYTHING) == wanted
    assert {kind for kind, *_ in wanted} == {"key", "system", "checkin", "message", "notification"}
