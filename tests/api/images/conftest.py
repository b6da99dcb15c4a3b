"""What tests of images share."""

import pytest
from fastapi import FastAPI

from tests.factories import Factory, Person
from tests.fakes.storage import WatchedStorage, storage_that_is_down


@pytest.fixture
def storage(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> WatchedStorage:
    """The application's storage, watched."""
    watched = WatchedStorage(app)
    monkeypatch.setitem(app.state._state, "storage", watched)
    return watched


@pytest.fixture
def storage_down(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.state._state, "storage", storage_that_is_down())


@pytest.fixture
async def alice(factory: Factory, app: FastAPI) -> Person:
    """Somebody, in front of an empty storage."""
    for place in app.state.local_mode.storage_dir.rglob("*.object"):
        place.unlink()
    return await factory.person("Alice")
