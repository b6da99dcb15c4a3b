"""Whatever is sent as a token: it is refused, and nothing else happens."""

import asyncio

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.core.errors import NotAuthenticated
from app.core.jwks import JwksUnavailable
from app.core.security import AccessToken, build_keys
from tests.core.token_maker import compact, es256, hs
from tests.core.tokens.verifying import EC_KEY, KID, MAKER, SECRET, Provider

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
