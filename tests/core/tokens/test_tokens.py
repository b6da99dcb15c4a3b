"""Access tokens: what is accepted, what is refused and how."""

import ast
import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives import serialization

import app
from app.core.errors import AuthUnavailable
from app.core.jwks import JwksUnavailable
from app.core.security import AccessToken, TokenVerifier
from tests.core.hostile_tokens import survives_http
from tests.core.token_maker import USER_ID, compact, ec_jwk, es256, hs, rs256
from tests.core.tokens.verifying import (
    EC_KEY,
    HOSTILE,
    KID,
    LEGITIMATE,
    MAKER,
    NOW,
    RSA_KEY,
    SECRET,
    Provider,
    assert_refused,
)

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
