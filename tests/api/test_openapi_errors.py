"""What the OpenAPI document says of errors is what happens."""

from typing import Any

import httpx
import pytest

from app.core.errors import AppError
from tests.api.document import (
    OPERATIONS,
    codes_of,
    each_operation,
    examples_of,
    fields_of,
    operation_of,
)
from tests.factories import API, Factory
from tests.support import assert_error

FORMS = {"createUpload", "setAvatar", "token", "unsubscribe"}
SIGNED = {"receiveSupabaseEvent", "receiveResendEvent"}
JSON_BODIES = {
    operation["operationId"] for _, operation in OPERATIONS if "requestBody" in operation
} - (FORMS | SIGNED)
OF_UNREADABLE_BODIES = {"bad_request", "malformed_json", "unsupported_media_type"}


@each_operation
def test_only_a_fault_says_that_something_went_wrong_on_our_side(operation: dict[str, Any]) -> None:
    found = {
        code for _, code, example in examples_of(operation) if AppError.message in str(example)
    }

    assert found <= {"internal_error"}


@each_operation
def test_an_example_blames_a_field_that_the_operation_takes(operation: dict[str, Any]) -> None:
    blamed = {
        error["field"].split(".")[-1]
        for _, _, example in examples_of(operation)
        for error in example.get("errors", [])
    }

    assert blamed <= fields_of(operation) | {"body"}


@pytest.mark.parametrize(
    ("operation_id", "code", "field"),
    [
        ("signup", "weak_password", "password"),
        ("resetPassword", "weak_password", "newPassword"),
        ("createCheckin", "metric_value_required", "metricValueLogged"),
        ("createCheckin", "checkin_window_closed", "localDate"),
        ("createUpload", "invalid_image", "file"),
        ("createMessage", "unknown_image", "imageUrl"),
        ("updateMe", "unknown_image", "profileImageUrl"),
        ("suggestSystems", "ai_refused", "goalTitle"),
        ("createGoal", "idempotency_key_reused", "body"),
        ("createGoal", "validation_failed", "title"),
        ("listGoals", "validation_failed", "status"),
        ("receiveResendEvent", "validation_failed", "body"),
    ],
)
def test_the_field_of_an_example_is_that_of_the_answer(
    operation_id: str, code: str, field: str
) -> None:
    (example,) = [
        value for _, found, value in examples_of(operation_of(operation_id)) if found == code
    ]

    assert [error["field"] for error in example["errors"]] == [field]


def test_no_webhook_names_only_the_settings_of_another() -> None:
    for operation_id, setting in (
        ("receiveSupabaseEvent", "SUPABASE_WEBHOOK_SECRETS"),
        ("receiveResendEvent", "RESEND_WEBHOOK_SECRET"),
    ):
        (message,) = [
            example["message"]
            for _, code, example in examples_of(operation_of(operation_id))
            if code == "webhooks_not_configured"
        ]
        assert setting in message


@each_operation
def test_how_a_body_can_be_unreadable_depends_on_its_kind(operation: dict[str, Any]) -> None:
    name = operation["operationId"]
    expected: set[str] = set()
    if name in JSON_BODIES:
        expected = {"malformed_json", "unsupported_media_type"}
    elif name in FORMS:
        expected = {"bad_request"}

    assert codes_of(operation) & OF_UNREADABLE_BODIES == expected
    assert not any(key.startswith("x-") for key in operation)


@pytest.mark.parametrize("path", ["/uploads", "/users/me/avatar", "/auth/token"])
async def test_a_broken_form_is_a_bad_request_and_another_kind_of_body_is_refused(
    factory: Factory, path: str
) -> None:
    alice = await factory.person()
    kinds = {"content": b"{}", "headers": {"Content-Type": "application/json"}}
    broken = {"content": b"--x\r\nbroken", "headers": {"Content-Type": "multipart/form-data"}}

    assert_error(await alice.client.post(API + path, **broken), 400, "bad_request")  # type: ignore[arg-type]
    assert_error(await alice.client.post(API + path, **kinds), 422, "validation_failed")  # type: ignore[arg-type]


async def test_a_broken_form_unsubscribes_nobody(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        f"{API}/email/unsubscribe?token=x",
        content=b"--x\r\nbroken",
        headers={"Content-Type": "multipart/form-data"},
    )

    assert_error(answer, 400, "bad_request")


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "multipart/form-data", "application/xml"]
)
@pytest.mark.parametrize("path", ["/auth/webhooks/supabase", "/email/webhooks/resend"])
async def test_a_webhook_looks_at_the_signature_whatever_the_body_is(
    client: httpx.AsyncClient, path: str, kind: str
) -> None:
    answer = await client.post(API + path, content=b"{", headers={"Content-Type": kind})

    assert answer.status_code in (401, 404)


@pytest.mark.parametrize(
    "operation_id", ["getMe", "listGoals", "listNotifications", "getDashboard"]
)
def test_reading_may_be_too_much_for_supabase(operation_id: str) -> None:
    assert "rate_limited" in codes_of(operation_of(operation_id))


@pytest.mark.parametrize("operation_id", ["login", "token", "verifyEmail", "refresh"])
def test_whoever_signs_in_may_be_gone(operation_id: str) -> None:
    assert "not_authenticated" in codes_of(operation_of(operation_id))


@pytest.mark.parametrize(
    ("operation_id", "limit"), [("createGoal", "1 MB"), ("createUpload", "10 MB")]
)
def test_the_largest_body_is_told_as_it_is(operation_id: str, limit: str) -> None:
    (message,) = [
        example["message"]
        for _, code, example in examples_of(operation_of(operation_id))
        if code == "body_too_large"
    ]

    assert f" {limit}" in message
