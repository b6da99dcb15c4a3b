"""What tests of access tokens share: keys, a verifier's surroundings, a refusal."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from app.core.errors import NotAuthenticated
from app.core.jwks import JwksUnavailable
from app.core.security import TokenVerifier
from tests.core.hostile_tokens import hostile_tokens, legitimate_tokens
from tests.core.token_maker import TokenMaker, ec_jwk, rsa_jwk

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ISSUER = "https://abcdefghijklmnopqrst.supabase.co/auth/v1"
SECRET = "super-secret-jwt-token-with-at-least-32-characters"
KID = "b7c1f1a2-0a51-4d0f-9f0e-0d8f3f1c2e77"

EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
MAKER = TokenMaker(key=EC_KEY, kid=KID, issuer=ISSUER, now=NOW)
HOSTILE = hostile_tokens(key=EC_KEY, kid=KID, issuer=ISSUER, now=NOW, shared_secret=SECRET)
LEGITIMATE = legitimate_tokens(MAKER)
PUBLISHED: dict[str, object] = {
    "keys": [ec_jwk(EC_KEY.public_key(), KID), rsa_jwk(RSA_KEY.public_key(), "rsa")]
}


class Provider:
    """The clock and the key set that a verifier sees."""

    def __init__(self) -> None:
        self.instant = NOW
        self.document: object = PUBLISHED
        self.calls = 0

    def now(self) -> datetime:
        return self.instant

    def advance(self, **duration: float) -> None:
        self.instant += timedelta(**duration)

    async def fetch(self) -> Mapping[str, object]:
        self.calls += 1
        if not isinstance(self.document, dict):
            raise JwksUnavailable("refused")
        return self.document

    def verifier(self, *, secret: str | None = SECRET, cache_size: int = 100) -> TokenVerifier:
        return TokenVerifier(
            issuer=ISSUER,
            shared_secret=secret,
            fetch_jwks=self.fetch,
            clock=self,
            cache_size=cache_size,
        )


async def assert_refused(verifier: TokenVerifier, token: str) -> None:
    with pytest.raises(NotAuthenticated) as caught:
        await verifier.verify(token)
    error = caught.value
    assert str(error) == NotAuthenticated.message, "the reason must not reach the client"
    assert error.headers == {"WWW-Authenticate": "Bearer"}
    assert error.__cause__ is not None
