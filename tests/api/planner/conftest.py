"""What tests of the AI planner share: a Gemini that does as it is told."""

from collections.abc import AsyncIterator, Callable

import pytest
from fastapi import FastAPI

from app.clients.gemini_client import GeminiModel
from app.core.config import Settings
from tests.factories import Factory, Person
from tests.fakes.gemini_server import KEY, GeminiServer, gemini_server

MODEL = "gemini-test"


@pytest.fixture
async def gemini(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[GeminiServer]:
    """The application asks this server."""
    async with gemini_server() as server:
        model = GeminiModel(api_key=KEY, model=MODEL, endpoint=server.url, slots=20)
        monkeypatch.setitem(app.state._state, "language_model", model)
        yield server


@pytest.fixture
def set_timeout(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """How long one request to the planner may take, in seconds."""

    def set_seconds(seconds: float) -> None:
        settings: Settings = app.state.settings
        changed = settings.model_copy(update={"gemini_timeout_seconds": seconds})
        monkeypatch.setitem(app.state._state, "settings", changed)

    return set_seconds


@pytest.fixture
async def alice(factory: Factory) -> Person:
    return await factory.person("Alice")
