"""A verifier and what surrounds it."""

import pytest

from app.core.security import TokenVerifier
from tests.core.tokens.verifying import Provider


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def verifier(provider: Provider) -> TokenVerifier:
    return provider.verifier()
