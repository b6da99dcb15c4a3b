"""How values may be written, and which are refused instead of being read as something else."""

from typing import Any

import pytest
from fastapi import FastAPI

from tests.factories import Factory
from tests.reflecting import reflect
from tests.support import assert_error, count_rows, data_of, items_of

NO_DATES = [0, 86400, 1767225600, "0", "1767225600", "20260310", "10/03/2026", "tomorrow", True]
DATE_QUERIES = [
    "/systems/current-schedule?date=",
    "/dashboard?date=",
    "/tasks/my?dueDateFrom=",
    "/tasks/my?dueDateTo=",
    "/checkins?from=",
    "/checkins?to=",
    "/progress?dateRangePreset=custom&endDate=2026-03-10&startDate=",
    "/progress?dateRangePreset=custom&startDate=2026-03-01&endDate=",
    "/reflections?startDate=",
    "/reflections?endDate=",
    "/reflections/prompts?date=",
    "/reflections/by-date/",
]


@pytest.mark.parametrize("value", [*NO_DATES, "2026-02-30", "2026-03-10T08:00:00"])
async def test_what_is_no_date_is_refused_with_an_example(
    factory: Factory, app: FastAPI, value: Any
) -> None:
    alice = await factory.person()
    system = await factory.system(alice)

    for path, body, field in (
        ("/goals", {"title": "Run", "startDate": value}, "startDate"),
        ("/goals", {"title": "Run", "target_date": value}, "targetDate"),
        ("/checkins", {"systemId": system["id"], "localDate": value}, "localDate"),
        ("/reflections", {"reflectionContent": "Well.", "date": value}, "date"),
    ):
        error = assert_error(await alice.post(path, body), 422, "validation_failed")
        assert [(e["field"], e["message"]) for e in error["errors"]] == [
            (field, "must be a date such as 2026-03-10")
        ]

    assert await count_rows(app, "goals", "checkins", "reflections") == (0, 0, 0)


@pytest.mark.parametrize("path", DATE_QUERIES)
@pytest.mark.parametrize("value", ["0", "1767225600", "10/03/2026"])
async def test_a_number_is_no_date_of_a_query_either(
    factory: Factory, path: str, value: str
) -> None:
    alice = await factory.person()
    value = value.replace("/", "%2F") if "?" in path else value.replace("/", ".")

    error = assert_error(await alice.get(path + value), 422, "validation_failed")

    assert error["message"].endswith(": must be a date such as 2026-03-10.")


@pytest.mark.parametrize(
    "value", ["2026-03-10", " 2026-03-10 ", "2026-03-10T00:00:00.000Z", "2026-03-10T00:00:00"]
)
async def test_a_date_may_come_with_spaces_or_as_a_midnight(factory: Factory, value: str) -> None:
    alice = await factory.person()

    assert (await factory.goal(alice, targetDate=value))["targetDate"] == "2026-03-10"
    assert (await reflect(alice, date=value))["reflectionDateLocal"] == "2026-03-10"


@pytest.mark.parametrize("field", ["targetTimeLocal", "reminderTimeLocal"])
@pytest.mark.parametrize("value", ["7:00", "24:00", "07:00 AM", "07:00Z", "noon", 25200, True])
async def test_what_is_no_time_is_refused_with_an_example(
    factory: Factory, app: FastAPI, field: str, value: Any
) -> None:
    alice = await factory.person()

    answer = await alice.post("/systems", {"title": "Run", "frequency": "daily", field: value})

    error = assert_error(answer, 422, "validation_failed")
    assert error["message"] == f"Please check {field}: must be a local time such as 07:00."
    assert await count_rows(app, "systems") == (0,)


async def test_true_is_no_number(factory: Factory, app: FastAPI) -> None:
    alice = await factory.person()
    body = {"title": "Read", "frequency": "daily", "metricType": "pages"}
    system = await factory.system(alice, **body)

    for path, fields, field in (
        ("/systems", body | {"targetValue": True}, "targetValue"),
        ("/checkins", {"systemId": system["id"], "metricValueLogged": True}, "metricValueLogged"),
    ):
        error = assert_error(await alice.post(path, fields), 422, "validation_failed")
        assert error["message"] == f"Please check {field}: must be a number."

    assert await count_rows(app, "systems", "checkins") == (1, 0)


@pytest.mark.parametrize(
    ("path", "blanks"),
    [
        ("/goals", "?sortBy=&page=&limit="),
        ("/tasks/my", "?sortBy=&status=&dueDateFrom=&dueDateTo=&page=%20&limit="),
        ("/progress", "?dateRangePreset=&comparePartner=&startDate=&goalId="),
        ("/systems", "?status=&archived=&page=&limit="),
    ],
)
async def test_a_blank_parameter_is_one_that_was_left_out(
    factory: Factory, path: str, blanks: str
) -> None:
    alice, _ = await factory.partners()
    await factory.system(alice, goalId=(await factory.goal(alice))["id"])

    assert data_of(await alice.get(path + blanks)) == data_of(await alice.get(path))


@pytest.mark.parametrize("blank", ["", None])
async def test_a_choice_that_something_has_cannot_be_cleared(
    factory: Factory, blank: str | None
) -> None:
    alice = await factory.person()
    goal = await factory.goal(alice, status="in_progress")
    system = await factory.system(alice, metricType="pages", status="paused")

    for path, field in (
        (f"/goals/{goal['id']}", "status"),
        (f"/systems/{system['id']}", "status"),
        (f"/systems/{system['id']}", "metricType"),
    ):
        before = data_of(await alice.get(path))
        assert_error(await alice.patch(path, {field: blank}), 422, "validation_failed")
        assert data_of(await alice.get(path)) == before


@pytest.mark.parametrize(
    "status",
    [
        "pendingPartnerVerification",
        "PENDINGPARTNERVERIFICATION",
        "pending_partner_verification",
        "Pending Partner Verification",
        "pending-partner-verification",
    ],
)
async def test_names_of_several_words_are_read_in_every_spelling(
    factory: Factory, status: str
) -> None:
    alice, _ = await factory.partners()
    system = await factory.system(alice, verificationRequired=True)
    await factory.system(alice, title="Stretch")
    await factory.checkin(alice, system["id"])

    (task,) = items_of(await alice.get("/tasks/my", params={"status": status}))

    assert task["status"] == "pendingPartnerVerification"


@pytest.mark.parametrize(
    "status", ["in_progress", "inProgress", "In Progress", "IN-PROGRESS", " in progress "]
)
async def test_stored_choices_are_read_in_every_spelling(factory: Factory, status: str) -> None:
    alice = await factory.person()

    goal = await factory.goal(alice, status=status)

    assert goal["status"] == "in_progress"
    for sort_by in ("createdAt_desc", "created_at_desc", "CREATED-AT-DESC"):
        assert items_of(await alice.get(f"/goals?sortBy={sort_by}&status={status}")) == [goal]


@pytest.mark.parametrize(
    ("decision", "message"),
    [
        ({"decision": "queried_by_partner"}, "write what you want to know"),
        ({"decision": "queried_by_partner", "query": " "}, "write what you want to know"),
        ({"decision": "verified_completed", "query": "?"}, "leave it out to verify"),
    ],
)
async def test_a_decision_whose_text_does_not_fit_says_so_of_the_text(
    factory: Factory, decision: dict[str, str], message: str
) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, verificationRequired=True)
    checkin = await factory.checkin(alice, system["id"])

    answer = await bob.post(f"/verifications/{checkin['id']}/verify", decision)

    error = assert_error(answer, 422, "validation_failed")
    assert error["message"] == f"Please check query: {message}."
    assert [e["field"] for e in error["errors"]] == ["query"]
