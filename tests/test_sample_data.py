"""The sample data: replayed against the rules of the product, whenever it is loaded."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from app.core.clock import SystemClock
from app.core.enums import CheckinStatus, SystemMetricType
from app.core.local_time import CheckinWindow, ZoneUse, checkin_window, open_dates, today
from app.core.milestones import is_milestone
from app.core.schedule import Pause, SchedulePeriod, SystemHistory
from app.db.models import (
    Checkin,
    Comment,
    DirectMessage,
    Goal,
    Notification,
    Partnership,
    Reaction,
    Reflection,
    StreakMilestone,
    System,
    SystemPause,
    SystemSchedule,
)
from app.local.seed import Rows, sample_rows, seed
from app.local.seed_people import ALICE, BOB, PASSWORD, PEOPLE, Person, Stage
from tests.conftest import MakeApp, client_of
from tests.core.streak_reference import DAY, user_runs
from tests.factories import API
from tests.support import FrozenClock, count_rows, data_of, items_of

IDS = {ALICE: UUID(int=1), BOB: UUID(int=2)}
PARTNERSHIP = UUID(int=3)
# Any time of any day: around midnight, on clock changes, at the turn of a year, in a leap year.
MOMENTS = [
    datetime(2026, 3, 10, 9, 0, tzinfo=UTC),
    datetime(2026, 3, 8, 7, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 59, tzinfo=UTC),
    datetime(2026, 11, 23, 23, 30, tzinfo=UTC),
    datetime(2027, 1, 1, 4, 59, 59, tzinfo=UTC),
    datetime(2028, 2, 29, 12, 0, tzinfo=UTC),
    datetime(2026, 7, 5, 15, 45, tzinfo=UTC),
    *(datetime(2026, 8, day, 3 * day % 24, 10 * day % 60, tzinfo=UTC) for day in range(10, 17)),
]
PAGES = (
    "/goals",
    "/systems",
    "/systems/current-schedule",
    "/checkins",
    "/checkins/partner",
    "/verifications/queue",
    "/notifications?filter=unread",
    "/messages",
    "/reflections",
    "/reflections/partner",
    "/tasks/my",
    "/partnerships/partner/activity",
    "/partnerships/partner/systems/today",
)
each_moment = pytest.mark.parametrize("now", MOMENTS, ids=str)


def stage_at(now: datetime) -> Stage:
    return Stage(now, IDS, PARTNERSHIP)


def owner(row: dict[str, Any]) -> Person:
    return next(person for person, user_id in IDS.items() if user_id == row["user_id"])


def zones(person: Person, stage: Stage) -> list[ZoneUse]:
    return [ZoneUse(person.timezone, stage.begun_at, None)]


def paused_on(rows: Rows, system_id: UUID, day: date) -> bool:
    return any(
        pause["starts_on"] <= day and (pause["ends_on"] is None or day < pause["ends_on"])
        for pause in rows[SystemPause]
        if pause["system_id"] == system_id
    )


@each_moment
def test_every_checkin_could_have_been_made_when_it_was(now: datetime) -> None:
    stage, rows = stage_at(now), sample_rows(stage_at(now))
    systems = {system["id"]: system for system in rows[System]}

    seen = Counter((row["system_id"], row["checkin_date_local"]) for row in rows[Checkin])
    assert set(seen.values()) == {1}
    for row in rows[Checkin]:
        person, system = owner(row), systems[row["system_id"]]
        made, day = row["checkin_timestamp_utc"], row["checkin_date_local"]
        window = checkin_window(day, made, zones(person, stage))
        assert window is (CheckinWindow.OPEN_LATE if row["is_late"] else CheckinWindow.OPEN)
        assert system["created_at"] <= made <= now
        assert row["checkin_timezone"] == person.timezone
        # Neither on the date nor when it was made did the system rest.
        assert not paused_on(rows, system["id"], day)
        assert not paused_on(rows, system["id"], today(made, person.timezone))
        skipped = row["status"] is CheckinStatus.SKIPPED
        counts = system["metric_type"] is not SystemMetricType.BINARY
        assert (row["metric_value_logged"] is not None) == (counts and not skipped)
        assert (row["partnership_id"] is not None) == (made >= stage.partners_since)


@each_moment
def test_verification_followed_its_rules(now: datetime) -> None:
    stage, rows = stage_at(now), sample_rows(stage_at(now))
    verified = {system["id"] for system in rows[System] if system["verification_required"]}
    states = Counter(row["status"] for row in rows[Checkin])

    assert states[CheckinStatus.PENDING_VERIFICATION] == 2
    assert states[CheckinStatus.QUERIED_BY_PARTNER] == 2
    assert states[CheckinStatus.VERIFIED_COMPLETED] > 50
    assert states[CheckinStatus.SKIPPED] > 3
    for row in rows[Checkin]:
        asked = row["system_id"] in verified and row["partnership_id"] is not None
        if row["status"] in (CheckinStatus.COMPLETED, CheckinStatus.SKIPPED):
            assert not asked or row["status"] is CheckinStatus.SKIPPED
        else:
            assert asked
        decided = row["verified_at_utc"] is not None
        assert decided == (row["verified_by_partner_id"] is not None)
        if decided:
            assert row["verified_by_partner_id"] != row["user_id"]
            assert row["checkin_timestamp_utc"] <= row["verified_at_utc"] <= stage.now
        is_queried = row["status"] is CheckinStatus.QUERIED_BY_PARTNER
        assert (row["verifier_query"] is not None) == is_queried


def histories(rows: Rows, user_id: UUID, until: datetime | None = None) -> Iterator[SystemHistory]:
    """As they were right after `until`."""
    for system in rows[System]:
        if system["user_id"] != user_id:
            continue
        log = [
            row
            for row in rows[Checkin]
            if row["system_id"] == system["id"]
            and (until is None or row["checkin_timestamp_utc"] <= until)
        ]
        yield SystemHistory(
            tuple(
                SchedulePeriod.from_details(
                    period["effective_from"], period["frequency"], period["frequency_details"]
                )
                for period in rows[SystemSchedule]
                if period["system_id"] == system["id"]
            ),
            tuple(
                Pause(pause["starts_on"], pause["ends_on"])
                for pause in rows[SystemPause]
                if pause["system_id"] == system["id"]
            ),
            frozenset(
                row["checkin_date_local"]
                for row in log
                if row["status"] is not CheckinStatus.SKIPPED
            ),
            frozenset(
                row["checkin_date_local"] for row in log if row["status"] is CheckinStatus.SKIPPED
            ),
        )


@each_moment
def test_milestones_are_those_that_the_streaks_reached(now: datetime) -> None:
    stage, rows = stage_at(now), sample_rows(stage_at(now))

    assert {row["length"] for row in rows[StreakMilestone]} >= {3, 7, 14}
    for person in PEOPLE:
        mine = [row for row in rows[StreakMilestone] if row["user_id"] == IDS[person]]
        assert len({row["local_date"] for row in mine}) == len(mine)
        told = set()
        for row in mine:
            reached = row["reached_at"]
            *_, current = user_runs(
                [*histories(rows, IDS[person], reached)],
                today(reached, person.timezone),
                open_dates(reached, zones(person, stage)),
            )
            assert is_milestone(row["length"])
            assert current == row["length"]
            assert row["partnership_id"] == stage.partnership_at(reached)
            told.add(row["length"])
        whole = [*histories(rows, IDS[person])]
        longest = max(
            user_runs(whole, today(now, person.timezone), open_dates(now, zones(person, stage)))
        )
        assert {length for length in (3, 7, 14, 30, 60) if length <= longest - 2} <= told


@each_moment
def test_what_was_said_belongs_to_the_partnership_and_lies_in_the_past(now: datetime) -> None:
    stage, rows = stage_at(now), sample_rows(stage_at(now))

    for message in rows[DirectMessage]:
        assert stage.partners_since < message["sent_at_utc"] <= now
        assert bool(message["text_content"]) != bool(message["emoji_content"])
    assert sum(message["read_at_utc"] is None for message in rows[DirectMessage]) == 2
    days = Counter((row["user_id"], row["reflection_date_local"]) for row in rows[Reflection])
    assert set(days.values()) == {1}
    for table in (Goal, System, Checkin, Reflection, DirectMessage, Reaction, Comment):
        for row in rows[table]:
            assert stage.begun_at <= row["created_at"] <= row.get("updated_at", now) <= now
    targets = {
        row["id"]: row.get("user_id") or row["sender_id"]
        for table in (Goal, Checkin, Reflection, DirectMessage)
        for row in rows[table]
    }
    for reaction in rows[Reaction]:
        assert targets[reaction["target_id"]] != reaction["user_id"]
        assert reaction["created_at"] >= stage.partners_since
    reacted = Counter((row["user_id"], row["target_id"]) for row in rows[Reaction])
    assert set(reacted.values()) == {1}
    comments = {row["id"]: row for row in rows[Comment]}
    for comment in comments.values():
        assert comment["target_id"] in targets
        if comment["parent_comment_id"] is not None:
            parent = comments[comment["parent_comment_id"]]
            assert parent["parent_comment_id"] is None
            assert parent["target_id"] == comment["target_id"]
            assert parent["created_at"] <= comment["created_at"]
    for notice in rows[Notification]:
        assert stage.partners_since <= notice["created_at"] <= now
        assert notice["is_read"] == (notice["read_at_utc"] is not None)
        assert "{" not in notice["link_to"]
    read = Counter(notice["is_read"] for notice in rows[Notification])
    assert min(read[True], read[False]) > 5


@each_moment
def test_there_is_something_of_every_kind(now: datetime) -> None:
    rows = sample_rows(stage_at(now))

    assert {row["metric_type"] for row in rows[System]} == set(SystemMetricType)
    assert {row["is_archived"] for row in rows[Goal]} == {True, False}
    assert any(row["achieved_at"] for row in rows[Goal])
    assert any(row["is_late"] for row in rows[Checkin])
    assert len({row["system_id"] for row in rows[SystemPause]}) >= 3
    assert len(rows[SystemSchedule]) > len(rows[System])
    assert {row["status"] for row in rows[Checkin]} == set(CheckinStatus)
    assert len({notice["type"] for notice in rows[Notification]}) >= 9
    assert all(rows.values())


def test_it_is_the_same_whenever_it_is_loaded_at_the_same_moment() -> None:
    now = MOMENTS[0]
    assert sample_rows(stage_at(now)) == sample_rows(stage_at(now))
    # And it moves with the day.
    earlier, later = sample_rows(stage_at(now)), sample_rows(stage_at(now + 7 * DAY))
    assert len(earlier[Checkin]) == len(later[Checkin])
    (then,), (a_week_later,) = earlier[Partnership], later[Partnership]
    assert a_week_later["activated_at"] - then["activated_at"] == 7 * DAY


@pytest.fixture
async def seeded(make_app: MakeApp, clock: FrozenClock) -> FastAPI:
    """An application on the sample data, at the true time, which the tokens need."""
    clock.set(SystemClock().now())
    app = await make_app()
    loaded = await seed(app.state.settings, clock)
    assert loaded.is_new
    return app


async def test_both_can_log_in_and_every_page_has_something_to_show(
    seeded: FastAPI, clock: FrozenClock
) -> None:
    for person in PEOPLE:
        async with client_of(seeded) as client:
            credentials = {"email": person.account.email, "password": PASSWORD}
            session = data_of(await client.post(f"{API}/auth/login", json=credentials))
            client.headers["Authorization"] = f"Bearer {session['token']}"
            for path in PAGES:
                assert items_of(await client.get(API + path)), path
            assert data_of(await client.get(f"{API}/partnerships/current"))["name"]

            query = "dateRangePreset=last90d&comparePartner=true"
            data = data_of(await client.get(f"{API}/progress?{query}"))
            for stats in (data["personalStats"], data["partnerStats"]):
                assert 40 <= stats["overallConsistency"] <= 98
                assert stats["mostConsistentDay"] is not None
                assert stats["verifiedRate"] >= 90
            dashboard = data_of(await client.get(f"{API}/dashboard"))
            expected = slow_streak(person, clock.now())
            assert data["personalStats"]["currentStreak"] == expected
            assert dashboard["streak"]["currentStreak"] == expected
            assert dashboard["systemsForToday"]
            assert dashboard["verificationAlerts"]
            assert data["metricTotals"]


def slow_streak(person: Person, now: datetime) -> int:
    """The current streak, the slow way, from the rows that the sample data is made of."""
    stage = stage_at(now)
    rows = sample_rows(stage)
    *_, current = user_runs(
        [*histories(rows, IDS[person])],
        today(now, person.timezone),
        open_dates(now, zones(person, stage)),
    )
    return current


async def test_loading_it_again_changes_nothing(seeded: FastAPI, clock: FrozenClock) -> None:
    tables = ("users", "systems", "checkins", "notifications", "direct_messages", "auth.users")
    before = await count_rows(seeded, *tables)

    again = await seed(seeded.state.settings, clock)

    assert not again.is_new
    assert [account.email for account in again.accounts] == [
        "alice@example.com",
        "bob@example.com",
    ]
    assert await count_rows(seeded, *tables) == before
