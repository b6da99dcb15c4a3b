"""Before anything is measured: all servers give the same answers and write the same rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from tests.benchmarks.dataset import Caller, Dataset, forget_new_checkins
from tests.benchmarks.load import BenchmarkError
from tests.benchmarks.scenarios import CHECKINS, GOALS, ME, habit_done

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


async def verify(ports: Mapping[str, int], dataset: Dataset, connection: Any) -> dict[str, int]:
    """Compare every server with the first one; return the shortest body of each path.

    Raises BenchmarkError with the first difference.
    """
    shortest: dict[str, int] = {}
    callers = dataset.callers[:: max(1, len(dataset.callers) // SAMPLE)]
    expected: list[Any] | None = None
    for name, port in ports.items():
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                found = await _everything(client, callers, connection, shortest)
        except httpx.HTTPError as error:
            raise BenchmarkError(f"{name} gives no answer: {error!r}") from None
        if expected is None:
            expected = found
        for wanted, answer in zip(expected, found, strict=True):
            if wanted != answer:
                raise BenchmarkError(f"{name} differs.\nThe floor: {wanted}\n{name}: {answer}")
    return shortest


async def _everything(
    client: httpx.AsyncClient, callers: Sequence[Caller], connection: Any, shortest: dict[str, int]
) -> list[Any]:
    found: list[Any] = []
    for caller in callers:
        for path in (ME, GOALS):
            found.append(await _get(client, path, caller, shortest))
        if len(found[-1]["data"]["items"]) != 20:
            raise BenchmarkError(f"GET {GOALS} has to have 20 items")
        for habit in caller.habits[:2]:
            found.append(await _check_in(client, caller, habit, shortest))
    written = [tuple(row) for row in await connection.fetch(_WRITTEN)]
    if len(written) != 2 * len(callers) or any(row[-1] is None for row in written):
        raise BenchmarkError(f"{len(written)} check-ins, or one without a notification")
    await forget_new_checkins(connection)
    return [*found, *written]


async def _get(
    client: httpx.AsyncClient, path: str, caller: Caller, shortest: dict[str, int]
) -> Any:
    response = await client.get(path, headers=_authorization(caller))
    return _json(response, 200, path, shortest)


async def _check_in(
    client: httpx.AsyncClient, caller: Caller, habit: str, shortest: dict[str, int]
) -> Any:
    response = await client.post(CHECKINS, json=habit_done(habit), headers=_authorization(caller))
    answer = _json(response, 201, CHECKINS, shortest)
    missing = _VOLATILE - answer["data"].keys()
    if missing:
        raise BenchmarkError(f"POST {CHECKINS} lacks {missing}")
    answer["data"] = {k: v for k, v in answer["data"].items() if k not in _VOLATILE}
    return answer


def _json(response: httpx.Response, status: int, path: str, shortest: dict[str, int]) -> Any:
    if response.status_code != status:
        raise BenchmarkError(f"{path} answers {response.status_code}: {response.text[:600]}")
    # Digits of numbers and times may come and go; anything else would be a piece missing.
    length = len(response.content) * 9 // 10
    shortest[path] = min(shortest.get(path, length), length)
    return response.json()


def _authorization(caller: Caller) -> dict[str, str]:
    return {"Authorization": f"Bearer {caller.token}"}
