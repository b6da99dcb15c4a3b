"""Behind a transaction pooler nothing fails and nobody gets somebody else's rows.

Needs the program `pgbouncer`. Without it the test is skipped on a developer's machine, and fails
where CI=true, since `.ci/run` installs it.
"""

import subprocess
import sys
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from app.db.session import SESSION_SETTINGS
from app.local.postgres import EmbeddedPostgres
from tests.db import pooler_client, pooler_rows
from tests.fakes.pgbouncer import pgbouncer, require_pgbouncer

PROCESSES = 3
QUESTIONS_EACH = 2_720  # each fourth asks two queries: 3,400, and 10,200 in all


@pytest.fixture
def pooled_url(postgres: EmbeddedPostgres, make_database: Callable[[], str]) -> str:
    require_pgbouncer()
    url = make_database()
    postgres.psql(pooler_rows.INSERT, urlsplit(url).path[1:])
    return url


def test_10_000_queries_of_3_processes_through_pgbouncer_all_get_their_own_answer(
    pooled_url: str,
) -> None:
    with pgbouncer(pooled_url) as url:
        clients = [
            subprocess.Popen(
                [sys.executable, "-m", pooler_client.__name__, url, str(QUESTIONS_EACH), "off"],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(PROCESSES)
        ]
        answers = [client.communicate(timeout=60) for client in clients]

    assert [error[-2000:] for _, error in answers] == [""] * PROCESSES
    assert [int(right) for right, _ in answers] == [QUESTIONS_EACH] * PROCESSES


async def test_the_timeouts_hold_in_each_transaction_and_do_not_leak_into_the_pooled_connection(
    pooled_url: str,
) -> None:
    with pgbouncer(pooled_url) as url:
        database = pooler_client.make_database(url, caches=False)
        names = list(SESSION_SETTINGS)
        shown = ", ".join(f"current_setting('{name}')" for name in names)
        async with database.engine.begin() as connection:
            inside = (await connection.exec_driver_sql(f"SELECT {shown}")).one()
        await database.dispose()

    assert dict(zip(names, inside, strict=True)) == {
        "statement_timeout": "5s",
        "lock_timeout": "2s",
        "idle_in_transaction_session_timeout": "10s",
        "jit": "off",
    }
