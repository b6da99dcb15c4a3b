"""The OpenAPI document, and ways through it, for the tests that read it."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic.alias_generators import to_camel

from app.main import create_app
from tests.conftest import settings_for
from tests.factories import API

DOCUMENT = create_app(settings_for("postgresql://unused@localhost/unused")).openapi()
COMPONENTS: dict[str, Any] = DOCUMENT["components"]["schemas"]
OPERATIONS: list[tuple[str, dict[str, Any]]] = [
    (f"{method.upper()} {path}", operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]
API_OPERATIONS = [(name, operation) for name, operation in OPERATIONS if f" {API}/" in name]
each_operation = pytest.mark.parametrize(
    "operation", [pytest.param(operation, id=name) for name, operation in OPERATIONS]
)
each_api_operation = pytest.mark.parametrize(
    "operation", [pytest.param(operation, id=name) for name, operation in API_OPERATIONS]
)


def operation_of(operation_id: str) -> dict[str, Any]:
    (found,) = [it for _, it in OPERATIONS if it["operationId"] == operation_id]
    return found


def examples_of(operation: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Status, code and example of every error that an operation documents."""
    for status, response in operation["responses"].items():
        if status.startswith(("4", "5")):
            content = response.get("content", {}).get("application/json", {})
            for code, example in content.get("examples", {}).items():
                yield status, code, example["value"]


def codes_of(operation: dict[str, Any]) -> set[str]:
    """The codes of every error that an operation documents."""
    return {code for _, code, _ in examples_of(operation)}


def resolve(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        found: dict[str, Any] = COMPONENTS[schema["$ref"].removeprefix("#/components/schemas/")]
        return found
    return schema


def fields_of(operation: dict[str, Any]) -> set[str]:
    """What errors may call by name: parameters, and the body's fields at any depth."""
    found = {
        name if (name := parameter["name"]) and parameter["in"] == "header" else to_camel(name)
        for parameter in operation.get("parameters", [])
    }
    body = operation.get("requestBody", {}).get("content", {})
    waiting = [content["schema"] for content in body.values()]
    while waiting:
        schema = resolve(waiting.pop())
        found |= schema.get("properties", {}).keys()
        waiting += schema.get("properties", {}).values()
        waiting += [*schema.get("anyOf", []), *schema.get("oneOf", []), *schema.get("allOf", [])]
        waiting += [schema["items"]] if "items" in schema else []
    return found
