"""Access tokens: what is accepted, what is refused and how, and what the token cache may do."""

import ast
import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import app
from app.core.errors import AuthUnavailable, NotAuthenticated
from app.core.jwks import JwksUnavailable
from app.core.security import AccessToken, TokenVerifier, build_keys
from tests.core.hostile_tokens import hostile_tokens, legitimate_tokens, survives_http
from tests.core.token_maker import (
    USER_ID,
    TokenMaker,
    compact,
    ec_jwk,
    es256,
    hs,
    rs256,
    rsa_jwk,
)

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


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def verifier(provider: Provider) -> TokenVerifier:
    return provider.verifier()


async def assert_refused(verifier: TokenVerifier, token: str) -> None:
    with pytest.raises(NotAuthenticated) as caught:
        await verifier.verify(token)
    error = caught.value
    assert str(error) == NotAuthenticated.message, "the reason must not reach the client"
    assert error.headers == {"WWW-Authenticate": "Bearer"}
    assert error.__cause__ is not None


# What is accepted -------------------------------------------------------------------------------


async def test_a_token_is_read_in_full(verifier: TokenVerifier) -> None:
    token = MAKER.token()
    verified = await verifier.verify(token)
    assert verified == AccessToken(
        user_id=UUID(USER_ID),
        email="alice@example.com",
        session_id="0e2d0f43-0c5a-4c0e-8f5a-5d0f4f6f1c9b",
        expires_at=NOW + timedelta(hours=1),
        issued_at=NOW - timedelta(seconds=10),
        user_metadata={"timezone": "Europe/Berlin"},
        raw=token,
    )
    assert token not in repr(verified)


@pytest.mark.parametrize(("name", "token"), LEGITIMATE, ids=[name for name, _ in LEGITIMATE])
async def test_legitimate_tokens_are_accepted(
    verifier: TokenVerifier, name: str, token: str
) -> None:
    assert (await verifier.verify(token)).user_id == UUID(USER_ID)


async def test_tokens_signed_with_rsa_are_accepted(verifier: TokenVerifier) -> None:
    header = MAKER.header(alg="RS256", kid="rsa")
    token = compact(header, MAKER.claims(), rs256(RSA_KEY))
    assert (await verifier.verify(token)).user_id == UUID(USER_ID)


@pytest.mark.parametrize("kid", [None, "legacy-key", KID])
async def test_legacy_tokens_are_accepted_with_and_without_kid_and_need_no_key_set(
    provider: Provider, kid: str | None
) -> None:
    provider.document = None
    header = {"alg": "HS256", "typ": "JWT"} | ({} if kid is None else {"kid": kid})
    token = compact(header, MAKER.claims(), hs(SECRET.encode()))
    assert (await provider.verifier().verify(token)).user_id == UUID(USER_ID)
    assert provider.calls == 0


async def test_missing_contact_data_is_none(verifier: TokenVerifier) -> None:
    verified = await verifier.verify(MAKER.token(email="", session_id=None, user_metadata=None))
    assert (verified.email, verified.session_id, dict(verified.user_metadata)) == (None, None, {})


# What is refused --------------------------------------------------------------------------------


def test_the_corpus_is_large_and_its_names_are_unique() -> None:
    assert len(HOSTILE) >= 300
    assert len({name for name, _ in HOSTILE}) == len(HOSTILE)
    assert sum(survives_http(token) for _, token in HOSTILE) >= 280
    assert not {token for _, token in HOSTILE} & {token for _, token in LEGITIMATE}


@pytest.mark.parametrize("secret", [SECRET, None], ids=["with a secret", "without a secret"])
@pytest.mark.parametrize(("name", "token"), HOSTILE, ids=[name for name, _ in HOSTILE])
async def test_hostile_tokens_are_refused(
    provider: Provider, secret: str | None, name: str, token: str
) -> None:
    verifier = provider.verifier(secret=secret)
    neighbour = MAKER.token()
    await verifier.verify(neighbour)
    await assert_refused(verifier, token)
    await assert_refused(verifier, token)  # nothing was cached
    await provider.verifier(secret=secret).verify(neighbour)


async def test_legacy_tokens_are_refused_where_no_secret_is_configured(provider: Provider) -> None:
    verifier = provider.verifier(secret=None)
    for secret in (SECRET, "", "None"):
        for kid in ({}, {"kid": KID}):
            header = {"alg": "HS256", "typ": "JWT"} | kid
            token = compact(header, MAKER.claims(), hs(secret.encode()))
            await assert_refused(verifier, token)


async def test_each_published_key_verifies_its_own_algorithm_only(verifier: TokenVerifier) -> None:
    pem = RSA_KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    der = RSA_KEY.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    claims = MAKER.claims()
    for alg, kid, sign in (
        ("RS256", KID, rs256(RSA_KEY)),
        ("ES256", "rsa", es256(EC_KEY)),
        ("ES256", "rsa", rs256(RSA_KEY)),
        ("RS256", "rsa", es256(EC_KEY)),
        ("RS384", "rsa", rs256(RSA_KEY)),
        ("PS256", "rsa", rs256(RSA_KEY)),
        ("HS256", "rsa", hs(pem)),
        ("HS256", "rsa", hs(der)),
    ):
        await assert_refused(verifier, compact(MAKER.header(alg=alg, kid=kid), claims, sign))


async def test_a_symmetric_key_in_the_key_set_verifies_nothing(provider: Provider) -> None:
    provider.document = {"keys": [{"kty": "oct", "kid": KID, "alg": "HS256", "k": "c2VjcmV0"}]}
    for secret in (None, SECRET):
        token = compact(MAKER.header(alg="HS256"), MAKER.claims(), hs(b"secret"))
        await assert_refused(provider.verifier(secret=secret), token)
    await assert_refused(provider.verifier(), MAKER.token())


async def test_without_any_keys_the_answer_is_not_that_the_token_is_bad(provider: Provider) -> None:
    provider.document = None
    with pytest.raises(AuthUnavailable) as caught:
        await provider.verifier().verify(MAKER.token())
    assert isinstance(caught.value.__cause__, JwksUnavailable)


async def test_hostile_tokens_cause_one_fetch_in_all(provider: Provider) -> None:
    verifier = provider.verifier()
    for _, token in HOSTILE:
        await assert_refused(verifier, token)
    assert provider.calls == 1


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "short",
        "x" * 31,
        json.dumps(ec_jwk(EC_KEY.public_key(), KID)),
        EC_KEY.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode(),
    ],
)
def test_a_secret_that_is_none_stops_the_start(provider: Provider, secret: str) -> None:
    with pytest.raises(ValueError, match="JWT secret") as caught:
        provider.verifier(secret=secret)
    assert not secret or secret not in str(caught.value)


def test_one_module_imports_the_jwt_library() -> None:
    root = Path(app.__file__).parent
    importers = set()
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            if any(name.partition(".")[0] in ("jose", "jwt") for name in names):
                importers.add(path.relative_to(root).as_posix())
    assert importers == {"core/security.py"}


# The key set ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "keys",
        1,
        {},
        {"keys": None},
        {"keys": {}},
        {"keys": "x"},
        {"keys": [1]},
        {"keys": [None, ec_jwk(EC_KEY.public_key(), KID)]},
        {"keys": [ec_jwk(EC_KEY.public_key(), str(n)) for n in range(101)]},
        {"error": "not found"},
    ],
)
def test_what_is_not_a_key_set_is_unavailable(document: object) -> None:
    with pytest.raises(JwksUnavailable):
        build_keys(document)


_GOOD = ec_jwk(EC_KEY.public_key(), KID)
_WEAK = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()


@pytest.mark.parametrize(
    "entry",
    [
        _GOOD | {"kid": None},
        _GOOD | {"kid": ""},
        _GOOD | {"kid": 1},
        _GOOD | {"kty": "RSA"},
        _GOOD | {"kty": "oct", "k": "c2VjcmV0"},
        _GOOD | {"kty": None},
        _GOOD | {"crv": "P-384"},
        _GOOD | {"x": _GOOD["y"]},
        _GOOD | {"x": ""},
        _GOOD | {"x": 10**9},
        _GOOD | {"x": "é"},
        _GOOD | {"x": "A" * 100_000},
        _GOOD | {"alg": "HS256"},
        _GOOD | {"alg": "RS256"},
        _GOOD | {"alg": None},
        _GOOD | {"use": "enc"},
        _GOOD | {"key_ops": ["sign"]},
        _GOOD | {"key_ops": "verify"},
        ec_jwk(ec.generate_private_key(ec.SECP384R1()).public_key(), KID),
        {"kty": "OKP", "crv": "Ed25519", "kid": KID, "x": "A" * 43},
        rsa_jwk(_WEAK, KID),
        rsa_jwk(RSA_KEY.public_key(), KID) | {"e": "AQ"},
        rsa_jwk(RSA_KEY.public_key(), KID) | {"e": ""},
        rsa_jwk(RSA_KEY.public_key(), KID) | {"n": ""},
        rsa_jwk(RSA_KEY.public_key(), KID) | {"alg": "PS256"},
        {},
    ],
)
def test_keys_of_other_kinds_are_left_out(entry: dict[str, object]) -> None:
    other = ec_jwk(EC_KEY.public_key(), "other")
    assert set(build_keys({"keys": [entry, other]})) == {"other"}


def test_keys_are_pinned_to_one_algorithm() -> None:
    keys = build_keys(PUBLISHED)
    assert {kid: key.algorithm for kid, key in keys.items()} == {KID: "ES256", "rsa": "RS256"}


def test_private_members_of_a_key_are_dropped() -> None:
    keys = build_keys({"keys": [_GOOD | {"d": "AQ"}]})
    assert keys[KID].key.to_dict().keys() == {"alg", "kty", "crv", "x", "y"}


async def test_the_first_of_two_keys_with_one_kid_counts(provider: Provider) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    provider.document = {"keys": [_GOOD, ec_jwk(other.public_key(), KID)]}
    verifier = provider.verifier()
    await verifier.verify(MAKER.token())
    await assert_refused(verifier, replace(MAKER, key=other).token())


# The token cache --------------------------------------------------------------------------------
# A hit returns the very object of the first verification, so that identity tells hit from miss.


async def test_a_verified_token_is_not_verified_again(provider: Provider) -> None:
    verifier, token = provider.verifier(), MAKER.token()
    first = await verifier.verify(token)
    provider.advance(minutes=9, seconds=59)
    assert await verifier.verify(token) is first


async def test_the_cache_can_be_switched_off(provider: Provider) -> None:
    verifier, token = provider.verifier(cache_size=0), MAKER.token()
    first = await verifier.verify(token)
    again = await verifier.verify(token)
    assert again == first
    assert again is not first


async def test_a_withdrawn_key_stops_working_for_cached_tokens(provider: Provider) -> None:
    verifier, token = provider.verifier(), MAKER.token()
    await verifier.verify(token)
    provider.document = {"keys": []}
    provider.advance(minutes=10)
    await assert_refused(verifier, token)


async def test_a_cached_token_expires(provider: Provider) -> None:
    verifier, token = provider.verifier(), MAKER.token(exp=MAKER.seconds + 60)
    first = await verifier.verify(token)
    provider.advance(seconds=59)
    assert await verifier.verify(token) is first
    provider.advance(seconds=30)  # within the leeway: accepted, but not from the cache
    assert await verifier.verify(token) is not first
    assert await verifier.verify(token) is not await verifier.verify(token)
    provider.advance(seconds=1)
    await assert_refused(verifier, token)


async def test_the_cache_keeps_what_was_used_last(provider: Provider) -> None:
    verifier = provider.verifier(cache_size=2)
    a, b, c = (MAKER.token(session_id=name) for name in "abc")
    first_a, first_b = await verifier.verify(a), await verifier.verify(b)
    assert await verifier.verify(a) is first_a
    await verifier.verify(c)
    assert await verifier.verify(a) is first_a
    assert await verifier.verify(b) is not first_b


async def test_hostile_tokens_do_not_displace_good_ones(provider: Provider) -> None:
    verifier, token = provider.verifier(cache_size=1), MAKER.token()
    first = await verifier.verify(token)
    for _, hostile in HOSTILE:
        await assert_refused(verifier, hostile)
    assert await verifier.verify(token) is first


async def test_a_token_in_its_last_seconds_does_not_displace_others(provider: Provider) -> None:
    verifier, token = provider.verifier(cache_size=1), MAKER.token()
    first = await verifier.verify(token)
    await verifier.verify(MAKER.token(exp=MAKER.seconds - 10))
    assert await verifier.verify(token) is first


async def test_metadata_of_a_cached_token_cannot_be_changed(verifier: TokenVerifier) -> None:
    verified = await verifier.verify(MAKER.token())
    with pytest.raises(TypeError):
        verified.user_metadata["timezone"] = "UTC"  # type: ignore[index]


# Whatever comes ---------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)
GOOD_TOKEN = MAKER.token()
LEGACY_TOKEN = compact({"alg": "HS256", "typ": "JWT"}, MAKER.claims(), hs(SECRET.encode()))
no_deadline = settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow]
)


def outcome(token: str) -> AccessToken | None:
    """None for a refusal; everything but NotAuthenticated fails the test."""
    verifier = Provider().verifier(cache_size=0)
    try:
        return asyncio.run(verifier.verify(token))
    except NotAuthenticated:
        return None


@no_deadline
@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
@example("\udcff.\udcff.\udcff")
def test_text_is_never_a_token(token: str) -> None:
    assert outcome(token) is None


@no_deadline
@given(st.binary(), st.binary(), st.binary(max_size=80))
def test_bytes_in_the_form_of_a_token_are_never_one(
    header: bytes, payload: bytes, signature: bytes
) -> None:
    assert outcome(compact(header, payload, lambda _: signature)) is None
    assert outcome(compact(MAKER.header(), payload, lambda _: signature)) is None


@no_deadline
@given(st.sampled_from([GOOD_TOKEN, LEGACY_TOKEN]), st.data())
def test_a_token_changed_anywhere_is_refused(token: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(token)))
    end = data.draw(st.integers(start, min(len(token), start + 3)))
    new = data.draw(st.text(alphabet="ABCxyz019-_.=+/ \n\0é", max_size=3))
    changed = token[:start] + new + token[end:]
    assert (outcome(changed) is not None) == (changed == token)


@no_deadline
@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "x"]), JSON, max_size=3))
def test_odd_headers_never_fail_otherwise(header: dict[str, object]) -> None:
    outcome(MAKER.headed(**header))


@no_deadline
@given(st.sampled_from(sorted(MAKER.claims())), JSON)
def test_odd_claims_never_fail_otherwise(claim: str, value: object) -> None:
    verified = outcome(MAKER.token(**{claim: value}))
    if verified is not None and claim in ("iss", "aud", "role", "is_anonymous", "sub"):
        assert value in (MAKER.claims()[claim], ["authenticated"])


@no_deadline
@given(JSON)
def test_odd_payloads_are_refused(payload: object) -> None:
    assert outcome(compact(MAKER.header(), payload, es256(EC_KEY))) is None


@no_deadline
@given(
    JSON
    | st.fixed_dictionaries(
        {
            "keys": st.lists(
                st.fixed_dictionaries(
                    {"kid": st.just(KID), "kty": st.sampled_from(["EC", "RSA"])},
                    optional={
                        name: st.text(max_size=50) | JSON
                        for name in ("x", "y", "n", "e", "use", "alg", "key_ops")
                    }
                    | {"crv": st.just("P-256")},
                ),
                max_size=2,
            )
        }
    )
)
def test_odd_key_sets_are_unavailable_or_without_keys(document: object) -> None:
    try:
        keys = build_keys(document)
    except JwksUnavailable:
        return
    assert not keys
