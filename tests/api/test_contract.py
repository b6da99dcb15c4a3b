"""The shape of every answer: the envelope, headers, CORS, caching and instants."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.factories import API, Factory, Person
from tests.support import assert_error, data_of

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
CAMEL_CASE = re.compile(r"[a-z][a-zA-Z0-9]*")
SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}
LISTS = ["/goals", "/systems", "/checkins", "/verifications/queue", "/notifications"]


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every key and value of a JSON document."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield key, part
            yield from walk(part, f"{path}.{key}")
    elif isinstance(value, list):
        for part in value:
            yield from walk(part, path)


async def rich_answers(factory: Factory) -> list[httpx.Response]:
    """One success of every operation that reads, with something in it."""
    alice, bob = await factory.partners()
    goal = await factory.goal(alice, targetDate="2026-05-01")
    system = await factory.system(
        alice, goalId=goal["id"], verificationRequired=True, targetTimeLocal="07:00"
    )
    await factory.checkin(alice, system["id"])
    paths: list[tuple[Person, str]] = [
        (alice, "/users/me"),
        (alice, "/partnerships/current"),
        (alice, f"/goals/{goal['id']}"),
        (alice, f"/goals/{goal['id']}/systems"),
        (alice, f"/systems/{system['id']}"),
        (bob, "/verifications/queue"),
        (bob, "/notifications"),
        *((alice, path) for path in LISTS),
    ]
    return [await person.get(path) for person, path in paths]


async def test_success_has_the_frame_and_nothing_else(factory: Factory) -> None:
    for answer in await rich_answers(factory):
        assert answer.json().keys() == {"success", "message", "data"}
        assert data_of(answer) is not None
        assert answer.headers["content-type"] == "application/json"


async def test_instants_are_utc_with_z_and_names_are_camel_case(factory: Factory) -> None:
    instants = 0
    for answer in await rich_answers(factory):
        for key, value in walk(answer.json()):
            assert CAMEL_CASE.fullmatch(key), key
            if key.endswith(("At", "AtUtc", "TimestampUtc")) or key == "timestamp":
                assert value is None or INSTANT.fullmatch(value), (key, value)
                instants += value is not None
            if key.endswith("Date"):
                assert value is None or re.fullmatch(r"\d{4}-\d\d-\d\d", value)
            if key.endswith("TimeLocal"):
                assert value is None or re.fullmatch(r"\d\d:\d\d", value)
    assert instants > 20


@pytest.mark.parametrize("path", LISTS)
async def test_lists_have_items_and_pagination(factory: Factory, path: str) -> None:
    alice = await factory.person("Alice")

    data = data_of(await alice.get(path))

    assert data.keys() == {"items", "pagination"}
    assert data["pagination"] | {"unreadCount": 0} == {
        "currentPage": 1,
        "limit": 20,
        "totalItems": 0,
        "totalPages": 0,
        "hasNextPage": False,
        "unreadCount": 0,
    }


@pytest.mark.parametrize("given", ["abcd1234", "a" * 128, "0b0c6f7e-2f8d-4c1d.9a3e_x"])
async def test_a_plausible_request_id_is_kept(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get(f"{API}/goals", headers={"X-Request-ID": given})

    assert answer.headers.get_list("x-request-id") == [given]
    assert answer.json()["requestId"] == given


@pytest.mark.parametrize(
    "given",
    [b"", b"short", b"a" * 129, b"with space", b"<script>", b"new\tline1", b"\xff\xfe\xff\xfe\xff"],
)
async def test_any_other_request_id_is_replaced(client: httpx.AsyncClient, given: bytes) -> None:
    answer = await client.get(f"{API}/goals", headers=[(b"X-Request-ID", given)])

    (made,) = answer.headers.get_list("x-request-id")
    assert re.fullmatch(r"[0-9a-f]{32}", made)
    assert answer.json()["requestId"] == made


async def test_every_request_gets_an_id_of_its_own(client: httpx.AsyncClient) -> None:
    ids = {(await client.get("/healthz")).headers["x-request-id"] for _ in range(5)}

    assert len(ids) == 5


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/healthz", 200),
        ("/readyz", 200),
        ("/docs", 200),
        (f"{API}/openapi.json", 200),
        (f"{API}/goals", 401),
        (f"{API}/nothing", 404),
        ("/nothing", 404),
    ],
)
async def test_security_headers_are_on_every_answer(
    client: httpx.AsyncClient, path: str, status: int
) -> None:
    answer = await client.get(path)

    assert answer.status_code == status
    assert SECURITY_HEADERS.items() <= dict(answer.headers).items()
    assert "max-age=" in answer.headers["strict-transport-security"]
    assert "server" not in answer.headers
    assert "x-powered-by" not in answer.headers


async def test_nothing_of_the_api_is_cached(factory: Factory, client: httpx.AsyncClient) -> None:
    alice = await factory.person("Alice")

    for answer in (
        await alice.get("/users/me"),
        await alice.get("/goals"),
        await alice.post("/goals", {"title": ""}),
        await client.get(f"{API}/goals"),
        await client.get(f"{API}/nothing"),
    ):
        assert answer.headers.get_list("cache-control") == ["no-store"]
    assert "cache-control" not in (await client.get("/healthz")).headers


ORIGINS = ["https://app.test", "http://localhost:3000", "http://127.0.0.1:3000"]
OTHERS = [
    "https://evil.test",
    "http://app.test",
    "https://app.test.evil.test",
    "https://app.test:8443",
    "https://sub.app.test",
    "null",
]


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize(("path", "status"), [("/goals", 401), ("/nothing", 404)])
async def test_the_client_may_read_answers_and_errors(
    client: httpx.AsyncClient, origin: str, path: str, status: int
) -> None:
    answer = await client.get(API + path, headers={"Origin": origin})

    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == origin
    assert "Origin" in answer.headers["vary"]
    exposed = answer.headers["access-control-expose-headers"]
    for name in ("X-Request-ID", "Retry-After", "Idempotency-Replayed"):
        assert name in exposed
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("origin", OTHERS)
async def test_other_origins_may_not(factory: Factory, origin: str) -> None:
    alice = await factory.person("Alice")

    answer = await alice.get("/goals", headers={"Origin": origin})

    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_the_client_may_ask_before_it_sends(client: httpx.AsyncClient, method: str) -> None:
    answer = await client.options(
        f"{API}/goals",
        headers={
            "Origin": "https://app.test",
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
        },
    )

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://app.test"
    assert method in answer.headers["access-control-allow-methods"]
    assert "idempotency-key" in answer.headers["access-control-allow-headers"]


@pytest.mark.parametrize("origin", OTHERS)
async def test_others_may_not_even_ask(client: httpx.AsyncClient, origin: str) -> None:
    answer = await client.options(
        f"{API}/goals", headers={"Origin": origin, "Access-Control-Request-Method": "POST"}
    )

    assert_error(answer, 400, "bad_request")
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "DELETE", "PUT", "BREW"])
async def test_a_method_that_is_not_supported_names_those_that_are(
    factory: Factory, app: FastAPI, method: str
) -> None:
    alice = await factory.person("Alice")

    answer = await alice.client.request(method, f"{API}/goals")

    assert answer.status_code == 405
    if method != "HEAD":  # whose answers have no body
        assert_error(answer, 405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "POST"}


async def test_health_and_readiness_need_no_account(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    assert (await client.get("/readyz")).json() == {
        "status": "ready",
        "database": "reachable",
        "migrations": "current",
    }
