"""Logs: a line for each request, one format for everything, nobody's data in any of it."""

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from sqlalchemy import text

from app.api.routing import ApiRouter
from app.core.config import LogFormat
from app.core.logging import configure_logging, describe_exception
from tests.conftest import MakeApp, client_of
from tests.factories import Factory, Person
from tests.support import FrozenClock

ROOT = Path(__file__).parents[2]

# Whatever a person wrote carries this, so that one search finds it in any line.
MARK = "Zebra"
PASSWORD = f"{MARK} correct horse 1"


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers, root.level = handlers, level


@dataclass
class Logged:
    """An application whose log is read, and the people in it."""

    app: FastAPI
    client: httpx.AsyncClient
    alice: Person
    bob: Person
    read: Callable[[], str]

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.read().splitlines()]


@pytest.fixture
async def logged(
    make_app: MakeApp, clock: FrozenClock, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Logged]:
    app = await make_app(log_level="DEBUG")
    router = ApiRouter()

    @router.get("/broken/{secret}")
    async def broken(secret: str) -> None:
        try:
            raise KeyError(f"cause with {secret}")
        except KeyError as error:
            raise ValueError(f"message with {secret}") from error

    app.include_router(router)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(client_of(app))
        factory = Factory(app, clock, stack)
        alice = await factory.person(f"Alice{MARK}")
        bob = await factory.person(f"Bob{MARK}")
        await factory.partnership(alice, bob)

        def read() -> str:
            captured = capsys.readouterr()
            return captured.out + captured.err

        read()
        yield Logged(app, client, alice, bob, read)


async def test_a_request_is_one_line_with_id_user_route_status_and_duration(
    logged: Logged,
) -> None:
    response = await logged.alice.get(
        "/goals", params={"search": "x"}, headers={"X-Request-ID": "trace-me-0001"}
    )

    line, *others = logged.lines()
    assert others == []
    assert response.headers["x-request-id"] == line["request_id"] == "trace-me-0001"
    assert line["user_id"] == str(logged.alice.id)
    assert (line["event"], line["level"], line["method"]) == ("request", "info", "GET")
    assert line["route"] == "/api/v1/goals"
    assert line["status"] == 200
    assert 0 < line["duration_ms"] < 5000
    assert "timestamp" in line


async def test_the_route_is_the_template_and_never_the_address_itself(logged: Logged) -> None:
    await logged.client.get(f"/api/v1/partnerships/invite/{MARK}token")
    await logged.client.get(f"/nowhere/{MARK}")
    preview, nowhere = logged.lines()

    assert preview["route"] == "/api/v1/partnerships/invite/{token}"
    assert preview["status"] == 404
    assert "user_id" not in preview
    assert (nowhere["route"], nowhere["status"]) == (None, 404)


async def test_requests_at_the_same_time_do_not_mix_up_their_users(logged: Logged) -> None:
    people = [logged.alice, logged.bob] * 10
    await asyncio.gather(
        *(
            asyncio.create_task(
                person.get("/users/me", headers={"X-Request-ID": f"{person.id}-{number}"})
            )
            for number, person in enumerate(people)
        )
    )
    lines = [line for line in logged.lines() if line["event"] == "request"]
    assert len(lines) == 20
    for line in lines:
        assert line["request_id"].startswith(line["user_id"])


async def test_a_fault_is_logged_once_with_its_place_and_without_its_message(
    logged: Logged,
) -> None:
    response = await logged.client.get(f"/broken/{MARK}")
    error, request = logged.lines()

    assert response.status_code == 500
    assert response.json()["requestId"] == error["request_id"] == request["request_id"]
    assert (error["event"], error["level"]) == ("unexpected_error", "error")
    assert (error["error"], error["cause"]) == ("ValueError", "KeyError")
    assert error["frames"][-1].endswith(" broken")
    assert request["status"] == 500
    assert MARK not in str(error) + str(request) + response.text


async def test_nothing_that_a_person_wrote_and_no_secret_is_in_any_line(logged: Logged) -> None:
    secrets = await _whole_session(logged)
    output = logged.read()

    lines = [json.loads(line) for line in output.splitlines()]
    statuses = {line["status"] for line in lines if line["event"] == "request"}
    assert statuses >= {200, 201, 204, 400, 401, 404, 409, 413, 415, 422, 500}
    for secret in (MARK, MARK.lower(), "%5A", "@example.com", "Bearer", *secrets):
        assert secret not in output, secret


async def _whole_session(logged: Logged) -> list[str]:
    """Everything that two people may do, and much that they should not; returns the secrets."""
    anyone, alice, bob = logged.client, logged.alice, logged.bob
    api = "/api/v1"
    email = f"{MARK.lower()}@example.com"
    account = {"email": email, "password": PASSWORD, "name": f"{MARK} Person"}
    await anyone.post(f"{api}/auth/signup", json=account)
    await anyone.post(f"{api}/auth/signup", json=account | {"password": MARK, "email": MARK})
    wrong = {"email": alice.email, "password": f"wrong {MARK}"}
    await anyone.post(f"{api}/auth/login", json=wrong)
    form = {"username": alice.email, "password": f"wrong {MARK}"}
    await anyone.post(f"{api}/auth/token", data=form)
    right = {"email": alice.email, "password": "correct horse battery"}
    session = (await anyone.post(f"{api}/auth/login", json=right)).json()["data"]
    await anyone.post(f"{api}/auth/token", data={"username": right["email"], **right})
    await anyone.post(f"{api}/auth/refresh", json={"refreshToken": session["refreshToken"]})
    await anyone.post(f"{api}/auth/refresh", json={"refreshToken": MARK})
    await anyone.post(f"{api}/auth/verify-email", json={"token": MARK})
    await anyone.post(f"{api}/auth/reset-password", json={"token": MARK, "newPassword": PASSWORD})
    await anyone.post(f"{api}/auth/forgot-password", json={"email": alice.email})
    await anyone.get(f"{api}/users/me", headers={"Authorization": f"Bearer {MARK}"})
    await anyone.get(f"{api}/unknown/{MARK}", params={"email": email})
    await anyone.get(f"{api}/partnerships/invite/{MARK}", params={"q": MARK})
    headers = {"content-type": "application/json"}
    await alice.client.post(f"{api}/goals", content=f'{{"title": "{MARK}', headers=headers)
    await alice.client.post(f"{api}/goals", content=MARK, headers={"content-type": "text/plain"})
    await alice.client.post(f"{api}/goals", content=MARK * 300_000, headers=headers)
    await alice.put("/users/me", {"name": MARK * 100, "bio": MARK, MARK: MARK})
    await alice.put("/users/me", {"name": f"{MARK} Alice", "username": MARK.lower()})
    await bob.put("/users/me", {"username": MARK.lower()})
    await alice.get("/goals", params={"search": MARK, "page": MARK})
    goal = (await alice.post("/goals", {"title": MARK, "description": MARK})).json()["data"]
    await alice.get(f"/goals/{goal['id']}", params={"x": MARK})
    fields = {"frequency": "daily", "metricType": "binary"}
    system = (await alice.post("/systems", {"title": MARK, **fields})).json()["data"]
    checkin = {"systemId": system["id"], "notes": f"{MARK} notes"}
    await alice.post("/checkins", checkin, headers={"Idempotency-Key": f"{MARK}-key"})
    await alice.post("/checkins", checkin)
    await alice.post("/checkins", checkin | {"notes": MARK * 5000})
    await bob.get("/notifications", params={"filter": MARK})
    await _fault(logged, alice)
    await anyone.post(f"{api}/auth/logout", headers={"Authorization": f"Bearer {session['token']}"})
    return [
        session["token"],
        session["token"].split(".")[2],
        session["refreshToken"],
        alice.token.split(".")[2],
        PASSWORD,
        "correct horse battery",
    ]


async def _fault(logged: Logged, alice: Person) -> None:
    """The database refuses, quoting the row; a bug quotes it too."""
    async with logged.app.state.database.engine.begin() as connection:
        for statement in (
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'refused %', NEW USING DETAIL = NEW.title; END $$",
            "CREATE TRIGGER refuse BEFORE INSERT ON goals FOR EACH ROW EXECUTE FUNCTION refuse()",
        ):
            await connection.execute(text(statement))
    assert (await alice.post("/goals", {"title": MARK})).status_code == 500
    assert (await logged.client.get(f"/broken/{MARK}")).status_code == 500


def test_the_logs_of_libraries_have_the_same_format_and_no_message_of_an_exception(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(level="INFO", log_format=LogFormat.JSON)
    structlog.contextvars.clear_contextvars()
    try:
        raise ValueError(f"quotes {MARK}")
    except ValueError as error:
        logging.getLogger("some.library").error("It failed: %s", "why", exc_info=error)
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
        logging.getLogger("asyncio").error(
            "Task exception was never retrieved\nfuture: <Task exception=%r>", error
        )
    structlog.get_logger().info("ours", number=1)
    logging.getLogger("some.library").debug("not at this level")

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == [
        "It failed: why",
        "Exception in ASGI application",
        "Task exception was never retrieved",
        "ours",
    ]
    for line in lines:
        assert {"event", "level", "timestamp"} <= line.keys()
    assert [line.get("logger") for line in lines] == [
        "some.library",
        "uvicorn.error",
        "asyncio",
        None,
    ]
    assert lines[0]["error"] == lines[1]["error"] == "ValueError"
    assert MARK not in str(lines)


def test_an_exception_is_described_without_what_it_says() -> None:
    try:
        try:
            int(MARK)
        except ValueError as cause:
            raise RuntimeError(MARK) from cause
    except RuntimeError as error:
        described = describe_exception(error)
    assert (described["error"], described["cause"]) == ("RuntimeError", "ValueError")
    assert "test_logging.py" in described["frames"][-1]
    assert MARK not in str(described)


def test_the_served_application_writes_nothing_but_json_lines(
    make_database: Callable[[], str],
) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "ENVIRONMENT": "test",
        "DATABASE_URL": make_database(),
        "SUPABASE_URL": "http://supabase.invalid",
        "SUPABASE_PUBLISHABLE_KEY": "publishable",
        "SUPABASE_SECRET_KEY": "secret",
        "EMAIL_MODE": "off",
        "BACKGROUND_JOBS": "false",
    }
    server = subprocess.Popen(
        [Path(sys.executable).with_name("duotrak"), "serve", "--port", "0"],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert server.stdout is not None
    output = []
    for line in server.stdout:
        output.append(line)
        if "running on" in line:
            break
    address = output[-1].partition("http://")[2].split()[0]
    answer = httpx.get(f"http://{address}/api/v1/partnerships/invite/{MARK}?email={MARK}")
    server.send_signal(signal.SIGTERM)
    output += server.communicate(timeout=15)[0].splitlines()

    assert answer.status_code == 404
    lines = [json.loads(line) for line in output]
    assert {"uvicorn.error", None} <= {line.get("logger") for line in lines}
    assert [line["status"] for line in lines if line["event"] == "request"] == [404]
    assert MARK not in str(lines)
