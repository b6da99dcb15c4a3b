"""What the assistant needs of a language model, whoever provides it, and what can go wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from app.core.ai_usage import NO_TOKENS, AiOperation, AiOutcome, Tokens


class Speaker(StrEnum):
    PERSON = "user"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked. `facts` says the same as the words do, for a model that reads no words.

    `schema` is that of the JSON to answer with, in the subset of OpenAPI that Gemini takes.
    """

    operation: AiOperation
    version: str
    instruction: str
    messages: tuple[tuple[Speaker, str], ...]
    schema: Mapping[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    text: str
    tokens: Tokens = NO_TOKENS


class ModelError(Exception):
    """The model gave no answer, or none that is complete; `tokens` were used all the same."""

    outcome: ClassVar[AiOutcome] = AiOutcome.FAILED

    def __init__(
        self, *, tokens: Tokens = NO_TOKENS, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__()
        self.tokens = tokens
        self.retry_after_seconds = retry_after_seconds


class ModelFailed(ModelError):
    """It answered with an error, or with what is no answer of its kind."""


class ModelUnreachable(ModelError):
    """There was no connection, or it broke off."""

    outcome = AiOutcome.UNREACHABLE


class ModelOverloaded(ModelError):
    """It has too much to do, or our account's quota is used up."""

    outcome = AiOutcome.OVERLOADED


class ModelBusy(ModelError):
    """As many are asking it as may ask at the same time; it was not asked."""

    outcome = AiOutcome.BUSY


class ModelTimedOut(ModelError):
    outcome = AiOutcome.TIMED_OUT


class ModelMisconfigured(ModelError):
    """It does not take our key, does not know the model, or does not understand the request."""

    outcome = AiOutcome.MISCONFIGURED


class ModelRefused(ModelError):
    """It will not answer this for reasons of safety: what was asked, or what it began to say."""

    outcome = AiOutcome.REFUSED


class ModelTruncated(ModelError):
    """The answer was too long and was cut off."""

    outcome = AiOutcome.UNUSABLE


class ModelUnusable(ModelError):
    """It said something else than it was asked for, twice."""

    outcome = AiOutcome.UNUSABLE


class LanguageModel(Protocol):
    @property
    def name(self) -> str:
        """Which model it is, as people are told."""
        ...

    async def generate(self, prompt: Prompt, *, seconds: float) -> ModelAnswer:
        """Ask once and wait so long at most. Raises ModelError.

        The text should be JSON as the prompt's schema describes it; nothing checks that here.
        """
        ...
