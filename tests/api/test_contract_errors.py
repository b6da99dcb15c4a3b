"""Errors that no endpoint raises: what the framework, the server and faults produce."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI, Header

from tests.conftest import MakeApp, client_of
from tests.factories import API, Factory
from tests.support import FrozenClock, assert_error, data_of, rows

JSON = {"Content-Type": "application/json"}
TOO_LARGE = 1_000_001


async def send(factory: Factory, content: Any, headers: dict[str, str] | None = None) -> Any:
    """POST /goals by somebody who is signed in, with any body."""
    alice = await factory.person("Alice")
    return await alice.client.post(
        f"{API}/goals", content=content, headers=JSON if headers is None else headers
    )


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/api",
        API,
        f"{API}/",
        f"{API}/nothing",
        f"{API}/goals/",
        f"{API}/users/me/",
        f"{API}//goals",
        "/api/v2/goals",
        "/healthz/",
        f"{API}/%2e%2e/healthz",
        "/_local/mailbox/../../etc/passwd",
    ],
)
async def test_an_unknown_address_is_not_found_and_leads_nowhere_else(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path)

    assert_error(answer, 404, "not_found")
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"not json",
        b'{"title": "a",}',
        b"{'title': 'a'}",
        b'{"title": "a"} {}',
        b'{"title": tru}',
        b'"\\x"',
    ],
)
async def test_malformed_json_is_a_bad_request(
    factory: Factory, app: FastAPI, content: bytes
) -> None:
    assert_error(await send(factory, content), 400, "malformed_json")
    assert await rows(app, "SELECT id FROM goals") == []


@pytest.mark.parametrize(
    "content",
    [
        b'{"title": "\xff\xfe"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"title": ' + b"9" * 5000 + b"}",
    ],
)
async def test_json_that_cannot_be_read_is_a_bad_request_and_no_fault(
    factory: Factory, app: FastAPI, content: bytes
) -> None:
    assert_error(await send(factory, content), 400, "malformed_json")
    assert await rows(app, "SELECT id FROM goals") == []


@pytest.mark.parametrize("content", [b"null", b"[]", b'"text"', b"7", b"true", b'[{"title":"a"}]'])
async def test_json_that_is_no_object_is_refused(
    factory: Factory, app: FastAPI, content: bytes
) -> None:
    (error,) = assert_error(await send(factory, content), 422, "validation_failed")["errors"]

    assert error["field"] == "body"
    assert await rows(app, "SELECT id FROM goals") == []


@pytest.mark.parametrize("headers", [{}, JSON])
async def test_an_empty_body_is_refused(factory: Factory, headers: dict[str, str]) -> None:
    (error,) = assert_error(await send(factory, b"", headers), 422, "validation_failed")["errors"]

    assert error["field"] == "body"
    assert error["code"] == "missing"


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/json",
        "application/jsonp",
        "application/xml",
        "json",
    ],
)
async def test_another_content_type_is_refused(factory: Factory, app: FastAPI, kind: str) -> None:
    answer = await send(factory, b'{"title": "a"}', {"Content-Type": kind})

    assert_error(answer, 415, "unsupported_media_type")
    assert await rows(app, "SELECT id FROM goals") == []


@pytest.mark.parametrize(
    "kind",
    ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"],
)
async def test_json_by_any_of_its_names_is_accepted(factory: Factory, kind: str) -> None:
    answer = await send(factory, b'{"title": "a"}', {"Content-Type": kind})

    assert data_of(answer, 201)["title"] == "a"


async def chunks(size: int, each: int = 65_536) -> AsyncIterator[bytes]:
    yield b'{"title": "'
    for start in range(0, size, each):
        yield b"x" * min(each, size - start)
    yield b'"}'


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_is_too_large_is_refused(
    factory: Factory, app: FastAPI, chunked: bool
) -> None:
    content = chunks(TOO_LARGE) if chunked else b'{"title": "' + b"x" * TOO_LARGE + b'"}'

    answer = await send(factory, content)

    message = assert_error(answer, 413, "body_too_large")["message"]
    assert message == "The request is too large: it may have at most 1 MB."
    assert answer.headers.get_list("cache-control") == ["no-store"]
    assert await rows(app, "SELECT id FROM goals") == []


async def test_a_large_body_is_not_read_to_its_end(factory: Factory) -> None:
    alice = await factory.person("Alice")
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 50_000_000:
            sent += 65_536
            yield b" " * 65_536

    answer = await alice.client.post(f"{API}/goals", content=endless(), headers=JSON)

    assert_error(answer, 413, "body_too_large")
    assert sent < 2_000_000


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(
    client: httpx.AsyncClient,
) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        read += 1
        yield b"x" * TOO_LARGE

    answer = await client.post(
        f"{API}/auth/login",
        content=body(),
        headers=JSON | {"Content-Length": str(TOO_LARGE), "Origin": "https://app.test"},
    )

    assert_error(answer, 413, "body_too_large")
    assert read == 0
    assert answer.headers["access-control-allow-origin"] == "https://app.test"


async def test_a_body_just_within_the_limit_is_read(factory: Factory) -> None:
    content = b'{"title": "a"}' + b" " * 980_000

    assert data_of(await send(factory, content), 201)["title"] == "a"


async def test_fields_are_named_by_their_dotted_path(factory: Factory) -> None:
    alice = await factory.person("Alice")
    body = {"target_date": "x", "start_date": "y", "no_such_field": 1}

    errors = assert_error(await alice.post("/goals", body), 422, "validation_failed")["errors"]

    assert {error["field"] for error in errors} == {
        "title",
        "targetDate",
        "startDate",
        "noSuchField",
    }
    for error in errors:
        assert error.keys() == {"field", "message", "code"}
        assert error["message"][0].islower()


async def test_what_was_sent_is_never_repeated(factory: Factory) -> None:
    secret = "hunter2-secret-value"
    alice = await factory.person("Alice")

    for body in (
        {"title": [secret]},
        {"title": "a", "status": secret},
        {"title": "a", "targetDate": secret},
        {"title": "a", "priority": secret},
    ):
        assert secret not in (await alice.post("/goals", body)).text


async def broken_app(
    make_app: MakeApp, clock: FrozenClock, stack: AsyncExitStack
) -> tuple[FastAPI, Factory]:
    """An application whose goals cannot be written: a fault as it may happen, not a stand-in."""
    app = await make_app()
    async with app.state.database.engine.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE goals RENAME TO lost_goals")
    return app, Factory(app, clock, stack)


async def test_a_fault_says_nothing_of_its_inside_or_of_anybody(
    make_app: MakeApp, clock: FrozenClock, capsys: pytest.CaptureFixture[str]
) -> None:
    async with AsyncExitStack() as stack:
        _, factory = await broken_app(make_app, clock, stack)
        alice = await factory.person("Alice")
        capsys.readouterr()

        answer = await alice.post(
            "/goals", {"title": "My private title"}, headers={"Origin": "https://app.test"}
        )

        body = assert_error(answer, 500, "internal_error")
        assert body.keys() == {"success", "message", "code", "requestId"}
        assert body["message"] == "Something went wrong on our side. Please try again."
        assert answer.headers["access-control-allow-origin"] == "https://app.test"
        assert answer.headers["x-content-type-options"] == "nosniff"
        logged = capsys.readouterr().out
        assert body["requestId"] in logged
        assert "unexpected_error" in logged
        for private in ("My private title", alice.email, alice.token, "goals SET", "INSERT"):
            assert private not in logged
            assert private not in answer.text
        assert data_of(await alice.get("/users/me"))["id"] == str(alice.id)


async def test_a_fault_is_not_stored_under_an_idempotency_key(
    make_app: MakeApp, clock: FrozenClock
) -> None:
    async with AsyncExitStack() as stack:
        app, factory = await broken_app(make_app, clock, stack)
        alice = await factory.person("Alice")
        key = {"Idempotency-Key": "again"}

        failed = await alice.post("/goals", {"title": "a"}, headers=key)
        async with app.state.database.engine.begin() as connection:
            await connection.exec_driver_sql("ALTER TABLE lost_goals RENAME TO goals")
        repaired = await alice.post("/goals", {"title": "a"}, headers=key)

        assert_error(failed, 500, "internal_error")
        assert data_of(repaired, 201)["title"] == "a"
        assert "idempotency-replayed" not in repaired.headers


async def test_a_dependency_that_fails_is_a_fault_like_any_other(make_app: MakeApp) -> None:
    app = await make_app()
    tokens, app.state.tokens = app.state.tokens, None
    async with client_of(app) as client:
        answer = await client.get(f"{API}/goals", headers={"Authorization": "Bearer a.b.c"})
    app.state.tokens = tokens

    assert_error(answer, 500, "internal_error")
    assert "NoneType" not in answer.text


async def test_a_database_that_is_away_is_unavailable_and_not_a_fault(
    make_app: MakeApp,
) -> None:
    app = await make_app(
        database_url="postgresql://nobody@127.0.0.1:1/nothing",
        supabase_url="https://project.supabase.co",  # local mode would need the database to start
    )
    async with client_of(app) as client:
        answer = await client.get(f"{API}/partnerships/invite/some-token")
        ready = await client.get("/readyz")
        healthy = await client.get("/healthz")

    assert_error(answer, 503, "service_unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert ready.status_code == 503
    assert ready.json()["database"] == "unreachable"
    assert healthy.status_code == 200


async def test_headers_are_named_as_they_are_sent(make_app: MakeApp) -> None:
    app = await make_app()

    @app.get("/probe")
    async def probe(some_number: Annotated[int, Header(alias="Some-Number")]) -> int:
        return some_number

    async with client_of(app) as client:
        answer = await client.get("/probe", headers={"Some-Number": "many"})

    (error,) = assert_error(answer, 422, "validation_failed")["errors"]
    assert error["field"] == "Some-Number"


async def test_names_in_capitals_stay_so_in_messages(factory: Factory) -> None:
    alice = await factory.person("Alice")

    (error,) = assert_error(
        await alice.post("/checkins", {"systemId": 5}), 422, "validation_failed"
    )["errors"]

    assert error["field"] == "systemId"
    assert error["message"].startswith("UUID input")
