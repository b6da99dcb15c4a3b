"""Schemas and examples of the OpenAPI document agree with each other and with what is accepted."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator
from pydantic import TypeAdapter

from app.schemas.base_schemas import WallClock
from tests.api.document import COMPONENTS, DOCUMENT, OPERATIONS, operation_of

Case = tuple[str, dict[str, Any], Any]


def problems(schema: dict[str, Any], value: Any) -> list[str]:
    """What is wrong with a value, by a schema that may point into the document."""
    whole = {**schema, "components": {"schemas": COMPONENTS}}
    validator = Draft202012Validator(whole, validate_formats=True)
    return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(value)]


def in_media_types(where: str, contents: dict[str, Any]) -> Iterator[Case]:
    for kind, content in contents.items():
        if kind != "application/json":
            continue
        if "example" in content:
            yield where, content["schema"], content["example"]
        for name, example in content.get("examples", {}).items():
            yield f"{where} {name}", content["schema"], example["value"]


def in_schemas(where: str, node: Any) -> Iterator[Case]:
    """Examples beside the schema that they are for, at any depth."""
    if isinstance(node, list):
        for number, item in enumerate(node):
            yield from in_schemas(f"{where}.{number}", item)
    if not isinstance(node, dict):
        return
    schema = {name: value for name, value in node.items() if name not in ("examples", "example")}
    if isinstance(node.get("examples"), list):
        for number, example in enumerate(node["examples"]):
            yield f"{where}#{number}", schema, example
    for name, value in schema.items():
        yield from in_schemas(f"{where}.{name}", value)


def cases() -> Iterator[Case]:
    yield from in_schemas("schemas", COMPONENTS)
    for name, operation in OPERATIONS:
        for parameter in operation.get("parameters", []):
            yield from in_schemas(f"{name} {parameter['name']}", parameter["schema"])
            if "example" in parameter:
                yield f"{name} {parameter['name']}", parameter["schema"], parameter["example"]
        body = operation.get("requestBody", {}).get("content", {})
        yield from in_media_types(name, body)
        for kind, content in body.items():
            yield from in_schemas(f"{name} {kind}", content["schema"])
        for status, response in operation["responses"].items():
            yield from in_media_types(f"{name} {status}", response.get("content", {}))


def test_every_example_fits_its_schema() -> None:
    found = list(cases())
    wrong = {where: said for where, schema, value in found if (said := problems(schema, value))}

    assert len(found) > 1000
    assert wrong == {}


def test_an_example_that_does_not_fit_would_be_noticed() -> None:
    (_, schema, plan) = next(case for case in cases() if case[0].startswith("schemas.GoalPlan#"))

    assert problems(schema, plan) == []
    assert problems(schema, plan | {"rationale": None})
    assert problems({"type": "string", "format": "date"}, "10/03/2026")


def test_a_schema_has_one_name() -> None:
    assert [name for name in COMPONENTS if name.endswith(("-Input", "-Output"))] == []
    assert set(COMPONENTS["CheckinUpdate"]["properties"]) >= {"status", "notes"}


def test_only_what_touches_something_can_be_unavailable() -> None:
    health, readiness = operation_of("getHealth"), operation_of("getReadiness")

    assert "503" not in health["responses"]
    content = readiness["responses"]["503"]["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/Readiness"}
    assert all("code" not in example["value"] for example in content.get("examples", {}).values())


WALL_CLOCK = TypeAdapter(WallClock)
WALL_CLOCK_SCHEMA = WALL_CLOCK.json_schema()


def test_no_schema_calls_a_wall_clock_time_an_instant_of_rfc_3339() -> None:
    assert '"format": "time"' not in str(DOCUMENT).replace("'", '"')
    body = COMPONENTS["SystemCreate"]["properties"]["targetTimeLocal"]
    assert {"type": "string", "pattern": WALL_CLOCK_SCHEMA["pattern"]}.items() <= (
        body["anyOf"][0].items()
    )


@given(st.from_regex(WALL_CLOCK_SCHEMA["pattern"]))
def test_every_time_that_the_schema_describes_is_accepted(text: str) -> None:
    assert WALL_CLOCK.validate_python(text).strftime("%H:%M") == text.strip()[:5]


@pytest.mark.parametrize("text", ["07:00Z", "07:00:00Z", "7:00", "24:00", "07:60", "0700", ""])
def test_no_other_time_is_described_by_the_schema(text: str) -> None:
    assert problems(WALL_CLOCK_SCHEMA, text)


@pytest.mark.parametrize("text", ["00:00", "07:00", "23:59"])
def test_times_to_the_minute_are_described_by_the_schema(text: str) -> None:
    assert problems(WALL_CLOCK_SCHEMA, text) == []
