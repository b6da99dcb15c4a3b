"""Nobody's accounts are touched by chance: whoever means a real project has to say so."""

import pytest

from tests.contract.conftest import NAMES, real_project

PROJECT = dict(zip(NAMES, ("https://project.example/", "publishable", "secret"), strict=True))
BY_NAME = ["tests/contract"]


@pytest.mark.parametrize(
    "asked_for", [[], ["tests"], ["tests/api/test_auth.py"], ["/contracts/tests"]]
)
def test_a_run_of_other_or_all_tests_takes_the_stand_in(asked_for: list[str]) -> None:
    assert real_project(PROJECT, asked_for=asked_for) is None


def test_without_a_project_it_is_the_stand_in_too() -> None:
    assert real_project({}, asked_for=BY_NAME) is None


@pytest.mark.parametrize(
    "asked_for", ["tests/contract", "tests/contract/", "/src/tests/contract/test_x.py::test_y"]
)
def test_a_project_is_tried_when_these_tests_are_asked_for(asked_for: str) -> None:
    found = real_project(PROJECT, asked_for=[asked_for])

    assert found == ("https://project.example", "publishable", "secret")


@pytest.mark.parametrize("missing", NAMES)
def test_half_a_project_is_none(missing: str) -> None:
    with pytest.raises(pytest.UsageError, match=missing):
        real_project(PROJECT | {missing: ""}, asked_for=BY_NAME)
