"""What is asked of every server, and the share of the floor that the application has to reach."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

import orjson

from tests.benchmarks.dataset import Caller, Dataset
from tests.benchmarks.load import Request, request

API = "/api/v1"


@dataclass(frozen=True)
class Scenario:
    """`items` is how long the page is that is asked for; None where there is no list.

    `also_on` names the servers that have it besides the floor and the application.
    """

    method: str
    path: str
    target: float
    items: int | None = None
    by_readers: bool = False
    also_on: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    def runs_on(self, server: str) -> bool:
        return server in ("floor", "application", *self.also_on)

    def callers(self, dataset: Dataset) -> Sequence[Caller]:
        return dataset.readers if self.by_readers else dataset.callers

    def requests(self, dataset: Dataset, shortest_body: int) -> Iterator[Request]:
        """Without end, by everybody in turn; check-ins once for every habit of everybody."""
        callers = self.callers(dataset)
        if not self.writes:
            return cycle(
                [
                    request("GET", API + self.path, caller.token, shortest_body=shortest_body)
                    for caller in callers
                ]
            )
        return iter(
            [
                request(
                    self.method,
                    API + self.path,
                    caller.token,
                    orjson.dumps(habit_done(habit)),
                    shortest_body=shortest_body,
                )
                for habits in zip(*(caller.habits for caller in callers), strict=True)
                for caller, habit in zip(callers, habits, strict=True)
            ]
        )


def habit_done(system_id: str) -> dict[str, object]:
    return {"systemId": system_id, "metricValueLogged": 30, "notes": "Legs were heavy, still went."}


CHECK_IN = Scenario("POST", "/checkins", 0.55, also_on=("idiomatic",))
SCENARIOS = (
    Scenario("GET", "/users/me", 0.60, also_on=("framework", "idiomatic")),
    Scenario("GET", "/goals", 0.50, items=20, also_on=("idiomatic",)),
    Scenario("GET", "/systems", 0.50, items=20, by_readers=True),
    Scenario("GET", "/checkins", 0.50, items=20, by_readers=True),
    Scenario("GET", "/messages", 0.50, items=20, by_readers=True),
    Scenario("GET", "/notifications", 0.50, items=20, by_readers=True),
    Scenario("GET", "/dashboard", 0.80, by_readers=True),
    CHECK_IN,
)
