"""How far a stream of live updates has come, as the id that a client sends back."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

# Events are kept this long; the hour is for what may be late at either end.
KEPT_FOR = timedelta(hours=24)
RESUMABLE_FOR = KEPT_FOR - timedelta(hours=1)
MAX_LENGTH = 1000

_WIRE = re.compile(r"(\d{1,11})-((\d{1,19}):(\d{1,19}):((?:\d{1,19}(?:,\d{1,19})*)?))", re.ASCII)
_LARGEST = 2**63
_EPOCH = 2**32  # no transaction has the first number of an epoch, and PostgreSQL refuses it


@dataclass(frozen=True, slots=True)
class Position:
    """Everything that the database snapshot sees has been told.

    `snapshot` is PostgreSQL's text form of a `pg_snapshot`: which transactions had ended. Unlike
    the ids of rows, it loses nothing that began earlier and committed later.
    """

    noted_at: datetime
    snapshot: str

    def __str__(self) -> str:
        return f"{int(self.noted_at.timestamp())}-{self.snapshot}"

    @classmethod
    def at(cls, noted_at: datetime, snapshot: str) -> Self:
        """With very many transactions under way, rather repeat a few events than grow for ever."""
        if len(snapshot) > MAX_LENGTH - 20:
            oldest = snapshot.partition(":")[0]
            snapshot = f"{oldest}:{oldest}:"
        return cls(noted_at, snapshot)

    @classmethod
    def parse(cls, given: str) -> Self | None:
        """What a client sent, or None when it cannot be one of ours."""
        match = _WIRE.fullmatch(given) if len(given) <= MAX_LENGTH else None
        if match is None:
            return None
        oldest, next_one = int(match[3]), int(match[4])
        under_way = [int(number) for number in match[5].split(",")] if match[5] else []
        in_order = under_way == sorted(under_way)
        if not (oldest <= next_one < _LARGEST) or not in_order:
            return None
        if not (oldest % _EPOCH and next_one % _EPOCH):
            return None
        if under_way and not (oldest <= under_way[0] and under_way[-1] < next_one):
            return None
        return cls(datetime.fromtimestamp(int(match[1]), UTC), match[2])

    def is_resumable(self, now: datetime) -> bool:
        """Whether all that came after it is still kept."""
        return now - self.noted_at < RESUMABLE_FOR
