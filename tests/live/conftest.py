"""A server of its own for each test, on the application that the other tests use too."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from tests.live.receiving import LiveServer


@pytest.fixture
async def server(app: FastAPI) -> AsyncIterator[LiveServer]:
    async with LiveServer(app).serving() as running:
        yield running
