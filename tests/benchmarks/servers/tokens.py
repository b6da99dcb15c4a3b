"""The token verification of the floor and the idiomatic variant: the application's own.

How tokens are verified and for how long that is remembered is not what is compared.
"""

from app.core.clock import SystemClock
from app.core.security import CACHE_SIZE, TokenVerifier
from tests.benchmarks.servers.options import ISSUER, ServerOptions


def token_verifier(options: ServerOptions) -> TokenVerifier:
    async def fetch_jwks() -> dict[str, object]:
        return {"keys": [options.jwk]}

    return TokenVerifier(
        issuer=ISSUER,
        shared_secret=None,
        fetch_jwks=fetch_jwks,
        clock=SystemClock(),
        cache_size=CACHE_SIZE if options.token_cache else 0,
    )
