"""What the two sample people want, and how they go about it."""

from dataclasses import dataclass
from datetime import time
from typing import Any

from app.core.enums import (
    GoalPriority,
    GoalStatus,
    SystemFrequency,
    SystemMetricType,
    SystemStatus,
)
from app.local.seed_people import ALICE, BOB, DAYS, Person

Details = dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class SampleGoal:
    """Days are numbered as in `seed_people`."""

    owner: Person
    title: str
    description: str
    category: str
    priority: GoalPriority
    begins: int = 0
    ends: int | None = None
    status: GoalStatus = GoalStatus.IN_PROGRESS
    achieved: int | None = None
    archived: int | None = None


@dataclass(frozen=True, slots=True)
class Regularity:
    """How often a required check-in is made, skipped, or made the morning after."""

    done: float
    skipped: float = 0.0
    late: float = 0.0


@dataclass(frozen=True, slots=True)
class SampleSystem:
    """`schedules` are its schedules by their first day, `rests` its pauses: from, and until.

    In the last `steady` days, nothing required was left out.
    """

    owner: Person
    title: str
    description: str
    goal: SampleGoal | None
    schedules: tuple[tuple[int, SystemFrequency, Details], ...]
    at: time
    regularity: Regularity
    steady: int = 0
    metric: SystemMetricType = SystemMetricType.BINARY
    target: float | None = None
    unit: str | None = None
    verified: bool = False
    reminder: time | None = None
    rests: tuple[tuple[int, int | None], ...] = ()
    status: SystemStatus = SystemStatus.ACTIVE

    @property
    def begins(self) -> int:
        return self.schedules[0][0]


# Days on which nothing at all was done: what breaks a streak.
BAD_DAYS = {ALICE: frozenset({23, 52, 74}), BOB: frozenset({19, 37, 66, 83})}

MARATHON = SampleGoal(
    ALICE,
    "Run a half marathon",
    "In spring, around the lake, without walking.",
    "Health",
    GoalPriority.HIGH,
    ends=DAYS + 60,
)
SLEEP = SampleGoal(
    ALICE, "Sleep better", "Seven hours, most nights.", "Health", GoalPriority.MEDIUM
)
STATISTICS = SampleGoal(
    ALICE,
    "Finish the statistics course",
    "All twelve lessons and the exam.",
    "Learning",
    GoalPriority.MEDIUM,
    ends=75,
    status=GoalStatus.ACHIEVED,
    achieved=70,
)
UKULELE = SampleGoal(
    ALICE,
    "Learn the ukulele",
    "Perhaps again in winter.",
    "Music",
    GoalPriority.LOW,
    status=GoalStatus.ON_HOLD,
    archived=33,
)
DRAFT = SampleGoal(
    BOB,
    "Finish the first draft",
    "Eighty thousand words, good or bad.",
    "Writing",
    GoalPriority.HIGH,
    ends=DAYS + 45,
)
READING = SampleGoal(
    BOB, "Read two books a month", "On paper.", "Learning", GoalPriority.LOW, begins=20
)
GOALS = (MARATHON, SLEEP, STATISTICS, UKULELE, DRAFT, READING)

SYSTEMS = (
    SampleSystem(
        ALICE,
        "Morning run",
        "Five kilometres, easy pace.",
        MARATHON,
        ((0, SystemFrequency.WEEKLY, {"days_of_week": [0, 2, 4]}),),
        time(7, 20),
        Regularity(done=0.88, skipped=0.05),
        metric=SystemMetricType.DURATION,
        target=30,
        unit="minutes",
        verified=True,
        reminder=time(6, 45),
    ),
    SampleSystem(
        ALICE,
        "Stretch",
        "Ten minutes on the mat.",
        MARATHON,
        (
            (8, SystemFrequency.WEEKLY, {"days_of_week": [1, 3]}),
            (41, SystemFrequency.WEEKLY, {"times_per_week": 3}),
        ),
        time(18, 15),
        Regularity(done=0.85),
    ),
    SampleSystem(
        ALICE,
        "Phone away at ten",
        "It stays in the kitchen.",
        SLEEP,
        ((0, SystemFrequency.DAILY, None),),
        time(22, 5),
        Regularity(done=0.82, skipped=0.06, late=0.15),
        steady=17,
    ),
    SampleSystem(
        ALICE,
        "Statistics exercises",
        "Before lunch.",
        STATISTICS,
        ((0, SystemFrequency.WEEKLY, {"times_per_week": 4}),),
        time(11, 30),
        Regularity(done=0.95),
        metric=SystemMetricType.COUNTER,
        target=5,
        unit="exercises",
        rests=((71, None),),
        status=SystemStatus.INACTIVE,
    ),
    SampleSystem(
        ALICE,
        "Practise chords",
        "Twenty minutes.",
        UKULELE,
        ((0, SystemFrequency.WEEKLY, {"days_of_week": [1, 3]}),),
        time(20, 0),
        Regularity(done=0.5),
        rests=((34, None),),
        status=SystemStatus.PAUSED,
    ),
    SampleSystem(
        BOB,
        "Write three pages",
        "Longhand, before e-mail.",
        DRAFT,
        ((0, SystemFrequency.DAILY, None),),
        time(8, 10),
        Regularity(done=0.84, skipped=0.05),
        steady=8,
        metric=SystemMetricType.PAGES,
        target=3,
        unit="pages",
        verified=True,
        reminder=time(7, 30),
        rests=((45, 51),),
    ),
    SampleSystem(
        BOB,
        "Read before sleep",
        "No screens.",
        READING,
        ((20, SystemFrequency.WEEKLY, {"times_per_week": 5}),),
        time(22, 20),
        Regularity(done=0.85, late=0.2),
        metric=SystemMetricType.DURATION,
        target=20,
        unit="minutes",
        rests=((45, 51),),
    ),
    SampleSystem(
        BOB,
        "Water the plants",
        "The fern as well.",
        None,
        ((2, SystemFrequency.WEEKLY, {"days_of_week": [2, 5]}),),
        time(17, 40),
        Regularity(done=0.9, skipped=0.04),
    ),
)
