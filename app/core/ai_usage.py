"""What is asked of the assistant, how that can end, and how often somebody may ask."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from app.core.rate_limits import HOUR, Limit

# Two fixed windows of UTC; what one person asks counts in both.
ASKING_LIMITS: Final = (Limit("ai", 10, HOUR), Limit("ai-daily", 30, timedelta(days=1)))


class AiOperation(StrEnum):
    PLAN_GOAL = "plan_goal"
    SUGGEST_SYSTEMS = "suggest_systems"


class AiOutcome(StrEnum):
    """How one request to the assistant ended. `repaired`: the second answer was fit for use."""

    SUCCEEDED = "succeeded"
    REPAIRED = "repaired"
    REFUSED = "refused"
    UNUSABLE = "unusable"
    TIMED_OUT = "timed_out"
    OVERLOADED = "overloaded"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    MISCONFIGURED = "misconfigured"
    FAILED = "failed"

    @property
    def is_free(self) -> bool:
        """Nothing came of it and nothing was paid for, so that the person may ask once more."""
        return self in _FREE


_FREE = frozenset(
    {
        AiOutcome.OVERLOADED,
        AiOutcome.BUSY,
        AiOutcome.UNREACHABLE,
        AiOutcome.MISCONFIGURED,
        AiOutcome.FAILED,
    }
)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a model has read and written; writing includes what it thought without saying it."""

    read: int = 0
    written: int = 0

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(self.read + other.read, self.written + other.written)


NO_TOKENS: Final = Tokens()
