"""The AI planner: suggestions, and goals made from them."""

from app.api.deps import CurrentUser, PlanAcceptance, Planner, VendorUser
from app.api.openapi import errors
from app.api.routing import ApiRouter
from app.core.errors import ErrorCode
from app.schemas.ai_schemas import (
    GoalPlan,
    PlanAccept,
    PlanGoalRequest,
    SuggestSystemsRequest,
    SystemSuggestions,
)
from app.schemas.base_schemas import Envelope, envelope
from app.schemas.goal_schemas import GoalWithSystems

router = ApiRouter(prefix="/ai-planner", tags=["AI planner"])

ASKING_ERRORS = errors(
    ErrorCode.AI_NOT_CONFIGURED,
    ErrorCode.AI_UNAVAILABLE,
    ErrorCode.AI_BUSY,
    ErrorCode.AI_REFUSED,
    ErrorCode.RATE_LIMITED,
)


@router.post("/plan-goal", summary="Plan a goal", responses=ASKING_ERRORS)
async def plan_goal(
    asked: PlanGoalRequest, user: VendorUser, planner: Planner
) -> Envelope[GoalPlan]:
    """Suggest a goal with systems for what the caller wishes. Nothing is stored.

    10 requests an hour and 30 a day, `suggest-systems` included; those that could not be answered
    for a fault or for too much to do do not count. It takes seconds.
    """
    return envelope(await planner.plan_goal(user, asked), "A plan to look at.")


@router.post("/suggest-systems", summary="Suggest systems for a goal", responses=ASKING_ERRORS)
async def suggest_systems(
    asked: SuggestSystemsRequest, user: VendorUser, planner: Planner
) -> Envelope[SystemSuggestions]:
    """Suggest practices that serve a goal, which may exist or not. Nothing is stored.

    Limited together with `plan-goal`.
    """
    return envelope(await planner.suggest_systems(user, asked), "Systems to choose from.")


@router.post(
    "/plan-goal/accept",
    status_code=201,
    summary="Accept a plan",
    responses=errors(ErrorCode.GOAL_DATES_REVERSED),
)
async def accept_plan(
    plan: PlanAccept, user: CurrentUser, acceptance: PlanAcceptance
) -> Envelope[GoalWithSystems]:
    """Create the goal with the chosen systems: all of it, or nothing.

    Send the plan as it was shown, edited as you like, and with it what was asked for.
    """
    return envelope(await acceptance.accept(user, plan), "Goal created.")
