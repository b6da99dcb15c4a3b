"""Verification of Supabase access tokens. The only module that imports the JWT library.

What a token says about itself decides nothing but which of *our* keys is tried: every key carries
the one algorithm that it may verify, and python-jose is never given a list of more than that one
(with ES256 and HS256 allowed together, 3.5.0 takes a public key for an HMAC secret:
CVE-2026-85394). The library checks the signature; claims are checked here, because it lets
missing ones pass and reads the wall clock.
"""

import base64
import hashlib
import json
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID

from jose import jwk, jws
from jose.backends.base import Key
from jose.exceptions import JOSEError

from app.core.clock import Clock
from app.core.errors import AuthUnavailable, NotAuthenticated
from app.core.jwks import JwksCache, JwksUnavailable

AUDIENCE: Final = "authenticated"
ROLE: Final = "authenticated"
LEEWAY: Final = timedelta(seconds=30)
MAX_TOKEN_LENGTH: Final = 8192
MIN_SECRET_LENGTH: Final = 32
MIN_RSA_BITS: Final = 2048
MAX_KEYS: Final = 100
CACHE_SIZE: Final = 10_000
CACHED_FOR: Final = timedelta(minutes=10)

_LATEST_INSTANT: Final = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
_COMPACT_JWS: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
# `crit` and `b64` change what the signature means; the others bring the attacker's own key along.
_REFUSED_HEADERS: Final = frozenset({"crit", "b64", "zip", "jwk", "jku", "x5u", "x5c"})


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a verified token says about the session that presented it.

    `user_metadata` can be edited by the user: a source of hints, never of rights.
    """

    user_id: UUID
    email: str | None
    session_id: str | None
    expires_at: datetime
    issued_at: datetime
    user_metadata: Mapping[str, object] = field(repr=False, hash=False)
    raw: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A key and the only algorithm that it verifies."""

    algorithm: str
    key: Key = field(repr=False)


class TokenVerifier:
    """Verifies access tokens; one for each process, shared by all requests."""

    def __init__(
        self,
        *,
        issuer: str,
        shared_secret: str | None,
        fetch_jwks: Callable[[], Awaitable[Mapping[str, object]]],
        clock: Clock,
        cache_size: int = CACHE_SIZE,
    ) -> None:
        """`shared_secret` is the legacy HS256 secret, `cache_size` 0 turns the token cache off.

        `fetch_jwks` gets the JWK Set and raises JwksUnavailable when it cannot. Raises ValueError
        for a secret that is too short or plainly a public key.
        """
        self._issuer = issuer
        self._clock = clock
        self._shared_key = None if shared_secret is None else _shared_key(shared_secret)
        self._jwks = JwksCache(fetch=fetch_jwks, build=build_keys, clock=clock)
        self._verified: OrderedDict[bytes, tuple[datetime, AccessToken]] = OrderedDict()
        self._cache_size = cache_size

    async def verify(self, token: str) -> AccessToken:
        """Return what `token` says, once its signature and claims are found good.

        Raises NotAuthenticated, with the reason as its cause and nowhere else, or AuthUnavailable
        when there are no keys to check the token with.
        """
        with _refusing():
            if len(token) > MAX_TOKEN_LENGTH:
                raise _Refused("too long")
            digest = hashlib.sha256(token.encode("ascii")).digest()
        now = self._clock.now()
        cached = self._verified.get(digest)
        if cached is not None:
            if now < cached[0]:
                self._verified.move_to_end(digest)
                return cached[1]
            del self._verified[digest]

        verified = await self._verify(token)
        # The limit on age makes a key that was withdrawn stop working for cached tokens too.
        valid_until = min(verified.expires_at, now + CACHED_FOR)
        if now < valid_until:
            self._verified[digest] = (valid_until, verified)
            if len(self._verified) > self._cache_size:
                self._verified.popitem(last=False)
        return verified

    async def aclose(self) -> None:
        """Abandon a fetch of keys that is under way."""
        await self._jwks.aclose()

    async def _verify(self, token: str) -> AccessToken:
        with _refusing():
            algorithm, kid = _read_header(token)
        key = await self._find_key(algorithm, kid)
        with _refusing():
            if key is None:
                raise _Refused("no such key")
            payload = jws.verify(token, key.key, algorithms=[key.algorithm])
            return _read_claims(payload, issuer=self._issuer, now=self._clock.now(), raw=token)

    async def _find_key(self, algorithm: object, kid: object) -> VerificationKey | None:
        # There is one shared secret, so that a `kid` beside HS256 (Supabase sends one) selects
        # nothing. It is not looked up in the JWKS: no published key ever gets to verify HS256.
        if algorithm == "HS256":
            return self._shared_key
        if algorithm not in ("ES256", "RS256") or not isinstance(kid, str):
            return None
        try:
            return await self._jwks.get(kid)
        except JwksUnavailable as error:
            raise AuthUnavailable from error


class _Refused(ValueError):
    """Why a token is refused. For logs only."""


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn everything that a hostile token can provoke in the parsers into NotAuthenticated."""
    try:
        yield
    except (JOSEError, TypeError, ValueError, KeyError, RecursionError) as error:
        raise NotAuthenticated from error


def build_keys(document: object) -> Mapping[str, VerificationKey]:
    """The usable keys of a JWK Set by `kid`. Keys of other kinds are left out, as RFC 7517 §5 asks.

    Raises JwksUnavailable when `document` is not a JWK Set.
    """
    entries = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(entries, list) or len(entries) > MAX_KEYS:
        raise JwksUnavailable("the answer is not a JWK Set")
    keys: dict[str, VerificationKey] = {}
    for entry in entries:
        if not isinstance(entry, Mapping):
            raise JwksUnavailable("the answer is not a JWK Set")
        kid, key = entry.get("kid"), _build_key(entry)
        if key is not None and isinstance(kid, str) and kid:
            keys.setdefault(kid, key)
    return keys


def _build_key(entry: Mapping[object, object]) -> VerificationKey | None:
    # Only public members are passed on; symmetric keys (`oct`) have no business in a public list.
    match entry:
        case {"kty": "EC", "crv": "P-256", "x": str(x), "y": str(y)}:
            algorithm, public = "ES256", {"kty": "EC", "crv": "P-256", "x": x, "y": y}
        case {"kty": "RSA", "n": str(n), "e": str(e)}:
            algorithm, public = "RS256", {"kty": "RSA", "n": n, "e": e}
        case _:
            return None
    operations = entry.get("key_ops", ["verify"])
    if (
        entry.get("use", "sig") != "sig"
        or entry.get("alg", algorithm) != algorithm
        or not isinstance(operations, list)
        or "verify" not in operations
    ):
        return None
    try:
        if algorithm == "RS256" and _bit_length(public["n"]) < MIN_RSA_BITS:
            return None
        return VerificationKey(algorithm, jwk.construct(public, algorithm))
    except (JOSEError, ValueError, TypeError):
        return None


def _bit_length(encoded: str) -> int:
    return int.from_bytes(_decode(encoded), "big").bit_length()


def _shared_key(secret: str) -> VerificationKey:
    if len(secret) < MIN_SECRET_LENGTH:
        raise ValueError(f"the JWT secret needs at least {MIN_SECRET_LENGTH} characters")
    if secret.lstrip().startswith("{"):
        raise ValueError("the JWT secret is a JWK; expected the legacy HS256 secret")
    try:
        return VerificationKey("HS256", jwk.construct(secret, "HS256"))
    except JOSEError:  # it names PEM and SSH keys, certificates
        raise ValueError("the JWT secret is a public key; expected the HS256 secret") from None


def _read_header(token: str) -> tuple[object, object]:
    """The algorithm and the `kid` that the token claims. Nothing of it is verified."""
    if not _COMPACT_JWS.fullmatch(token):
        raise _Refused("not three segments of base64url")
    encoded_header, _, encoded_signature = token.split(".")
    header = _json_object(_decode(encoded_header))
    if not _REFUSED_HEADERS.isdisjoint(header):
        raise _Refused("refused header")
    if str(header.get("typ", "JWT")).upper() != "JWT":
        raise _Refused("not a JWT")
    # The unused bits of the last character could spell one signature in 16 ways, each with a
    # place of its own in the cache.
    signature = base64.urlsafe_b64encode(_decode(encoded_signature)).rstrip(b"=")
    if signature != encoded_signature.encode("ascii"):
        raise _Refused("signature not canonical")
    return header.get("alg"), header.get("kid")


def _read_claims(payload: bytes, *, issuer: str, now: datetime, raw: str) -> AccessToken:
    claims = _json_object(payload)
    expires_at, issued_at = _instant(claims, "exp"), _instant(claims, "iat")
    if now >= expires_at + LEEWAY:
        raise _Refused("expired")
    if issued_at > now + LEEWAY:
        raise _Refused("issued in the future")
    if "nbf" in claims and _instant(claims, "nbf") > now + LEEWAY:
        raise _Refused("not valid yet")
    if claims.get("iss") != issuer:
        raise _Refused("wrong issuer")
    if claims.get("aud") not in (AUDIENCE, [AUDIENCE]):
        raise _Refused("wrong audience")
    if claims.get("role") != ROLE:
        raise _Refused("wrong role")
    if claims.get("is_anonymous", False) is not False:
        raise _Refused("anonymous user")
    metadata = claims.get("user_metadata")
    return AccessToken(
        user_id=_user_id(claims.get("sub")),
        email=_optional_text(claims, "email"),
        session_id=_optional_text(claims, "session_id"),
        expires_at=expires_at,
        issued_at=issued_at,
        user_metadata=MappingProxyType(metadata if isinstance(metadata, dict) else {}),
        raw=raw,
    )


def _instant(claims: Mapping[str, object], name: str) -> datetime:
    """A NumericDate (RFC 7519 §2): seconds since 1970, possibly with a fraction."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Refused(f"{name} is not a number")
    if not 0 <= value < _LATEST_INSTANT:  # false for NaN too
        raise _Refused(f"{name} is out of range")
    return datetime.fromtimestamp(value, UTC)


def _user_id(value: object) -> UUID:
    if not isinstance(value, str):
        raise _Refused("sub is not a string")
    user_id = UUID(value)
    if str(user_id) != value.lower():  # UUID() also takes braces, URNs and no hyphens
        raise _Refused("sub is not a UUID")
    return user_id


def _optional_text(claims: Mapping[str, object], name: str) -> str | None:
    """Text that can be stored; Supabase sends an empty string for "none"."""
    value = claims.get(name)
    if value is None or value == "":
        return None
    # Zero bytes and lone surrogates would fail only later, in the database.
    if not isinstance(value, str) or not value.isprintable():
        raise _Refused(f"{name} is not text")
    return value


def _decode(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def _json_object(data: bytes) -> dict[str, object]:
    value = json.loads(
        data.decode("utf-8"),
        object_pairs_hook=_without_duplicates,
        parse_constant=_refuse_constant,
    )
    if not isinstance(value, dict):
        raise _Refused("not a JSON object")
    return value


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Which of two members counts differs between parsers, the library's and ours included."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Refused("duplicate member")
    return members


def _refuse_constant(name: str) -> object:
    raise _Refused(f"{name} is not JSON")
