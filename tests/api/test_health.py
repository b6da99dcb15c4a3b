"""Whether the process is up, and whether it can serve."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.db.migrations import head_revision
from tests.conftest import MakeApp, client_of
from tests.support import change_rows


async def test_healthz_answers_without_the_database_and_without_a_token(
    client: httpx.AsyncClient, app: FastAPI
) -> None:
    engine = app.state.database.engine
    async with engine.connect() as connection:
        before = await connection.scalar(text(TRANSACTIONS))
        response = await client.get("/healthz")
        after = await connection.scalar(text(TRANSACTIONS))

    assert response.status_code == 200
    assert response.json() == {"status": "ok"}
    assert response.headers["x-request-id"]
    assert engine.pool.checkedout() == 0
    assert before == after


TRANSACTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"


async def test_readyz_is_ready_on_the_schema_of_this_version(client: httpx.AsyncClient) -> None:
    response = await client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ready",
        "database": "reachable",
        "migrations": "current",
    }


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE alembic_version SET version_num = '0000'",
        "DELETE FROM alembic_version",
        "DROP TABLE alembic_version",
    ],
)
async def test_readyz_is_not_ready_on_any_other_schema(make_app: MakeApp, change: str) -> None:
    app = await make_app()
    await change_rows(app, change)
    async with client_of(app) as client:
        response = await client.get("/readyz")
        up = await client.get("/healthz")

    assert response.status_code == 503
    body: dict[str, Any] = response.json()
    assert body["status"] == "not_ready"
    assert body["migrations"] == "behind"
    assert body["database"] == "reachable"
    assert up.status_code == 200
    assert app.state.database.engine.pool.checkedout() == 0


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_probes_may_ask_for_the_status_alone(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.head(path)

    assert answer.status_code == 200
    assert (await client.get(path)).headers["content-length"] == answer.headers["content-length"]


def test_the_known_revision_is_the_newest_file() -> None:
    assert head_revision() is not None
    assert head_revision() is head_revision()  # read once
