"""The cache of verified tokens.

A hit returns the very object of the first verification: identity tells hit from miss.
"""

import pytest

from app.core.security import TokenVerifier
from tests.core.tokens.verifying import HOSTILE, MAKER, Provider, assert_refused


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
