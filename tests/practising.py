"""Living through a few days, and what the progress page says of them."""

from typing import Any

from tests.factories import Factory, Person
from tests.support import FrozenClock, data_of


async def live(
    factory: Factory, clock: FrozenClock, owner: Person, logs: dict[str, str], **fields: Any
) -> None:
    """A letter a day for each system, from today on: x is done, s skipped, a dot nothing."""
    for letters in zip(*logs.values(), strict=True):
        for system_id, letter in zip(logs, letters, strict=True):
            if letter == "s":
                await factory.checkin(owner, system_id, status="skipped")
            elif letter == "x":
                await factory.checkin(owner, system_id, **fields)
        clock.advance(days=1)


async def progress(person: Person, query: str = "") -> dict[str, Any]:
    data: dict[str, Any] = data_of(await person.get(f"/progress?{query}"))
    return data


def consistencies(data: dict[str, Any]) -> list[int | None]:
    return [point["userConsistency"] for point in data["consistencyOverTime"]]
