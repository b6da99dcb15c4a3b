"""A kind of job that only tests know, and a handler that reacts as told."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from fastapi import FastAPI

from app.crud.crud_job import JobCrud
from app.jobs.handler import Handler, Resources
from app.jobs.payloads import Payload
from app.jobs.queue import enqueue


class Probe(Payload):
    job = "probe"
    number: int = 0


class Other(Payload):
    job = "other"


class Recorder:
    """A handler that notes what it was given and reacts as told, each time once."""

    def __init__(self, *reactions: BaseException | Callable[[], Awaitable[None]]) -> None:
        self.done: list[int] = []
        self.reactions = list(reactions)

    async def __call__(self, payload: Probe, _resources: Resources) -> None:
        self.done.append(payload.number)
        reaction = self.reactions.pop(0) if self.reactions else None
        if isinstance(reaction, BaseException):
            raise reaction
        if reaction is not None:
            await reaction()

    def handler(self, **options: Any) -> Handler[Probe]:
        return Handler(Probe, self, **options)


async def put_in(app: FastAPI, *payloads: Payload, delay: timedelta = timedelta(0)) -> None:
    async with app.state.database.session() as session, session.begin():
        for payload in payloads:
            await enqueue(session, payload, delay=delay)


async def listed(app: FastAPI, **options: Any) -> list[Any]:
    async with app.state.database.session() as session:
        found = await JobCrud(session).list(**({"status": None, "at_most": 10} | options))
        return list(found)


async def until(happened: Callable[[], bool]) -> None:
    for _ in range(1000):
        if happened():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen")
