"""What the language model said, taken at its word only as far as the product's own rules allow.

Whatever it is, it becomes a suggestion that `POST /goals` and `POST /systems` would take, or a
list of problems to ask it about.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from app.core.ai_text import cleaned, shortened
from app.core.enums import GoalPriority
from app.schemas.ai_schemas import (
    SUGGESTIONS_AT_MOST,
    GoalPlan,
    GoalSuggestion,
    Rationale,
    SystemSuggestion,
    SystemSuggestions,
)
from app.schemas.base_schemas import BlankIsNull, OptionalDate
from app.schemas.goal_schemas import GoalCreate
from app.schemas.system_schemas import SystemCreate

FURTHEST_TARGET = timedelta(days=3653)  # ten years
TOO_LONG = "It was cut off. Be brief: fewer systems, shorter texts."


class UnusableAnswer(Exception):
    """`problems` are sentences for the model; they do not repeat what it said."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__()
        self.problems = problems


def _clean(value: object) -> object:
    return cleaned(value) if isinstance(value, str) else value


# No text of the model's reaches anybody with characters in it that nobody sees.
_Text = Annotated[str, BeforeValidator(_clean)]


class _Said(BaseModel):
    """Lenient where nothing can go wrong: further fields are ignored."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="ignore", str_strip_whitespace=True, allow_inf_nan=False
    )


class _SaidSystem(_Said):
    title: _Text
    description: _Text | None = None
    frequency: str
    days_of_week: list[int] | None = None
    times_per_week: int | None = None
    metric_type: str = "binary"
    target_value: float | None = None
    target_unit: _Text | None = None
    target_time: _Text | None = None
    verification_required: bool = False

    def as_body(self) -> dict[str, Any]:
        """For `POST /systems`. What does not belong to a schedule or metric stays in, if said."""
        details: dict[str, Any] = {}
        if self.days_of_week:
            details["daysOfWeek"] = self.days_of_week
        if self.times_per_week:
            details["timesPerWeek"] = self.times_per_week
        return {
            "title": self.title,
            "description": self.description or "",
            "frequency": self.frequency,
            "frequencyDetails": details or None,
            "metricType": self.metric_type,
            "targetValue": self.target_value or None,
            "targetUnit": self.target_unit or None,
            "targetTimeLocal": self.target_time or None,
            "verificationRequired": self.verification_required,
            "aiAssistanceUsed": True,
        }


class _SaidGoal(_Said):
    title: _Text
    description: _Text | None = None
    category: _Text | None = None
    priority: Annotated[GoalPriority | None, BlankIsNull] = None
    target_date: OptionalDate = None


class _SaidPlan(_Said):
    goal: _SaidGoal
    systems: list[_SaidSystem] = Field(min_length=1)
    rationale: Annotated[Rationale, BeforeValidator(_clean)] = ""


class _SaidSystems(_Said):
    systems: list[_SaidSystem] = Field(min_length=1)


def read_plan(text: str, *, today: date, target_date: date | None, model: str) -> GoalPlan:
    """`target_date` is what the person wants, whatever the model says. Raises UnusableAnswer."""
    said = _parse(_SaidPlan, text)
    problems: list[str] = []
    goal = said.goal
    target = target_date or goal.target_date
    if target_date is None and target is not None:
        if target <= today:
            problems.append("goal.targetDate: must be after today")
        elif target > today + FURTHEST_TARGET:
            problems.append("goal.targetDate: must be within ten years")
    body = {
        "title": goal.title,
        "description": goal.description or None,
        "category": goal.category or None,
        "priority": goal.priority or GoalPriority.MEDIUM,
        "target_date": target,
    }
    try:
        valid = GoalCreate.model_validate(body)
    except ValidationError as error:
        problems += _problems(error, "goal")
    systems = _systems(said.systems, SUGGESTIONS_AT_MOST, problems)
    if problems:
        raise UnusableAnswer(problems)
    return GoalPlan(
        goal=GoalSuggestion(**valid.model_dump(include=set(GoalSuggestion.model_fields))),
        systems=systems,
        rationale=said.rationale,
        model=model,
    )


def read_systems(text: str, *, count: int, model: str) -> SystemSuggestions:
    """The first `count` of them. Raises UnusableAnswer."""
    problems: list[str] = []
    systems = _systems(_parse(_SaidSystems, text).systems, count, problems)
    if problems:
        raise UnusableAnswer(problems)
    return SystemSuggestions(systems=systems, model=model)


Said = TypeVar("Said", bound=_Said)


def _parse(kind: type[Said], text: str) -> Said:
    try:
        return kind.model_validate_json(_without_fence(text))
    except ValidationError as error:
        raise UnusableAnswer(_problems(error)) from error


def _without_fence(text: str) -> str:
    """Some models wrap JSON as in a document."""
    text = text.strip()
    if text.startswith("```") and text.endswith("```"):
        text = text[3:-3].removeprefix("json")
    return text


def _systems(
    said: Sequence[_SaidSystem], at_most: int, problems: list[str]
) -> list[SystemSuggestion]:
    """The first ones of different titles; what is wrong with them is added to `problems`."""
    different = {system.title.casefold(): system for system in reversed(said)}
    chosen = [system for system in said if different[system.title.casefold()] is system][:at_most]
    found = []
    for number, system in enumerate(chosen):
        try:
            found.append(_suggestion(SystemCreate.model_validate(system.as_body())))
        except ValidationError as error:
            problems += _problems(error, f"systems.{number}")
    return found


def _suggestion(valid: SystemCreate) -> SystemSuggestion:
    values = valid.model_dump(include=set(SystemSuggestion.model_fields))
    details = valid.frequency_details
    values["frequency_details"] = details and {to_camel(key): details[key] for key in details}
    return SystemSuggestion(**values)


def _problems(error: ValidationError, *where: str) -> list[str]:
    return [
        ".".join([*where, *(_name(part) for part in problem["loc"])])
        + f": {shortened(problem['msg'].removeprefix('Value error, '), 200)}"
        for problem in error.errors(include_input=False, include_url=False)
    ]


def _name(part: int | str) -> str:
    return to_camel(part) if isinstance(part, str) else str(part)
