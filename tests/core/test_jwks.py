"""When the key set is fetched, who waits for it, and how long it is trusted. Time is a variable."""

import asyncio
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from app.core.jwks import JwksCache, JwksUnavailable


class ManualClock:
    def __init__(self) -> None:
        self.instant = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def advance(self, *, minutes: float = 0, seconds: float = 0) -> None:
        self.instant += timedelta(minutes=minutes, seconds=seconds)


class Endpoint:
    """Publishes `keys`, and can be down or hang."""

    def __init__(self) -> None:
        self.keys: dict[str, object] = {"one": "key 1"}
        self.calls = 0
        self.down = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def fetch(self) -> Mapping[str, object]:
        self.calls += 1
        await self.gate.wait()
        if self.down:
            raise JwksUnavailable("refused")
        return dict(self.keys)


def build(document: object) -> dict[str, str]:
    if not isinstance(document, dict) or "garbage" in document:
        raise JwksUnavailable("garbage")
    return {kid: str(key) for kid, key in document.items()}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
def cache(endpoint: Endpoint, clock: ManualClock) -> JwksCache[str]:
    return JwksCache(fetch=endpoint.fetch, build=build, clock=clock)


@pytest.fixture
def impatient(endpoint: Endpoint, clock: ManualClock) -> JwksCache[str]:
    """A cache whose callers do not wait while there are usable keys, however long a fetch takes."""
    return JwksCache(
        fetch=endpoint.fetch,
        build=build,
        clock=clock,
        patience_seconds=0,
        fetch_timeout_seconds=3600,
    )


def at_once(work: Coroutine[object, object, str | None]) -> str | None:
    """The result of `work`, which must not wait for anything."""
    try:
        work.send(None)
    except StopIteration as end:
        result: str | None = end.value
        return result
    work.close()
    pytest.fail("waited")


async def settle() -> None:
    """Let everything that can go on go on."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_one_fetch_serves_all_lookups(cache: JwksCache[str], endpoint: Endpoint) -> None:
    assert [await cache.get("one") for _ in range(1000)] == ["key 1"] * 1000
    assert endpoint.calls == 1


async def test_keys_are_built_once_for_each_fetch(endpoint: Endpoint, clock: ManualClock) -> None:
    built = []

    def counting_build(document: object) -> dict[str, str]:
        built.append(document)
        return build(document)

    cache = JwksCache(fetch=endpoint.fetch, build=counting_build, clock=clock)
    for _ in range(100):
        await cache.get("one")
    assert len(built) == 1


async def test_concurrent_misses_share_one_fetch(cache: JwksCache[str], endpoint: Endpoint) -> None:
    endpoint.gate.clear()
    waiting = [asyncio.create_task(cache.get("one")) for _ in range(100)]
    await settle()
    endpoint.gate.set()
    assert await asyncio.gather(*waiting) == ["key 1"] * 100
    assert endpoint.calls == 1


async def test_a_waiter_that_is_cancelled_does_not_cancel_the_fetch(
    cache: JwksCache[str], endpoint: Endpoint
) -> None:
    endpoint.gate.clear()
    first, second = (asyncio.create_task(cache.get("one")) for _ in range(2))
    await settle()
    first.cancel()
    await settle()
    assert first.cancelled()
    endpoint.gate.set()
    assert await second == "key 1"
    assert endpoint.calls == 1


async def test_a_fetch_that_everybody_left_still_fills_the_cache(
    cache: JwksCache[str], endpoint: Endpoint
) -> None:
    endpoint.gate.clear()
    waiter = asyncio.create_task(cache.get("one"))
    await settle()
    waiter.cancel()
    endpoint.gate.set()
    await settle()
    assert at_once(cache.get("one")) == "key 1"
    assert endpoint.calls == 1


async def test_keys_in_use_are_refreshed_in_the_background(
    cache: JwksCache[str], endpoint: Endpoint, clock: ManualClock
) -> None:
    await cache.get("one")
    clock.advance(minutes=4, seconds=59)
    await cache.get("one")
    await settle()
    assert endpoint.calls == 1

    clock.advance(seconds=1)
    endpoint.keys = {"two": "key 2"}
    assert at_once(cache.get("one")) == "key 1"
    await settle()
    assert endpoint.calls == 2
    assert at_once(cache.get("two")) == "key 2"


async def test_after_ten_idle_minutes_a_withdrawn_key_does_not_work_even_once(
    cache: JwksCache[str], endpoint: Endpoint, clock: ManualClock
) -> None:
    await cache.get("one")
    endpoint.keys = {"two": "key 2"}
    clock.advance(minutes=10)
    assert await cache.get("one") is None
    assert endpoint.calls == 2


async def test_a_new_key_is_found_with_one_fetch(
    cache: JwksCache[str], endpoint: Endpoint, clock: ManualClock
) -> None:
    await cache.get("one")
    endpoint.keys = {"one": "key 1", "two": "key 2"}
    clock.advance(seconds=30)
    assert await cache.get("two") == "key 2"
    assert endpoint.calls == 2


async def test_unknown_kids_cause_one_fetch_in_thirty_seconds(
    cache: JwksCache[str], endpoint: Endpoint, clock: ManualClock
) -> None:
    await cache.get("one")
    for second in range(90):
        assert await asyncio.gather(*(cache.get(f"{second}-{n}") for n in range(20))) == [None] * 20
        clock.advance(seconds=1)
    assert endpoint.calls == 3  # at 0, 30 and 60 s


@pytest.mark.parametrize("known_keys", [True, False])
async def test_failing_fetches_are_thirty_seconds_apart_as_well(
    cache: JwksCache[str], endpoint: Endpoint, clock: ManualClock, known_keys: bool
) -> None:
    if known_keys:
        await cache.get("one")
        clock.advance(seconds=30)
        endpoint.calls = 0
    endpoint.down = True
    for second in range(60):
        for n in range(20):
            try:
                assert await cache.get(f"{second}-{n}") is None
            except JwksUnavailable:
                assert not known_keys
        clock.advance(seconds=1)
    assert endpoint.calls == 2


async def test_known_keys_outlive_an_outage_of_less_than_an_hour(
    cache: JwksCache[str], endpoint: Endpoint, clock: ManualClock
) -> None:
    await cache.get("one")
    endpoint.down = True
    for _ in range(3599):
        clock.advance(seconds=1)
        assert await cache.get("one") == "key 1"
        await asyncio.sleep(0)
    assert endpoint.calls <= 1 + 55 * 60 / 30

    clock.advance(seconds=1)
    with pytest.raises(JwksUnavailable):
        await cache.get("one")


async def test_a_fetch_after_an_outage_makes_keys_work_again(
    cache: JwksCache[str], endpoint: Endpoint, clock: ManualClock
) -> None:
    endpoint.down = True
    with pytest.raises(JwksUnavailable):
        await cache.get("one")
    endpoint.down = False
    clock.advance(seconds=29)
    with pytest.raises(JwksUnavailable):
        await cache.get("one")
    clock.advance(seconds=1)
    assert await cache.get("one") == "key 1"
    assert endpoint.calls == 2


async def test_an_hour_counts_from_the_last_success(
    impatient: JwksCache[str], endpoint: Endpoint, clock: ManualClock
) -> None:
    await impatient.get("one")
    endpoint.gate.clear()
    clock.advance(minutes=5)
    assert await impatient.get("one") == "key 1"  # starts a fetch
    await settle()
    clock.advance(minutes=2)
    endpoint.gate.set()
    await settle()
    endpoint.down = True
    clock.advance(minutes=57, seconds=59)
    assert await impatient.get("one") == "key 1"
    clock.advance(seconds=1)  # an hour after that fetch began, 58 minutes after it ended
    with pytest.raises(JwksUnavailable):
        await impatient.get("one")


async def test_a_hanging_endpoint_delays_only_the_first_who_need_it(
    impatient: JwksCache[str], endpoint: Endpoint, clock: ManualClock
) -> None:
    await impatient.get("one")
    endpoint.gate.clear()
    clock.advance(minutes=11)
    assert await impatient.get("one") == "key 1"  # its patience ends
    await settle()
    for _ in range(1000):
        assert at_once(impatient.get("one")) == "key 1"
    assert endpoint.calls == 2
    await impatient.aclose()


async def test_a_fetch_that_takes_long_is_not_joined_by_a_second_one(
    impatient: JwksCache[str], endpoint: Endpoint, clock: ManualClock
) -> None:
    await impatient.get("one")
    endpoint.gate.clear()
    for _ in range(100):
        clock.advance(seconds=31)
        assert await impatient.get("unknown") is None
        await settle()
    assert endpoint.calls == 2
    await impatient.aclose()


async def test_while_the_outage_is_known_retries_delay_nobody(
    cache: JwksCache[str], endpoint: Endpoint, clock: ManualClock
) -> None:
    await cache.get("one")
    endpoint.down = True
    clock.advance(minutes=11)
    await cache.get("one")
    await settle()
    for attempt in range(20):
        clock.advance(seconds=31)
        assert at_once(cache.get("one")) == "key 1"
        await settle()
        assert endpoint.calls == 3 + attempt


async def test_an_unknown_kid_waits_for_a_hanging_endpoint_no_longer_than_its_patience(
    impatient: JwksCache[str], endpoint: Endpoint, clock: ManualClock
) -> None:
    await impatient.get("one")
    clock.advance(minutes=1)
    endpoint.gate.clear()
    assert await impatient.get("two") is None
    assert at_once(impatient.get("one")) == "key 1"
    await impatient.aclose()


async def test_a_fetch_that_hangs_is_given_up(endpoint: Endpoint, clock: ManualClock) -> None:
    cache = JwksCache(fetch=endpoint.fetch, build=build, clock=clock, fetch_timeout_seconds=0)
    endpoint.gate.clear()
    with pytest.raises(JwksUnavailable):
        await cache.get("one")
    endpoint.gate.set()
    clock.advance(seconds=30)
    assert await cache.get("one") == "key 1"
    assert endpoint.calls == 2


async def test_garbage_counts_as_an_outage(
    cache: JwksCache[str], endpoint: Endpoint, clock: ManualClock
) -> None:
    endpoint.keys = {"garbage": "<html>"}
    with pytest.raises(JwksUnavailable):
        await cache.get("one")

    endpoint.keys = {"one": "key 1"}
    clock.advance(seconds=30)
    await cache.get("one")
    endpoint.keys = {"garbage": "<html>"}
    clock.advance(minutes=40)
    assert await cache.get("one") == "key 1"


async def test_an_empty_key_set_is_an_answer(cache: JwksCache[str], endpoint: Endpoint) -> None:
    endpoint.keys = {}
    assert await cache.get("one") is None
    assert endpoint.calls == 1


async def test_a_clock_set_back_does_not_make_old_keys_young(
    cache: JwksCache[str], endpoint: Endpoint, clock: ManualClock
) -> None:
    await cache.get("one")
    endpoint.keys = {"two": "key 2"}
    clock.advance(minutes=-30)
    assert await cache.get("one") is None
    assert await cache.get("two") == "key 2"


async def test_closing_abandons_the_fetch_and_lets_waiters_go(
    cache: JwksCache[str], endpoint: Endpoint
) -> None:
    endpoint.gate.clear()
    waiter = asyncio.create_task(cache.get("one"))
    await settle()
    await cache.aclose()
    with pytest.raises(JwksUnavailable):
        await waiter
    await cache.aclose()  # twice is fine


async def test_a_defect_in_the_fetch_reaches_the_caller(clock: ManualClock) -> None:
    async def defective() -> Mapping[str, object]:
        raise ZeroDivisionError

    cache = JwksCache(fetch=defective, build=build, clock=clock)
    with pytest.raises(ZeroDivisionError):
        await cache.get("one")
