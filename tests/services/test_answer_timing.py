"""Answers whose time tells nothing: held back to a step, or not waiting for the vendor."""

import asyncio

import pytest

from app.core.errors import AuthUnavailable, InvalidCredentials, ServiceUnavailable
from app.services.answer_timing import AnswerSteps, Errands, until_next_step

STEP = 0.05


@pytest.mark.parametrize(
    ("elapsed", "step", "wait"),
    [
        (0.25, 1.0, 0.75),
        (0.999, 1.0, 0.001),
        (1.0, 1.0, 0.0),
        (2.5, 1.0, 0.5),
        (0.0, 1.0, 0.0),
        (3.0, 0.0, 0.0),
    ],
)
def test_what_is_left_until_the_next_whole_step(elapsed: float, step: float, wait: float) -> None:
    assert until_next_step(elapsed, step) == pytest.approx(wait)


async def test_a_success_is_held_back_and_a_failure_is_not() -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with AnswerSteps(STEP).hold_success():
        pass
    assert loop.time() - started >= STEP * 0.99

    with pytest.raises(AuthUnavailable):
        async with asyncio.timeout(30), AnswerSteps(3600).hold_success():
            raise AuthUnavailable


async def test_a_failure_that_tells_something_is_held_back_and_others_are_not() -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()
    with pytest.raises(InvalidCredentials):
        async with AnswerSteps(STEP).hold_failure(InvalidCredentials):
            raise InvalidCredentials
    assert loop.time() - started >= STEP * 0.99

    async with asyncio.timeout(30):
        with pytest.raises(AuthUnavailable):
            async with AnswerSteps(3600).hold_failure(InvalidCredentials):
                raise AuthUnavailable
        async with AnswerSteps(3600).hold_failure(InvalidCredentials):
            pass


async def test_errands_go_on_by_themselves_until_there_are_too_many() -> None:
    errands, go_on, done = Errands(at_most=2), asyncio.Event(), []

    async def wait(number: int) -> None:
        await go_on.wait()
        done.append(number)

    for number in range(2):
        errands.send("wait", wait(number))
    with pytest.raises(ServiceUnavailable):
        errands.send("wait", wait(3))
    assert done == []

    go_on.set()
    await errands.finish()
    assert done == [0, 1]
    errands.send("wait", wait(4))
    await errands.finish()
    assert done == [0, 1, 4]


async def test_an_errand_that_fails_troubles_nobody() -> None:
    errands = Errands()

    async def fail(error: Exception) -> None:
        raise error

    errands.send("fail", fail(AuthUnavailable()))
    errands.send("fail", fail(KeyError("a defect")))
    await errands.finish()
