"""Before anything is measured: all servers give the same answers and write the same rows."""

from collections.abc import Mapping, MutableMapping
from typing import Any

import httpx

from tests.benchmarks.dataset import Dataset, forget_new_checkins
from tests.benchmarks.load import BenchmarkError
from tests.benchmarks.scenarios import API, CHECK_IN, SCENARIOS, Scenario, habit_done

SAMPLE = 20
# What differs between two check-ins that are otherwise the same.
_VOLATILE = {"id", "checkinTimestampUtc", "createdAt", "updatedAt"}
_WRITTEN = """
SELECT c.user_id, c.system_id, c.partnership_id, c.original_local_timestamp_str,
       c.checkin_date_local, c.checkin_timezone, c.is_late, c.status, c.metric_value_logged,
       c.notes, c.photo_url, c.created_at = c.checkin_timestamp_utc AS created_when_logged,
       n.recipient_id, n.actor_user_id, n.type, n.title, n.message, n.link_to, n.icon_identifier,
       n.target_type, n.target_name, n.is_read, n.created_at = c.created_at AS told_when_logged
FROM checkins c JOIN systems s ON s.id = c.system_id AND s.goal_id IS NULL
LEFT JOIN notifications n ON n.target_id = c.id::text
ORDER BY c.system_id, n.id
"""


async def verify(
    ports: Mapping[str, int], dataset: Dataset, connection: Any
) -> dict[Scenario, int]:
    """Compare every server with the first one; return the shortest body of each scenario.

    Raises BenchmarkError with the first difference.
    """
    shortest: dict[Scenario, int] = {}
    expected: dict[str, Any] | None = None
    for name, port in ports.items():
        scenarios = [scenario for scenario in SCENARIOS if scenario.runs_on(name)]
        found: dict[str, Any] = {}
        try:
            async with httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}{API}", timeout=30
            ) as client:
                for scenario in scenarios:
                    await _ask(client, scenario, dataset, found, shortest)
        except httpx.HTTPError as error:
            raise BenchmarkError(f"{name} gives no answer: {error!r}") from None
        if CHECK_IN in scenarios:
            found["rows written"] = await _written(connection)
        if expected is None:
            expected = found
        for question, answer in found.items():
            if answer != expected[question]:
                raise BenchmarkError(
                    f"{question}: {name} differs.\n"
                    f"The floor: {expected[question]}\n{name}: {answer}"
                )
    return shortest


async def _ask(
    client: httpx.AsyncClient,
    scenario: Scenario,
    dataset: Dataset,
    found: MutableMapping[str, Any],
    shortest: MutableMapping[Scenario, int],
) -> None:
    callers = scenario.callers(dataset)
    for number, caller in enumerate(callers[:: len(callers) // SAMPLE]):
        bodies = [habit_done(habit) for habit in caller.habits[:2]] if scenario.writes else [None]
        for turn, body in enumerate(bodies):
            response = await client.request(
                scenario.method,
                scenario.path,
                json=body,
                headers={"Authorization": f"Bearer {caller.token}"},
            )
            answer = _json(response, scenario, shortest)
            if scenario is CHECK_IN:
                answer["data"] = _lasting(answer["data"])
            found[f"{scenario.name} of {number}, {turn}"] = answer


async def _written(connection: Any) -> list[tuple[Any, ...]]:
    written = [tuple(row) for row in await connection.fetch(_WRITTEN)]
    if len(written) != 2 * SAMPLE or any(row[-1] is None for row in written):
        raise BenchmarkError(f"{len(written)} check-ins, or one without a notification")
    await forget_new_checkins(connection)
    return written


def _lasting(checkin: Mapping[str, Any]) -> dict[str, Any]:
    missing = _VOLATILE - checkin.keys()
    if missing:
        raise BenchmarkError(f"{CHECK_IN.name} lacks {missing}")
    return {key: value for key, value in checkin.items() if key not in _VOLATILE}


def _json(
    response: httpx.Response, scenario: Scenario, shortest: MutableMapping[Scenario, int]
) -> Any:
    if response.status_code != (201 if scenario.writes else 200):
        raise BenchmarkError(
            f"{scenario.name} answers {response.status_code}: {response.text[:600]}"
        )
    # Digits of numbers and times may come and go; anything else would be a piece missing.
    length = len(response.content) * 9 // 10
    shortest[scenario] = min(shortest.get(scenario, length), length)
    answer = response.json()
    if scenario.items is not None and len(answer["data"]["items"]) != scenario.items:
        raise BenchmarkError(f"{scenario.name} has to have {scenario.items} items")
    return answer
