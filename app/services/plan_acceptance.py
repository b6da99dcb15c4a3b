"""A plan that somebody takes: the goal with the chosen systems, all of it or nothing."""

import json
from typing import Any

from pydantic.alias_generators import to_camel

from app.core.clock import Clock
from app.crud.crud_user import Account
from app.db.session import Session
from app.schemas.ai_schemas import PlanAccept
from app.schemas.goal_schemas import GoalWithSystems
from app.schemas.system_schemas import SystemCreate
from app.services.goal_service import GoalService
from app.services.system_service import SystemService


class PlanAcceptanceService:
    def __init__(self, session: Session, clock: Clock) -> None:
        self._goals = GoalService(session, clock)
        self._systems = SystemService(session, clock)

    async def accept(self, account: Account, plan: PlanAccept) -> GoalWithSystems:
        """Create the goal and its systems, with what was asked and what was taken of it.

        Raises GoalDatesReversed.
        """
        goal_id = await self._goals.add(
            account,
            plan.goal,
            ai_assistance_inputs=_as_sent(plan.inputs.model_dump(mode="json", exclude_none=True)),
            ai_generated_plan_details=json.dumps(
                _as_sent(plan.model_dump(mode="json", exclude={"inputs"})), ensure_ascii=False
            ),
        )
        for system in plan.systems:
            await self._systems.add(
                account,
                SystemCreate.model_construct(**system.model_dump(), goal_id=goal_id),
                goal_is_archived=False,
            )
        return await self._goals.get(account, goal_id)


def _as_sent(value: Any) -> Any:
    """The same with the names that requests and answers have."""
    if isinstance(value, dict):
        return {to_camel(name): _as_sent(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_as_sent(item) for item in value]
    return value
