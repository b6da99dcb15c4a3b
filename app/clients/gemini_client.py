"""Gemini as a LanguageModel, over the `google-generativeai` package.

The package has no support any more, so this module alone imports it, and only when it is needed:
importing takes about a second. Its asynchronous calls do not work over HTTP, so each call has a
thread of its own. Threads are daemons: one that hangs does not keep the process from ending.
"""

import asyncio
import threading
import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from app.clients.language_model import (
    ModelAnswer,
    ModelBusy,
    ModelError,
    ModelFailed,
    ModelMisconfigured,
    ModelOverloaded,
    ModelRefused,
    ModelTimedOut,
    ModelTruncated,
    ModelUnreachable,
    Prompt,
)
from app.core.ai_usage import Tokens

# Models think before they write, and that counts as well.
MAX_TOKENS_WRITTEN = 8192
PAUSE_BEFORE_RETRY_SECONDS = 1.0
# With less time left, an answer is not to be expected.
_WORTH_ASKING_SECONDS = 0.5
_OVERLOADED = frozenset({429, 503})
# Gemini's numbers of why an answer ended: cut off, and the reasons of safety (SAFETY, BLOCKLIST,
# PROHIBITED_CONTENT, SPII, IMAGE_SAFETY). With any other, the text says whether it is fit for use.
_MAX_TOKENS = 2
_SAFETY = frozenset({3, 7, 8, 9, 11})

# The package keeps its settings for the whole process.
_configuring = threading.Lock()


class GeminiModel:
    """LanguageModel for one key. At most `slots` calls run at once; nobody waits for a slot."""

    def __init__(self, *, api_key: str, model: str, endpoint: str, slots: int) -> None:
        self._api_key = api_key
        self._name = model.removeprefix("models/")
        self._endpoint = endpoint.rstrip("/")
        self._slots = slots
        self._running = 0
        # A client is used by one thread at a time, as its HTTP session asks for.
        self._idle_clients: list[Any] = []

    @property
    def name(self) -> str:
        return self._name

    async def generate(self, prompt: Prompt, *, seconds: float) -> ModelAnswer:
        """Asks once more, after a pause, when Gemini is overloaded and there is time for it."""
        deadline = time.monotonic() + seconds
        try:
            return await self._call(prompt, deadline)
        except ModelOverloaded as overloaded:
            pause = overloaded.retry_after_seconds
            pause = PAUSE_BEFORE_RETRY_SECONDS if pause is None else pause
            if time.monotonic() + pause + _WORTH_ASKING_SECONDS > deadline:
                raise
        await asyncio.sleep(pause)
        return await self._call(prompt, deadline)

    async def _call(self, prompt: Prompt, deadline: float) -> ModelAnswer:
        if time.monotonic() >= deadline:
            raise ModelTimedOut
        if self._running >= self._slots:
            raise ModelBusy
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[ModelAnswer] = loop.create_future()

        def settle(outcome: ModelAnswer | ModelError) -> None:
            self._running -= 1
            if answer.done():  # nobody waits for it any more
                return
            if isinstance(outcome, ModelError):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)

        def run() -> None:
            outcome = self._ask(prompt, deadline)
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(settle, outcome)

        # A slot is taken until its thread has ended, also when nobody waits for it any more.
        self._running += 1
        try:
            threading.Thread(target=run, name="gemini", daemon=True).start()
        except RuntimeError as error:
            self._running -= 1
            raise ModelBusy from error
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                return await answer
        except TimeoutError as error:
            raise ModelTimedOut from error

    def _ask(self, prompt: Prompt, deadline: float) -> ModelAnswer | ModelError:
        """Blocks. All that the package and its HTTP library can raise ends here."""
        try:
            return self._ask_gemini(prompt, deadline)
        except ModelError as error:
            return error
        except OSError as error:  # what the HTTP library raises
            kind = ModelTimedOut if time.monotonic() >= deadline - 0.05 else ModelUnreachable
            return _caused_by(kind(), error)
        except Exception as error:
            return _caused_by(ModelFailed(), error)

    def _ask_gemini(self, prompt: Prompt, deadline: float) -> ModelAnswer:
        genai, call_error = _load_package()
        request = genai.protos.GenerateContentRequest(
            model=f"models/{self._name}",
            system_instruction={"parts": [{"text": prompt.instruction}]},
            contents=[
                {"role": speaker.value, "parts": [{"text": text}]}
                for speaker, text in prompt.messages
            ],
            generation_config={
                "response_mime_type": "application/json",
                "response_schema": _without_reserved_names(prompt.schema),
                "max_output_tokens": MAX_TOKENS_WRITTEN,
            },
        )
        client = self._idle_clients.pop() if self._idle_clients else self._make_client(genai)
        try:
            seconds = max(0.01, deadline - time.monotonic())
            response = client.generate_content(request, retry=None, timeout=seconds)
        except call_error as error:
            raise _error_for(error) from error
        finally:
            self._idle_clients.append(client)
        return _read(genai.protos.GenerateContentResponse.pb(response))

    def _make_client(self, genai: Any) -> Any:
        from google.generativeai.client import get_default_generative_client

        with _configuring:
            genai.configure(
                api_key=self._api_key,
                transport="rest",
                client_options={"api_endpoint": self._endpoint},
            )
            return get_default_generative_client()


def _load_package() -> tuple[Any, Any]:
    """The package, and the exception of its calls."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it has reached its end
        import google.generativeai as genai
        from google.api_core.exceptions import GoogleAPICallError
    return genai, GoogleAPICallError


def _without_reserved_names(schema: Any) -> Any:
    """The package calls `type` and `format` by other names; property names stay as they are."""
    if not isinstance(schema, Mapping):
        return schema
    renamed = {"type": "type_", "format": "format_"}
    return {
        renamed.get(key, key): (
            {name: _without_reserved_names(item) for name, item in value.items()}
            if key == "properties"
            else _without_reserved_names(value)
        )
        for key, value in schema.items()
    }


def _error_for(error: Any) -> ModelError:
    if error.code in _OVERLOADED:
        return ModelOverloaded(retry_after_seconds=_asked_to_wait(error))
    if 400 <= error.code < 500:
        return ModelMisconfigured()
    return ModelFailed()


def _asked_to_wait(error: Any) -> float | None:
    """Gemini says it in the body, as `"retryDelay": "17s"`; what is in front of it, in a header."""
    said = [detail.get("retryDelay") for detail in error.details if isinstance(detail, dict)]
    said.append(error.response.headers.get("Retry-After"))
    for words in said:
        with suppress(ValueError):
            if isinstance(words, str):
                return max(0.0, float(words.removesuffix("s")))
    return None


def _caused_by(error: ModelError, cause: BaseException) -> ModelError:
    error.__cause__ = cause
    return error


def _read(response: Any) -> ModelAnswer:
    """From the message as it came, since newer numbers have no name in the package.

    What Gemini said is told apart from why it did not say it.
    """
    usage = response.usage_metadata
    read = usage.prompt_token_count
    # The package does not know the tokens of thoughts, but they are in the total.
    tokens = Tokens(read, max(usage.candidates_token_count, usage.total_token_count - read))
    if response.prompt_feedback.block_reason:
        raise ModelRefused(tokens=tokens)
    if not response.candidates:
        raise ModelFailed(tokens=tokens)
    candidate = response.candidates[0]
    if candidate.finish_reason in _SAFETY:
        raise ModelRefused(tokens=tokens)
    if candidate.finish_reason == _MAX_TOKENS:
        raise ModelTruncated(tokens=tokens)
    return ModelAnswer("".join(part.text for part in candidate.content.parts), tokens)
