"""The AI planner: suggestions for goals and systems (Specification §1.2).

No transaction is open while the model is asked, and nothing it says is written: what a person
wants of it comes back as a request of that person's own.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import structlog

from app.clients.language_model import LanguageModel, ModelError, Prompt
from app.core.ai_usage import AiOutcome
from app.core.clock import Clock
from app.core.errors import AiNotConfigured, InvalidInput
from app.core.local_time import today
from app.core.logging import describe_exception
from app.crud.crud_ai_usage import AiUsageCrud
from app.crud.crud_user import Account
from app.db.session import Session
from app.schemas.ai_schemas import (
    GoalPlan,
    PlanGoalRequest,
    SuggestSystemsRequest,
    SystemSuggestions,
)
from app.services.ai_answers import read_plan, read_systems
from app.services.ai_conversation import Conversation, told_to_person
from app.services.ai_prompts import DEFAULT_COUNT, plan_goal_prompt, suggest_systems_prompt
from app.services.ai_quota import AiQuota

log = structlog.get_logger()

Suggestion = TypeVar("Suggestion")


class AiPlannerService:
    def __init__(
        self,
        *,
        session: Session,
        clock: Clock,
        model: LanguageModel | None,
        quota: AiQuota,
        claim: Callable[[], Awaitable[None]],
        timeout_seconds: float,
    ) -> None:
        """`model` is None where none is set up.

        `claim` opens the request's transaction, and may end the request: `api/idempotency.py`.
        """
        self._usage = AiUsageCrud(session)
        self._clock = clock
        self._model = model
        self._quota = quota
        self._claim = claim
        self._timeout_seconds = timeout_seconds

    async def plan_goal(self, account: Account, asked: PlanGoalRequest) -> GoalPlan:
        """A goal with systems for what somebody wishes.

        Raises AiNotConfigured, InvalidInput, RateLimited, AiRefused, AiBusy, AiUnavailable.
        """
        model = self._require_model()
        local_date = today(self._clock.now(), account.timezone)
        if asked.target_date is not None and asked.target_date <= local_date:
            raise InvalidInput("Please choose a target date after today.", field="targetDate")
        await self._quota.take(account.id)
        own = await self._usage.titles_of(account.id)
        prompt = plan_goal_prompt(asked, own["goals"], own["systems"], today=local_date)
        read = partial(read_plan, today=local_date, target_date=asked.target_date, model=model.name)
        return await self._converse(account, model, prompt, read, blamed="userInput")

    async def suggest_systems(
        self, account: Account, asked: SuggestSystemsRequest
    ) -> SystemSuggestions:
        """Raises AiNotConfigured, RateLimited, AiRefused, AiBusy, AiUnavailable."""
        model = self._require_model()
        await self._quota.take(account.id)
        own = await self._usage.titles_of(account.id)
        prompt = suggest_systems_prompt(asked, own["systems"])
        read = partial(read_systems, count=asked.count or DEFAULT_COUNT, model=model.name)
        return await self._converse(account, model, prompt, read, blamed="goalTitle")

    def _require_model(self) -> LanguageModel:
        if self._model is None:
            raise AiNotConfigured
        return self._model

    async def _converse(
        self,
        account: Account,
        model: LanguageModel,
        prompt: Prompt,
        read: Callable[[str], Suggestion],
        *,
        blamed: str,
    ) -> Suggestion:
        """Ask, note what it took, and only then open the request's transaction."""
        talk = Conversation(model, prompt, read, seconds=self._timeout_seconds)
        try:
            suggestion = await talk.suggestion()
        except ModelError as error:
            if error.outcome is AiOutcome.MISCONFIGURED:  # which operators have to mend
                log.error("ai_misconfigured", **describe_exception(error))
            await self._note(account, model, prompt, talk)
            if error.outcome.is_free:
                await self._quota.give_back(account.id)
            else:
                self._quota.keep()
            raise told_to_person(error, field=blamed) from error
        await self._note(account, model, prompt, talk)
        self._quota.keep()
        await self._claim()
        return suggestion

    async def _note(
        self,
        account: Account,
        model: LanguageModel,
        prompt: Prompt,
        talk: Conversation[Suggestion],
    ) -> None:
        await self._usage.add(
            account.id,
            operation=prompt.operation,
            model=model.name,
            prompt_version=prompt.version,
            tokens=talk.tokens,
            latency_ms=talk.latency_ms,
            outcome=talk.outcome,
            now=self._clock.now(),
        )
