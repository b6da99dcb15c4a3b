"""The AI planner: what is asked, what it suggests, and what of it is taken."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field

from app.core.ai_text import cleaned
from app.core.enums import GoalPriority, SystemFrequency, SystemMetricType
from app.schemas.base_schemas import (
    BlankIsNull,
    LocalTime,
    NoNul,
    OptionalDate,
    RequestSchema,
    ResponseSchema,
)
from app.schemas.goal_schemas import GoalCreate, GoalDescription, GoalTitle
from app.schemas.system_schemas import SystemCreateInGoal, SystemTitle

SUGGESTIONS_AT_MOST = 6
SYSTEMS_AT_MOST = 10

# Without null, which is dropped on the way into the document.
PLAN_EXAMPLE: dict[str, Any] = {
    "goal": {
        "title": "Run a half marathon",
        "description": "Build up to 21 km, in steps that knees can take.",
        "category": "Health",
        "priority": "high",
        "targetDate": "2026-09-30",
    },
    "systems": [
        {
            "title": "Easy run",
            "description": "Slow enough to talk.",
            "frequency": "weekly",
            "frequencyDetails": {"daysOfWeek": [1, 3, 6]},
            "metricType": "duration",
            "targetValue": 30,
            "targetUnit": "minutes",
            "targetTimeLocal": "07:00",
            "verificationRequired": False,
            "checkinReminder": True,
            "reminderTimeLocal": "06:30",
            "aiAssistanceUsed": True,
        },
        {
            "title": "Stretch",
            "description": "Calves and hips, without hurry.",
            "frequency": "weekly",
            "frequencyDetails": {"timesPerWeek": 4},
            "metricType": "duration",
            "targetValue": 10,
            "targetUnit": "minutes",
            "targetTimeLocal": "21:30",
            "verificationRequired": False,
            "checkinReminder": True,
            "reminderTimeLocal": "21:15",
            "aiAssistanceUsed": True,
        },
    ],
    "rationale": "Three short runs a week are kept up more easily than one long one.",
    "model": "gemini-3.5-flash-lite",
}
_ASKED_EXAMPLE = {
    "userInput": "I want to run a half marathon this autumn.",
    "obstacles": "My knees; I get up late.",
    "timeCommitment": "Three evenings a week",
    "targetDate": "2026-09-30",
}


def _says_something(value: str) -> str:
    if not cleaned(value):
        raise ValueError("must say something")
    return value


UserInput = Annotated[
    str, Field(min_length=1, max_length=2000), NoNul, AfterValidator(_says_something)
]
Obstacles = Annotated[str, Field(max_length=1000), NoNul]
TimeCommitment = Annotated[str, Field(max_length=200), NoNul]
Rationale = Annotated[str, Field(max_length=2000), NoNul]
SuggestionCount = Annotated[int, Field(ge=1, le=SUGGESTIONS_AT_MOST)]
ModelName = Annotated[str, Field(max_length=100), NoNul]


class PlanGoalRequest(RequestSchema):
    """What somebody wants, in own words and any language."""

    user_input: UserInput = Field(examples=[_ASKED_EXAMPLE["userInput"]])
    obstacles: Annotated[Obstacles | None, BlankIsNull] = Field(
        default=None, examples=[_ASKED_EXAMPLE["obstacles"]]
    )
    time_commitment: Annotated[TimeCommitment | None, BlankIsNull] = Field(
        default=None, examples=[_ASKED_EXAMPLE["timeCommitment"]]
    )
    target_date: OptionalDate = Field(
        default=None,
        description="In the caller's calendar, after today; it is kept as it is.",
        examples=[_ASKED_EXAMPLE["targetDate"]],
    )


class SuggestSystemsRequest(RequestSchema):
    goal_title: GoalTitle
    goal_description: Annotated[GoalDescription | None, BlankIsNull] = None
    existing_systems: list[SystemTitle] | None = Field(
        default=None,
        max_length=30,
        description="Titles of what is done for the goal already. The caller's own active "
        "systems are known without.",
        examples=[["Easy run"]],
    )
    count: Annotated[SuggestionCount | None, BlankIsNull] = Field(
        default=None, description="How many at most; default: 3.", examples=[3]
    )


class SystemSuggestion(ResponseSchema):
    """A body for `POST /systems`, as it is or edited."""

    title: str = Field(examples=["Easy run"])
    description: str = Field(examples=["Slow enough to talk."])
    frequency: SystemFrequency
    frequency_details: dict[str, Any] | None = Field(examples=[{"daysOfWeek": [1, 3, 6]}])
    metric_type: SystemMetricType
    target_value: float | None = Field(examples=[30])
    target_unit: str | None = Field(examples=["minutes"])
    target_time_local: LocalTime | None
    verification_required: bool
    checkin_reminder: bool
    reminder_time_local: LocalTime | None
    ai_assistance_used: Literal[True] = True


class GoalSuggestion(ResponseSchema):
    """A body for `POST /goals`, as it is or edited."""

    title: str = Field(examples=["Run a half marathon"])
    description: str | None
    category: str | None = Field(examples=["Health"])
    priority: GoalPriority | None
    target_date: date | None = Field(description="After today in the caller's calendar.")


class GoalPlan(ResponseSchema):
    """A suggestion, not stored anywhere: to keep it, accept it."""

    model_config = ConfigDict(json_schema_extra={"examples": [PLAN_EXAMPLE]})

    goal: GoalSuggestion
    systems: list[SystemSuggestion] = Field(description=f"1 to {SUGGESTIONS_AT_MOST}.")
    rationale: str = Field(description="Why this way.")
    model: str = Field(
        description="Who suggests it; `local-sample` is no model but a few rules.",
        examples=["gemini-3.5-flash-lite"],
    )


class SystemSuggestions(ResponseSchema):
    systems: list[SystemSuggestion]
    model: str = Field(examples=["gemini-3.5-flash-lite"])


class PlannedSystem(SystemCreateInGoal):
    """A suggestion that was chosen, as it was or edited."""

    ai_assistance_used: bool = True


class PlanAccept(RequestSchema):
    """A plan as it was shown, edited where wanted, with the systems that were chosen."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [PLAN_EXAMPLE | {"inputs": _ASKED_EXAMPLE}]}
    )

    goal: GoalCreate
    systems: list[PlannedSystem] = Field(max_length=SYSTEMS_AT_MOST)
    rationale: Annotated[Rationale | None, BlankIsNull] = None
    model: Annotated[ModelName | None, BlankIsNull] = None
    inputs: PlanGoalRequest = Field(description="What was asked for; kept with the goal.")
