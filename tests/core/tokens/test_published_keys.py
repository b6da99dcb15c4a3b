"""The key set that Supabase publishes: which of its keys verify, and what."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from app.core.jwks import JwksUnavailable
from app.core.security import build_keys
from tests.core.token_maker import ec_jwk, rsa_jwk
from tests.core.tokens.verifying import (
    EC_KEY,
    KID,
    MAKER,
    PUBLISHED,
    RSA_KEY,
    Provider,
    assert_refused,
)

_GOOD = ec_jwk(EC_KEY.public_key(), KID)
_WEAK = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()


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
