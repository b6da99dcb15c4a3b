"""Requests made up from the OpenAPI document, right ones and wrong ones, by people and by nobody.

Whatever is sent: no fault, and an answer as the document describes it. The requests are the same
on every run. `schemathesis` has a pytest integration of its own, which pytest 9 does not take and
which is synchronous; here it only makes the requests and judges the answers.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.main import create_app
from tests.conftest import BASE_URL, settings_for
from tests.factories import Factory

CASES = 6
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
SETTINGS = settings(
    max_examples=CASES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

load_all_checks()
SCHEMA = schemathesis.openapi.from_dict(
    create_app(settings_for("postgresql://unused@localhost/unused")).openapi()
)
OPERATIONS = {
    operation.label: operation
    for operation in (
        result.ok() for result in SCHEMA.get_all_operations() if isinstance(result, Ok)
    )
}


def cases_of(operation: Any) -> list[Any]:
    made: list[Any] = []

    @SETTINGS
    @given(operation.as_strategy())
    def collect(case: Any) -> None:
        made.append(case)

    collect()
    return made


def with_ids_that_exist(cases: list[Any], ids: dict[str, str]) -> Iterator[Any]:
    """The cases, every other one with ids that lead somewhere."""
    for number, case in enumerate(cases):
        for name in (case.path_parameters or {}).keys() & ids.keys():
            if number % 2:
                case.path_parameters[name] = ids[name]
        if number % 2 and isinstance(case.body, dict) and "systemId" in case.body:
            case.body["systemId"] = ids["system_id"]
        yield case


async def check(client: httpx.AsyncClient, case: Any) -> None:
    try:
        prepared = requests.Request(**case.as_transport_kwargs(base_url=BASE_URL)).prepare()
    except (requests.RequestException, UnicodeError):
        return  # nothing that a client could send
    assert prepared.method is not None
    headers = [
        (name.encode("latin-1"), value if isinstance(value, bytes) else value.encode("latin-1"))
        for name, value in prepared.headers.items()
        if name.lower() != "authorization"
    ]
    body = prepared.body or b""
    assert isinstance(body, str | bytes)
    answer = await client.request(prepared.method, str(prepared.url), headers=headers, content=body)
    case.validate_response(answer, checks=CHECKS)


@pytest.mark.parametrize("label", OPERATIONS)
async def test_no_request_leads_to_a_fault_or_to_an_undocumented_answer(
    factory: Factory, client: httpx.AsyncClient, label: str
) -> None:
    alice, bob = await factory.partners()
    goal = await factory.goal(alice)
    system = await factory.system(alice, goalId=goal["id"], verificationRequired=True)
    checkin = await factory.checkin(alice, system["id"])
    ids = {"goal_id": goal["id"], "system_id": system["id"], "checkin_id": checkin["id"]}

    cases = cases_of(OPERATIONS[label])
    assert cases
    for case in with_ids_that_exist(cases, ids):
        for person in (client, bob.client, alice.client):
            await check(person, case)
