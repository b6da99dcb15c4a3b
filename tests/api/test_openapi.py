"""The OpenAPI document: complete, true, and changed only on purpose.

`UPDATE_SNAPSHOTS=1 uv run pytest tests/api/test_openapi.py` writes the snapshot anew.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import httpx
import schemathesis

from app.core.errors import ErrorCode
from app.core.live_position import RESUMABLE_FOR
from tests.api.document import (
    API_OPERATIONS,
    DOCUMENT,
    OPERATIONS,
    each_api_operation,
    each_operation,
    examples_of,
    operation_of,
    resolve,
)
from tests.factories import API, Factory, Person

SNAPSHOT = Path(__file__).parent.parent / "snapshots" / "openapi.json"

DATES_REVERSED = {"start_date": "2026-02-02", "target_date": "2026-01-01"}

# Codes that no operation documents, and why.
RESERVED = {
    ErrorCode.NOT_FOUND: "there is no operation at the address",
    ErrorCode.METHOD_NOT_ALLOWED: "there is no operation for the method",
    ErrorCode.CONFLICT: "for conflicts that have no code of their own; none so far",
}
# Answers that people see in a browser, from a link in an e-mail.
PAGES = {"showUnsubscribe", "unsubscribe"}
# Answers that are no envelope, each for its own reason.
WITHOUT_ENVELOPE = {
    "token": "OAuth2 prescribes the answer",
    "getHealth": "for machines",
    "getReadiness": "for machines",
    "exportMe": "one document to keep",
}


def test_the_document_is_the_one_that_was_agreed() -> None:
    text = json.dumps(DOCUMENT, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.parent.mkdir(exist_ok=True)
        SNAPSHOT.write_text(text, encoding="utf-8")

    agreed = SNAPSHOT.read_text(encoding="utf-8")

    assert json.loads(agreed) == DOCUMENT, (
        "The API changed. If that is wanted, run with UPDATE_SNAPSHOTS=1 and review the difference."
    )


def test_operation_ids_are_camel_case_and_unique() -> None:
    ids = [operation["operationId"] for _, operation in OPERATIONS]

    assert len(set(ids)) == len(ids)
    assert [name for name in ids if not re.fullmatch(r"[a-z]+([A-Z][a-z0-9]*)*", name)] == []


@each_operation
def test_an_operation_says_what_it_is(operation: dict[str, Any]) -> None:
    assert operation["summary"][0].isupper()
    assert not operation["summary"].endswith(".")
    assert len(operation["description"]) > 10
    assert len(operation["tags"]) == 1


@each_api_operation
def test_bodies_are_typed_and_closed(operation: dict[str, Any]) -> None:
    if "requestBody" not in operation:
        return
    for content in operation["requestBody"]["content"].values():
        schema = resolve(content["schema"])
        schema = resolve(schema["items"]) if schema.get("type") == "array" else schema
        assert schema.get("properties") or "anyOf" in schema or "oneOf" in schema, schema


@each_api_operation
def test_success_is_typed_and_framed(operation: dict[str, Any]) -> None:
    (status,) = [status for status in operation["responses"] if status.startswith(("2", "3"))]
    response = operation["responses"][status]
    if status in ("204", "302"):
        assert "content" not in response
        return
    if operation["operationId"] == "streamLiveUpdates":
        (content,) = response["content"].values()
        assert content["itemSchema"]["properties"]["data"]["contentSchema"]["oneOf"]
        return
    if operation["operationId"] in PAGES:
        assert list(response["content"]) == ["text/html"]
        return
    schema = resolve(response["content"]["application/json"]["schema"])
    assert schema["properties"]
    if operation["operationId"] in WITHOUT_ENVELOPE:
        return
    assert {"success", "message", "data"} == schema["properties"].keys()
    assert schema["properties"]["data"] != {}


@each_api_operation
def test_errors_are_documented_with_true_examples(operation: dict[str, Any]) -> None:
    found = list(examples_of(operation))
    codes = {code for _, code, _ in found}

    assert {"internal_error", "service_unavailable"} <= codes
    assert ("not_authenticated" in codes) == bool(operation.get("security")) or (
        operation["tags"] == ["Auth"]
    )
    if "requestBody" in operation:
        assert {"body_too_large", "validation_failed"} <= codes
    for status, code, example in found:
        assert example["code"] == code == ErrorCode(code)
        assert example["success"] is False
        assert example["message"].endswith((".", "?")), example
        assert ("errors" in example) == (status == "422")
        assert operation["responses"][status]["content"]["application/json"]["schema"] == {
            "$ref": "#/components/schemas/ErrorBody"
        }
        assert f"`{code}`" in operation["responses"][status]["description"]


@each_operation
def test_parameters_are_typed_and_camel_case(operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", []):
        assert parameter["schema"], parameter
        if parameter["in"] == "query":
            assert re.fullmatch(r"[a-z][a-zA-Z]*", parameter["name"]), parameter
        if parameter["in"] == "path":
            assert parameter["required"] is True


def test_every_property_is_camel_case_but_those_that_others_prescribe() -> None:
    prescribed = re.compile(r"OAuth2Token|Body_token|Body_unsubscribe|Supabase|Webhook|Export")
    wrong = [
        f"{name}.{field}"
        for name, schema in DOCUMENT["components"]["schemas"].items()
        if not prescribed.search(name)
        for field in schema.get("properties", {})
        if not re.fullmatch(r"[a-z][a-zA-Z0-9]*", field)
    ]

    assert wrong == []


def test_every_code_is_documented_or_reserved_for_a_reason() -> None:
    documented = {code for _, operation in OPERATIONS for _, code, _ in examples_of(operation)}
    reserved = {code.value for code in RESERVED}

    assert documented | reserved == {code.value for code in ErrorCode}
    assert documented & reserved == set()


def test_what_a_repeated_post_needs_is_documented() -> None:
    for name, operation in API_OPERATIONS:
        takes_key = any(
            parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", [])
        )
        expected = name.startswith("POST") and bool(operation.get("security"))
        assert takes_key == (expected and operation["operationId"] != "logout"), name


def test_how_long_a_stream_can_be_resumed_is_documented() -> None:
    hours = RESUMABLE_FOR.total_seconds() / 3600

    assert f"the last {hours:.0f} hours" in operation_of("streamLiveUpdates")["description"]


async def answers(
    factory: Factory, client: httpx.AsyncClient
) -> list[tuple[str, str, httpx.Response]]:
    """One answer, at least, of every kind that the core of the API gives."""
    alice, bob = await factory.partners()
    goal = await factory.goal(alice, targetDate="2026-05-01", category="Health")
    system_body = {"title": "Read", "frequency": "weekly", "frequencyDetails": {"timesPerWeek": 3}}
    goal_id, query = goal["id"], {"decision": "queried_by_partner", "query": "Which?"}
    system = await factory.system(alice, goalId=goal_id, verificationRequired=True)
    first = await factory.checkin(alice, system["id"])
    bad = {"title": ""}
    calls: list[tuple[Person, str, str, str, Any]] = [
        (alice, "GET", "/users/me", "", None),
        (alice, "PUT", "/users/me", "", {"bio": "Runs."}),
        (alice, "PUT", "/users/me", "", {"timezone": "Nowhere"}),
        (bob, "GET", "/partnerships/current", "", None),
        (alice, "GET", "/goals", "", None),
        (alice, "GET", "/goals", "?page=0", None),
        (alice, "POST", "/goals", "", {"title": "Swim", "priority": ""}),
        (alice, "POST", "/goals", "", bad),
        (alice, "POST", "/goals", "", {"title": "a"} | DATES_REVERSED),
        (bob, "GET", "/goals/{goal_id}", goal_id, None),
        (alice, "GET", "/goals/{goal_id}/systems", goal_id, None),
        (alice, "POST", "/goals/{goal_id}/systems", goal_id, system_body),
        (bob, "POST", "/goals/{goal_id}/systems", goal_id, system_body),
        (alice, "GET", "/systems", "", None),
        (alice, "POST", "/systems", "", system_body | {"targetTimeLocal": "07:00"}),
        (bob, "GET", "/systems/{system_id}", system["id"], None),
        (bob, "GET", "/systems/{system_id}", goal_id, None),
        (alice, "POST", "/checkins", "", {"systemId": system["id"], "localDate": "2026-03-09"}),
        (alice, "POST", "/checkins", "", {"systemId": system["id"]}),
        (alice, "GET", "/checkins", "", None),
        (bob, "GET", "/verifications/queue", "", None),
        (bob, "POST", "/verifications/{checkin_id}/verify", first["id"], query),
        (bob, "POST", "/verifications/{checkin_id}/verify", first["id"], query),
        (alice, "POST", "/verifications/{checkin_id}/verify", first["id"], query),
        (bob, "GET", "/notifications", "", None),
        (alice, "GET", "/notifications", "", None),
    ]
    made = []
    for person, method, path, extra, body in calls:
        url = API + (re.sub(r"\{\w+\}", extra, path) if "{" in path else path + extra)
        made.append((method, API + path, await person.client.request(method, url, json=body)))
    for path in ("/healthz", "/readyz", f"{API}/goals"):
        made.append(("GET", path, await client.get(path)))
    return made


async def test_answers_are_as_documented(factory: Factory, client: httpx.AsyncClient) -> None:
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    statuses = set()

    for method, path, answer in await answers(factory, client):
        operation = schema[path][method]
        assert str(answer.status_code) in operation.definition.raw["responses"], answer.text
        operation.validate_response(answer)
        statuses.add(answer.status_code)

    assert statuses == {200, 201, 401, 403, 404, 409, 422}


async def test_an_answer_that_is_not_as_documented_would_be_noticed(
    factory: Factory,
) -> None:
    alice = await factory.person("Alice")
    answer = await alice.get("/users/me")
    body = answer.json()
    body["data"]["timezone"] = None
    wrong = httpx.Response(200, json=body, request=answer.request)
    wrong.elapsed = answer.elapsed
    operation = schemathesis.openapi.from_dict(DOCUMENT)[f"{API}/users/me"]["GET"]

    assert operation.is_valid_response(answer)
    assert not operation.is_valid_response(wrong)


async def test_the_document_is_served_as_it_is(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{API}/openapi.json")

    assert answer.json() == DOCUMENT
