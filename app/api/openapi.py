"""The OpenAPI document: every operation with its real errors, generated from the error classes."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic.alias_generators import to_camel

from app.api.idempotency import HEADER
from app.core.errors import AppError, ErrorCode
from app.schemas.base_schemas import ErrorBody

DESCRIPTION = """
Two people keep each other accountable: each has goals; a goal has systems, practices on a
schedule; people check in; some check-ins need the partner's verification.

**Try it:** press *Authorize* and log in with an e-mail address and a password.

* Success is `{"success": true, "message", "data"}`; lists are `{"items", "pagination"}`.
* Failure is `{"success": false, "message", "code", "requestId"}`; 422 adds `errors` by field.
* Signing up and in is limited by e-mail address and by client; writing (120 a minute), uploads
  (60 an hour), exports (10 an hour) and the assistant by user. Every request counts, repeated
  ones too: `RateLimit` tells what is left, `Retry-After` on 429 when to come back.
* Fields are camelCase; snake_case is understood in requests too. Instants are UTC, dates are
  in somebody's own calendar, times are `HH:MM`.
"""

_ERROR_SCHEMA = {"$ref": "#/components/schemas/ErrorBody"}
_EXAMPLE_REQUEST_ID = "0b0c6f7e2f8d4c1d9a3e5f6a7b8c9d0e"
_EXAMPLE_ID = "0f8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d"
_IS_RAW = "x-is-raw"  # from `signed_body` to `install_openapi`: it is not published


def _all_errors(kind: type[AppError]) -> Iterator[type[AppError]]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from _all_errors(subclass)


_BY_CODE = {kind.code: kind for kind in _all_errors(AppError)}
_FRAMEWORK_STATUS = {
    ErrorCode.BAD_REQUEST: (400, "The request could not be read."),
    ErrorCode.MALFORMED_JSON: (400, "The body is not valid JSON."),
    ErrorCode.BODY_TOO_LARGE: (413, "The request is too large: it may have at most 1 MB."),
    ErrorCode.VALIDATION_FAILED: (422, "Please check what you entered."),
    ErrorCode.INTERNAL_ERROR: (500, AppError.message),
}


def errors(*codes: ErrorCode) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route for the codes that it can answer with."""
    by_status: dict[int, list[ErrorCode]] = defaultdict(list)
    for code in codes:
        by_status[_status_and_message(code)[0]].append(code)
    return {
        status: {
            "model": ErrorBody,
            "description": ", ".join(f"`{code}`" for code in group),
            "content": {
                "application/json": {"examples": {code.value: _example(code) for code in group}}
            },
        }
        for status, group in by_status.items()
    }


def _status_and_message(code: ErrorCode) -> tuple[int, str]:
    if code in _FRAMEWORK_STATUS:
        return _FRAMEWORK_STATUS[code]
    kind = _BY_CODE[code]
    return kind.status, kind.message


def _example(code: ErrorCode) -> dict[str, Any]:
    status, message = _status_and_message(code)
    body: dict[str, Any] = {"success": False, "message": message, "code": code.value}
    if status == 422:  # `_blame` names the field, which depends on the operation
        body["errors"] = [{"field": "body", "message": message, "code": code.value}]
    if code is ErrorCode.REFLECTION_EXISTS:
        body["existingId"] = _EXAMPLE_ID
    return {"value": body | {"requestId": _EXAMPLE_REQUEST_ID}}


def operation_id(route: APIRoute) -> str:
    """`create_goal` becomes `createGoal`."""
    first, *rest = route.name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def install_openapi(app: FastAPI) -> None:
    """Make `app.openapi()` add what every operation shares, once, on first use."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                description=app.description,
                tags=app.openapi_tags,
                routes=app.routes,
            )
            components = document["components"]["schemas"]
            for path in document["paths"].values():
                for method, operation in path.items():
                    is_raw = operation.pop(_IS_RAW, False)
                    _complete(operation, method, is_raw=is_raw)
                    if not is_raw:
                        _blame(operation, components)
            for unused in ("HTTPValidationError", "ValidationError"):
                components.pop(unused, None)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def signed_body(schema: dict[str, Any]) -> dict[str, Any]:
    """The `openapi_extra` of a route that reads the raw body, which a signature covers."""
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}, _IS_RAW: True}


def _complete(operation: dict[str, Any], method: str, *, is_raw: bool) -> None:
    """Add the errors that follow from what the operation takes, and the idempotency header."""
    responses = operation["responses"]
    if "HTTPValidationError" in str(responses.get("422")):
        del responses["422"]
    for status, response in responses.items():
        # FastAPI puts an error's model under the media type of success.
        for media_type in ("text/event-stream", "text/html"):
            if status.startswith(("4", "5")) and response["content"].pop(media_type, None):
                response["content"]["application/json"]["schema"] = _ERROR_SCHEMA
    codes = [ErrorCode.INTERNAL_ERROR]
    if operation["tags"] != ["Operations"]:  # those tell of the database in their own way
        codes.append(ErrorCode.SERVICE_UNAVAILABLE)
    if operation.get("security"):
        codes += [ErrorCode.NOT_AUTHENTICATED, ErrorCode.ACCOUNT_DISABLED]
        # Reading too: Supabase, which may be asked who this is, has limits of its own.
        codes += [ErrorCode.AUTH_UNAVAILABLE, ErrorCode.RATE_LIMITED]
    if "requestBody" in operation:
        codes.append(ErrorCode.BODY_TOO_LARGE)
        if "application/json" not in operation["requestBody"]["content"]:
            codes.append(ErrorCode.BAD_REQUEST)
        elif not is_raw:
            codes += [ErrorCode.MALFORMED_JSON, ErrorCode.UNSUPPORTED_MEDIA_TYPE]
    if "requestBody" in operation or any(_is_checked(it) for it in operation.get("parameters", [])):
        codes.append(ErrorCode.VALIDATION_FAILED)
    if operation.get("security") and method == "post" and operation["operationId"] != "logout":
        codes += [
            ErrorCode.INVALID_IDEMPOTENCY_KEY,
            ErrorCode.REQUEST_IN_PROGRESS,
            ErrorCode.IDEMPOTENCY_KEY_REUSED,
        ]
        operation.setdefault("parameters", []).append(_IDEMPOTENCY_PARAMETER)
    for status, response in errors(*codes).items():
        _merge(responses, str(status), response)
    _tell_limit_of_images(operation)


def _tell_limit_of_images(operation: dict[str, Any]) -> None:
    if "multipart/form-data" in operation.get("requestBody", {}).get("content", {}):
        answer = operation["responses"]["413"]["content"]["application/json"]
        example = answer["examples"][ErrorCode.BODY_TOO_LARGE.value]
        example["value"]["message"] = _BY_CODE[ErrorCode.BODY_TOO_LARGE].message


def _is_checked(parameter: dict[str, Any]) -> bool:
    return bool(parameter["in"] != "header")


def _blame(operation: dict[str, Any], components: dict[str, Any]) -> None:
    """Name a field of the operation in its examples of 422."""
    examples = operation["responses"].get("422", {}).get("content", {}).get("application/json", {})
    names, required = _fields(operation, components)
    for code, example in examples.get("examples", {}).items():
        (error,) = example["value"]["errors"]
        if code != ErrorCode.VALIDATION_FAILED:
            kinds = _BY_CODE[ErrorCode(code)].fields
            error["field"] = next((name for name in kinds if name in names), "body")
        elif names:
            error["field"] = next(iter(required or names))
            error["message"] = "field required" if required else "is not valid"
            error["code"] = "missing" if required else "value_error"
            example["value"]["message"] = f"Please check {error['field']}: {error['message']}."


def _fields(operation: dict[str, Any], components: dict[str, Any]) -> tuple[list[str], list[str]]:
    """What may be sent, as errors call it, and which of it the body must have."""
    parameters = operation.get("parameters", [])
    names = [to_camel(it["name"]) for it in parameters if _is_checked(it)]
    required: list[str] = []
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = content["schema"]
        schema = components.get(schema.get("$ref", "").rpartition("/")[2], schema)
        names += schema.get("properties", {})
        required += schema.get("required", [])
    return names, required


def _merge(responses: dict[str, Any], status: str, added: dict[str, Any]) -> None:
    content = added["content"]["application/json"]
    content["schema"] = _ERROR_SCHEMA
    existing = responses.get(status)
    if existing is None:
        responses[status] = {"description": added["description"], "content": added["content"]}
        return
    examples = existing["content"]["application/json"].setdefault("examples", {})
    new = {code: example for code, example in content["examples"].items() if code not in examples}
    if new:
        examples |= new
        existing["description"] += "".join(f", `{code}`" for code in new)


_IDEMPOTENCY_PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Makes repeating this request safe: for 24 hours the same key and body get the "
    "first answer again, with `Idempotency-Replayed: true`, and have no second effect.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
