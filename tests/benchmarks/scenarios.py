"""What is asked of every server, and the share of the floor that the application has to reach."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle

import orjson

from tests.benchmarks.dataset import Dataset
from tests.benchmarks.load import Request, request

API = "/api/v1"
ME = f"{API}/users/me"
GOALS = f"{API}/goals"
CHECKINS = f"{API}/checkins"


@dataclass(frozen=True)
class Scenario:
    name: str
    target: float
    path: str
    requests: Callable[[Dataset, int], Iterator[Request]]

    @property
    def writes(self) -> bool:
        return self.path == CHECKINS


def habit_done(system_id: str) -> dict[str, object]:
    return {"systemId": system_id, "metricValueLogged": 30, "notes": "Legs were heavy, still went."}


def _read(path: str) -> Callable[[Dataset, int], Iterator[Request]]:
    def requests(dataset: Dataset, shortest_body: int) -> Iterator[Request]:
        return cycle(
            [
                request("GET", path, caller.token, shortest_body=shortest_body)
                for caller in dataset.callers
            ]
        )

    return requests


def _check_in(dataset: Dataset, shortest_body: int) -> Iterator[Request]:
    """Every habit of everybody once, a different person each time."""
    return iter(
        [
            request(
                "POST",
                CHECKINS,
                caller.token,
                orjson.dumps(habit_done(habit)),
                shortest_body=shortest_body,
            )
            for habits in zip(*(caller.habits for caller in dataset.callers), strict=True)
            for caller, habit in zip(dataset.callers, habits, strict=True)
        ]
    )


SCENARIOS = (
    Scenario("GET /users/me", 0.60, ME, _read(ME)),
    Scenario("GET /goals", 0.50, GOALS, _read(GOALS)),
    Scenario("POST /checkins", 0.55, CHECKINS, _check_in),
)
