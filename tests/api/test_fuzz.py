"""Requests made up from the OpenAPI document, right ones and wrong ones, by people and by nobody.

Whatever is sent: no fault, and an answer as the document describes it. The requests are the same
on every run. `schemathesis` has a pytest integration of its own, which pytest 9 does not take and
which is synchronous; here it only makes the requests and judges the answers.
"""

import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from pydantic.alias_generators import to_camel
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.main import create_app
from tests.conftest import BASE_URL, settings_for
from tests.factories import Factory, Person
from tests.pictures import upload
from tests.reflecting import reflect
from tests.support import data_of, items_of, token_in
from tests.talking import comment, react, say

# How many requests are made up for each operation: `DUOTRAK_FUZZ_CASES=60` for a thorough look.
CASES = int(os.environ.get("DUOTRAK_FUZZ_CASES", "6"))
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
ENDLESS = "GET /api/v1/notifications/stream"  # its answer never ends: tests/live has its own tests
OPERATIONS = {
    operation.label: operation
    for operation in (
        result.ok() for result in SCHEMA.get_all_operations() if isinstance(result, Ok)
    )
    if operation.label != ENDLESS
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
    """The cases, every other one with ids that lead somewhere, wherever it has one."""
    for number, case in enumerate(cases):
        if number % 2:
            for part in (case.path_parameters, case.query, case.body):
                if isinstance(part, dict):
                    part.update({name: ids[name] for name in part.keys() & ids.keys()})
        yield case


async def everything_between(alice: Person, bob: Person, factory: Factory) -> dict[str, str]:
    """Something of each kind, most of it Alice's; the ids by the names that operations use."""
    goal = await factory.goal(alice)
    system = await factory.system(alice, goalId=goal["id"], verificationRequired=True)
    checkin = await factory.checkin(alice, system["id"])
    message = await say(alice)
    reflection = await reflect(alice)
    remark = await comment(bob, "checkin", checkin["id"])
    await comment(alice, "checkin", checkin["id"], parentCommentId=remark["id"])
    for kind, target in (("checkin", checkin), ("reflection", reflection)):
        await react(bob, kind, target["id"])
    await react(bob, "direct_message", message["id"])
    data_of(await alice.put(f"/goals/{goal['id']}", {"status": "achieved"}))
    (told, *_) = items_of(await alice.get("/notifications"))
    image = await upload(alice)
    upload_id, token = image["url"].split("/")[-2:]
    ids = {
        "goal_id": goal["id"],
        "system_id": system["id"],
        "checkin_id": checkin["id"],
        "message_id": message["id"],
        "reflection_id": reflection["id"],
        "comment_id": remark["id"],
        "notification_id": told["id"],
        "partnership_id": data_of(await alice.get("/partnerships/current"))["id"],
        "target_type": "checkin",
        "target_id": checkin["id"],
        "parent_comment_id": remark["id"],
        "up_to_message_id": message["id"],
        "photo_url": image["url"],
        "image_url": image["url"],
        "upload_id": upload_id,
        "token": token,
        "date": "2026-03-10",
        "emoji": "👍",
    }
    return ids | {to_camel(name): value for name, value in ids.items()}


async def an_invitation(factory: Factory) -> tuple[Person, dict[str, str]]:
    """Somebody who is invited, and by what names."""
    dave, carol = await factory.person("Dave"), await factory.person("Carol")
    sent = data_of(await dave.post("/partnerships/invite", {"email": carol.email}), 201)
    invitation_id, token = sent["partnership"]["id"], token_in(sent["inviteUrl"])
    return carol, {"invitation_id": invitation_id, "token": token}


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
    ids = await everything_between(alice, bob, factory)
    people = [client, bob.client, alice.client]
    if "/partnerships/" in label:
        carol, invitation = await an_invitation(factory)
        people.append(carol.client)
        ids |= invitation
    cases = cases_of(OPERATIONS[label])
    assert cases
    for case in with_ids_that_exist(cases, ids):
        for person in people:
            await check(person, case)
