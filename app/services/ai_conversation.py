"""One question to the language model, asked again at most once, within one time limit."""

import time
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from app.clients.language_model import (
    LanguageModel,
    ModelError,
    ModelRefused,
    ModelTruncated,
    ModelUnusable,
    Prompt,
)
from app.core.ai_usage import AiOutcome, Tokens
from app.core.errors import AiBusy, AiRefused, AiUnavailable, AppError
from app.services.ai_answers import TOO_LONG, UnusableAnswer
from app.services.ai_prompts import asking_again

Suggestion = TypeVar("Suggestion")

_LONGEST_WAIT_SECONDS: Final = 3600
_TRY_LATER = frozenset({AiOutcome.BUSY, AiOutcome.OVERLOADED, AiOutcome.TIMED_OUT})


class Conversation(Generic[Suggestion]):
    """Afterwards it tells what it took, whether it led to a suggestion or not."""

    def __init__(
        self,
        model: LanguageModel,
        prompt: Prompt,
        read: Callable[[str], Suggestion],
        *,
        seconds: float,
    ) -> None:
        """`read` makes a suggestion of what the model says, or raises UnusableAnswer."""
        self._model = model
        self._prompt = prompt
        self._read = read
        self._seconds = seconds
        self._began = time.monotonic()
        self.tokens = Tokens()
        self.outcome = AiOutcome.SUCCEEDED

    @property
    def latency_ms(self) -> int:
        return round((time.monotonic() - self._began) * 1000)

    async def suggestion(self) -> Suggestion:
        """Raises ModelError."""
        try:
            return await self._first_or_second()
        except ModelError as error:
            self.tokens += error.tokens
            self.outcome = error.outcome
            raise

    async def _first_or_second(self) -> Suggestion:
        problems: Sequence[str]
        said = ""
        try:
            said = await self._ask(self._prompt)
            return self._read(said)
        except UnusableAnswer as unusable:
            problems = unusable.problems
        except ModelTruncated as truncated:
            self.tokens += truncated.tokens
            problems = [TOO_LONG]
        said = await self._ask(asking_again(self._prompt, said, problems))
        try:
            suggestion = self._read(said)
        except UnusableAnswer as unusable:
            raise ModelUnusable from unusable
        self.outcome = AiOutcome.REPAIRED
        return suggestion

    async def _ask(self, prompt: Prompt) -> str:
        left = self._seconds - (time.monotonic() - self._began)
        answer = await self._model.generate(prompt, seconds=left)
        self.tokens += answer.tokens
        return answer.text


def told_to_person(error: ModelError, *, field: str) -> AppError:
    """What somebody is told who asked; `field` is the one to put in other words."""
    if isinstance(error, ModelRefused):
        return AiRefused(field=field)
    if error.outcome not in _TRY_LATER:
        return AiUnavailable()
    wait = error.retry_after_seconds
    if wait is None:
        return AiBusy()
    return AiBusy(retry_after_seconds=min(_LONGEST_WAIT_SECONDS, max(1, round(wait))))
