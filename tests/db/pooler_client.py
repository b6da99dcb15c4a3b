"""One process of many behind a transaction pooler: asks, and checks each answer.

Run by test_pgbouncer.py as `python -m tests.db.pooler_client URL QUESTIONS CACHES`, where CACHES is
`off` as in the application, or `on` to see the fault that they cause. Prints the number of right
answers.
"""

import asyncio
import os
import sys
from dataclasses import dataclass
from typing import Any, TypedDict

from sqlalchemy import Integer, String, bindparam, cast, func, literal, select
from sqlalchemy.ext.asyncio import create_async_engine

from app.core.config import DatabaseTarget, parse_database_url
from app.crud.crud_user import ACCOUNT
from app.db.models import User
from app.db.query import Query
from app.db.session import Database
from tests.db.pooler_rows import USER_COUNT, user_id

TASKS = 8
SHAPES = 12  # different statements, so that a mixed-up one is noticed


class Answer(TypedDict):
    shape: str
    doubled: int
    echo: str


@dataclass(frozen=True, slots=True)
class Mistake(Exception):
    wanted: Any
    got: Any


def _shape(number: int) -> Query[Answer]:
    doubled = bindparam("number", type_=Integer) * 2
    return Query(
        select(
            literal(f"shape {number}").label("shape"),
            (doubled + number).label("doubled"),
            func.concat(f"{number}:", cast(bindparam("echo"), String)).label("echo"),
        ),
        Answer,
    )


QUERIES = [_shape(number) for number in range(SHAPES)]


async def ask(database: Database, number: int) -> None:
    """One question in one of the ways that the application asks; raises Mistake."""
    shape = number % SHAPES
    echo = f"{os.getpid()}/{number}"
    wanted: Any = [
        Answer(shape=f"shape {shape}", doubled=2 * number + shape, echo=f"{shape}:{echo}")
    ]
    match number % 4:
        case 0 | 1:
            got: Any = await database.fetch_all(QUERIES[shape], number=number, echo=echo)
        case 2:
            wanted_id = user_id(number)
            account = await database.fetch_one(ACCOUNT, user_id=wanted_id)
            wanted, got = [wanted_id], [account.id] if account else []
        case _:
            async with database.session() as session, session.begin():
                person = await session.scalar(select(User).where(User.id == user_id(number)))
                if person is None or person.name != f"Person {number % USER_COUNT}":
                    raise Mistake(user_id(number), person)
                got = await session.fetch_all(QUERIES[shape], number=number, echo=echo)
    if got != wanted:
        raise Mistake(wanted, got)


async def run(database: Database, questions: int) -> int:
    numbers = iter(range(questions))
    right = 0

    async def work() -> None:
        nonlocal right
        for number in numbers:
            await ask(database, number)
            right += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(TASKS):
            group.create_task(work())
    await database.dispose()
    return right


def make_database(url: str, *, caches: bool) -> Database:
    target = parse_database_url(url)
    database = Database(DatabaseTarget(target.url, target.ssl, True), pool_size=TASKS)
    if caches:
        database.engine = create_async_engine(target.url, pool_size=TASKS, max_overflow=0)
    return database


if __name__ == "__main__":
    url, questions, caches = sys.argv[1:]
    right = asyncio.run(run(make_database(url, caches=caches == "on"), int(questions)))
    sys.stdout.write(f"{right}\n")
