"""`Query`: what the driver gets and gives is what SQLAlchemy would have sent and returned."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, time
from typing import Any, TypedDict
from uuid import UUID, uuid4

import pytest
from sqlalchemy import ARRAY, Uuid, any_, bindparam, insert, literal, select, text, update

from app.core.config import parse_database_url
from app.core.enums import GoalPriority, GoalStatus
from app.core.paging import PageRequest
from app.crud.base_crud import PagedQuery
from app.db.models import Goal, User
from app.db.query import Query, matches_unless_null, parameter
from app.db.session import Database

OWNER = UUID(int=1)
PLAN: dict[str, Any] = {"why": "größer", "steps": [1, 2.5, None, True], "nested": {"a": []}}


class GoalValues(TypedDict):
    id: UUID
    title: str
    status: GoalStatus
    priority: GoalPriority | None
    start_date: date | None
    ai_assistance_inputs: dict[str, Any] | None
    is_archived: bool
    created_at: datetime


COLUMNS = (
    Goal.id,
    Goal.title,
    Goal.status,
    Goal.priority,
    Goal.start_date,
    Goal.ai_assistance_inputs,
    Goal.is_archived,
    Goal.created_at,
)
BY_STATUS = Query(
    select(*COLUMNS)
    .where(
        Goal.user_id == any_(bindparam("owner_ids", type_=ARRAY(Uuid))),
        Goal.status == bindparam("status", type_=Goal.status.type),
        Goal.is_archived.is_(False),
        matches_unless_null("priority", Goal.priority),
    )
    .order_by(Goal.title),
    GoalValues,
)
INSERT_GOAL = Query(
    insert(Goal)
    .values(
        id=bindparam("id"),
        user_id=bindparam("user_id"),
        title=bindparam("title"),
        status=bindparam("status", type_=Goal.status.type),
        priority=bindparam("priority", type_=Goal.priority.type),
        ai_assistance_inputs=bindparam("inputs", type_=Goal.ai_assistance_inputs.type),
        created_at=bindparam("now"),
        updated_at=bindparam("now"),
    )
    .returning(*COLUMNS),
    GoalValues,
)


@pytest.fixture(scope="module")
async def database(make_database: Callable[[], str]) -> AsyncIterator[Database]:
    database = Database(parse_database_url(make_database()), pool_size=2)
    async with database.engine.begin() as connection:
        await connection.execute(insert(User).values(id=OWNER, email="owner@example.com"))
    yield database
    await database.dispose()


@pytest.fixture(autouse=True)
async def _no_goals(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text("DELETE FROM goals"))


def goal(title: str, **values: Any) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "user_id": OWNER,
        "title": title,
        "status": GoalStatus.IN_PROGRESS,
        "priority": None,
        "inputs": None,
        "now": datetime(2026, 3, 10, 9, 0, 0, 123456, tzinfo=UTC),
    } | values


async def by_sqlalchemy(database: Database, query: Query[Any], **parameters: Any) -> list[Any]:
    """The reference: SQLAlchemy's own execution of the same statement."""
    async with database.engine.begin() as connection:
        found = await connection.execute(query.statement, parameters)
        return [dict(mapping) for mapping in found.mappings()]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"priority": GoalPriority.HIGH, "inputs": PLAN},
        {"status": GoalStatus.ON_HOLD, "inputs": {}},
    ],
)
async def test_rows_equal_those_of_sqlalchemys_own_execution(
    database: Database, values: dict[str, Any]
) -> None:
    given = goal("Run", **values)
    written = await database.fetch_all(INSERT_GOAL, **given)

    asked = {"owner_ids": [OWNER, uuid4()], "status": given["status"], "priority": None}
    by_driver = await database.fetch_all(BY_STATUS, **asked)

    assert by_driver == await by_sqlalchemy(database, BY_STATUS, **asked) == written
    assert by_driver[0]["status"] is given["status"]
    assert by_driver[0]["priority"] is given["priority"]
    assert by_driver[0]["ai_assistance_inputs"] == given["inputs"]
    assert by_driver[0]["created_at"] == given["now"]
    assert [type(value) for value in by_driver[0].values()][1:] == [
        type(value) for value in (await by_sqlalchemy(database, BY_STATUS, **asked))[0].values()
    ][1:]


async def test_what_is_written_equals_what_sqlalchemy_writes(database: Database) -> None:
    by_driver = goal("Same", inputs=PLAN, priority=GoalPriority.LOW)
    by_orm = by_driver | {"id": uuid4()}
    await database.fetch_all(INSERT_GOAL, **by_driver)
    await by_sqlalchemy(database, INSERT_GOAL, **by_orm)

    async with database.engine.connect() as connection:
        stored = await connection.execute(
            text("SELECT DISTINCT to_jsonb(goals) - 'id' AS row FROM goals")
        )
        assert len(stored.all()) == 1


@pytest.mark.parametrize(
    "value",
    [
        date(2024, 2, 29),
        time(23, 59, 59, 999999),
        datetime(1970, 1, 1, microsecond=1, tzinfo=UTC),
        -(2**31),
        0.1,
        "quote ' \" \\ % : $1 \u2028 \U0001f600",
        True,
        UUID(int=2**128 - 1),
    ],
)
async def test_values_of_each_type_come_back_as_they_were(database: Database, value: Any) -> None:
    kind = Goal.created_at.type if isinstance(value, datetime) else literal(value).type
    query: Query[dict[str, Any]] = Query(
        select(bindparam("value", type_=kind).label("value")), dict
    )
    assert await database.fetch_one(query, value=value) == {"value": value}


async def test_a_filter_that_is_null_is_off_and_one_that_is_given_is_on(
    database: Database,
) -> None:
    for title, priority in (("a", GoalPriority.HIGH), ("b", GoalPriority.LOW), ("c", None)):
        await database.fetch_all(INSERT_GOAL, **goal(title, priority=priority))
    asked = {"owner_ids": [OWNER], "status": GoalStatus.IN_PROGRESS}

    everything = await database.fetch_all(BY_STATUS, priority=None, **asked)
    low = await database.fetch_all(BY_STATUS, priority=GoalPriority.LOW, **asked)

    assert [row["title"] for row in everything] == ["a", "b", "c"]
    assert [row["title"] for row in low] == ["b"]


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"user_id": OWNER}, "title"),
        ({}, "user_id"),
        ({"user_id": OWNER, "title": "x", "admin": True}, "admin"),
    ],
)
async def test_a_missing_or_unknown_parameter_is_refused_by_name_before_anything_runs(
    database: Database, parameters: dict[str, Any], named: str
) -> None:
    query: Query[dict[str, Any]] = Query(
        insert(Goal)
        .values(user_id=bindparam("user_id"), title=bindparam("title"))
        .returning(Goal.id),
        dict,
    )
    with pytest.raises(KeyError, match=named):
        await database.fetch_all(query, **parameters)

    async with database.engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM goals")) == 0


def test_an_in_list_is_refused_since_it_is_only_written_when_it_runs() -> None:
    query: Query[dict[str, Any]] = Query(
        select(Goal.id).where(Goal.id.in_(bindparam("ids", expanding=True))), dict
    )
    with pytest.raises(ValueError, match="ANY"):
        _ = query.sql


def test_a_default_that_python_computes_is_refused_since_nobody_would() -> None:
    query: Query[dict[str, Any]] = Query(
        insert(User).values(email=bindparam("email")).returning(User.id), dict
    )
    with pytest.raises(ValueError, match="default"):
        _ = query.sql
    updating: Query[dict[str, Any]] = Query(
        update(Goal).values(title=bindparam("new_title")).returning(Goal.id), dict
    )
    # `updated_at` is set by the server's clock, in the statement itself: nothing is missing.
    assert "updated_at=now()" in updating.sql


def test_a_query_is_compiled_once_and_only_when_it_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled: list[object] = []
    original = type(BY_STATUS.statement).compile

    def count(statement: Any, *args: Any, **options: Any) -> Any:
        compiled.append(statement)
        return original(statement, *args, **options)

    monkeypatch.setattr(type(BY_STATUS.statement), "compile", count)
    query: Query[dict[str, Any]] = Query(
        select(Goal.title).where(Goal.id == parameter("id", Goal.id)), dict
    )
    assert compiled == []
    for number in range(3):
        assert query.arguments({"id": UUID(int=number)}) == [UUID(int=number)]
    assert len(compiled) == 1


async def test_a_page_carries_the_total_and_one_beyond_the_end_counts_it(
    database: Database,
) -> None:
    for number in range(5):
        await database.fetch_all(INSERT_GOAL, **goal(f"goal {number}"))
    pages: PagedQuery[dict[str, Any]] = PagedQuery(
        select(Goal.title).where(Goal.user_id == bindparam("owner_id")).order_by(Goal.title), dict
    )

    async with database.session() as session:
        answers = [
            await pages.fetch(session, page=PageRequest(page, 2), owner_id=OWNER)
            for page in (1, 3, 4)
        ]
        nobody = await pages.fetch(session, page=PageRequest(1, 2), owner_id=uuid4())

    assert [([row["title"] for row in rows], total) for rows, total in answers] == [
        (["goal 0", "goal 1"], 5),
        (["goal 4"], 5),
        ([], 5),
    ]
    assert nobody == ([], 0)
