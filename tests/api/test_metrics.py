"""`/metrics`: what it tells, to whom, and what it never tells."""

import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from app.core.config import Environment
from tests.conftest import MakeApp, client_of
from tests.factories import Factory, Person
from tests.support import assert_error, change_rows

TOKEN = "a token of sixteen or more"
BEARER = {"Authorization": f"Bearer {TOKEN}"}

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
async def app(make_app: MakeApp) -> FastAPI:
    return await make_app(metrics_token=TOKEN, database_pool_size=7)


@pytest.fixture
async def alice(factory: Factory) -> Person:
    return await factory.person("Alice")


async def measured(app: FastAPI) -> Samples:
    async with client_of(app, headers=BEARER) as prometheus:
        answer = await prometheus.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found: Samples = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found[sample.name, frozenset(sample.labels.items())] = sample.value
    return found


def requests_to(samples: Samples, route: str) -> dict[tuple[str, str], float]:
    """How many requests of each method and class of status were counted."""
    counts = {}
    for (name, given), value in samples.items():
        labels = dict(given)
        if name == "http_server_request_duration_seconds_count" and labels["http_route"] == route:
            key = labels["http_request_method"], labels["http_response_status_class"]
            counts[key] = value
    return counts


async def test_requests_are_counted_by_route_method_and_class_of_status(
    app: FastAPI, factory: Factory, alice: Person
) -> None:
    goal = await factory.goal(alice)
    for _ in range(2):
        await alice.get(f"/goals/{goal['id']}")
    await alice.get("/goals/00000000-0000-0000-0000-000000000000")
    await alice.delete(f"/goals/{goal['id']}")

    samples = await measured(app)

    assert requests_to(samples, "/api/v1/goals/{goal_id}") == {
        ("GET", "2xx"): 2,
        ("GET", "4xx"): 1,
        ("DELETE", "2xx"): 1,
    }
    assert requests_to(samples, "/api/v1/goals") == {("POST", "2xx"): 1}
    assert samples["process_resident_memory_bytes", frozenset()] > 1_000_000
    assert goal["id"] not in str(samples)
    assert str(alice.id) not in str(samples)


async def test_made_up_paths_and_methods_make_no_new_series(app: FastAPI) -> None:
    async with client_of(app) as stranger:
        for number in range(5):
            await stranger.get(f"/made/up/{number}")
            await stranger.request(f"M{number}", "/healthz")

    samples = await measured(app)

    assert requests_to(samples, "") == {("GET", "4xx"): 5}
    assert sum(requests_to(samples, "/healthz").values()) == 5
    assert {method for method, _ in requests_to(samples, "/healthz")} == {"_OTHER"}


async def test_connections_and_jobs_are_counted(app: FastAPI, alice: Person) -> None:
    await alice.get("/users/me")
    await change_rows(
        app,
        "INSERT INTO pgqueuer (priority, entrypoint, status) VALUES"
        " (0, 'one', 'queued'), (0, 'two', 'queued'), (0, 'three', 'failed')",
    )
    async with app.state.database.engine.connect():
        samples = await measured(app)

    used = samples["db_client_connection_count", frozenset({("state", "used")})]
    assert used == 1
    assert samples["db_client_connection_max", frozenset()] == 7
    assert samples["duotrak_jobs", frozenset({("status", "queued")})] == 2
    assert samples["duotrak_jobs", frozenset({("status", "failed")})] == 1


async def test_without_the_jobs_the_rest_is_told(app: FastAPI, alice: Person) -> None:
    await alice.get("/users/me")
    await change_rows(app, "ALTER TABLE pgqueuer RENAME TO away")

    samples = await measured(app)

    assert requests_to(samples, "/api/v1/users/me") == {("GET", "2xx"): 1}
    assert not any(name == "duotrak_jobs" for name, _ in samples)


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Basic x", TOKEN, "Bearer é"])
async def test_nobody_else_is_told(app: FastAPI, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization.encode()}
    async with client_of(app) as stranger:
        refused = await stranger.get("/metrics", headers=headers)  # type: ignore[arg-type]

    assert_error(refused, 401, "not_authenticated")
    assert "duotrak" not in refused.text


async def test_without_a_token_nothing_is_measured_but_in_local_mode(
    make_app: MakeApp,
) -> None:
    async with client_of(await make_app()) as stranger:
        assert_error(await stranger.get("/metrics"), 404, "not_found")

    local = await make_app(environment=Environment.LOCAL)
    async with client_of(local) as developer:
        assert (await developer.get("/metrics")).status_code == 200
