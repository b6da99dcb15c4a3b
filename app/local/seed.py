"""Sample data for local mode: two partners with a few weeks behind them.

Written through the services, day by day with a clock of its own, so that it obeys the rules.
"""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.core.clock import SystemClock
from app.core.config import Settings
from app.core.enums import (
    GoalPriority,
    GoalStatus,
    SystemFrequency,
    SystemMetricType,
)
from app.core.image_links import image_links
from app.core.invitations import hash_token
from app.crud.crud_partnership import PartnershipCrud
from app.crud.crud_user import Account, KnownAddress, UserCrud
from app.db.session import Database, Session
from app.local import supabase_auth
from app.local.auth_errors import AuthError
from app.local.auth_schema import users
from app.schemas.checkin_schemas import (
    CheckinCreate,
    Decision,
    LoggedStatus,
    VerificationDecision,
)
from app.schemas.goal_schemas import GoalCreate
from app.schemas.system_schemas import SystemCreate
from app.services.checkin_service import CheckinService
from app.services.goal_service import GoalService
from app.services.partnership_service import activate
from app.services.system_service import SystemService
from app.services.verification_service import VerificationService

DAYS = 28
PASSWORD = "duotrak-sample"
# The sample check-ins have no photos, so this signs nothing.
LINKS = image_links(public_api_url="http://127.0.0.1", secret_key="unused")


@dataclass(frozen=True, slots=True)
class SampleAccount:
    email: str
    password: str
    name: str


@dataclass(slots=True)
class MovableClock:
    instant: datetime

    def now(self) -> datetime:
        return self.instant


@dataclass(slots=True)
class Person:
    account: SampleAccount
    username: str
    timezone: str
    user_id: UUID = field(init=False)


ALICE = Person(SampleAccount("alice@example.com", PASSWORD, "Alice Wong"), "alice", "Europe/Berlin")
BOB = Person(SampleAccount("bob@example.com", PASSWORD, "Bob Diaz"), "bob", "America/New_York")


@dataclass(frozen=True, slots=True)
class SamplePractice:
    """A system, and on which of its days it was missed or skipped."""

    owner: Person
    goal: GoalCreate
    system: SystemCreate
    at: time
    value: float | None = None
    missed: frozenset[int] = frozenset()
    skipped: frozenset[int] = frozenset()


def _practices(today_offset: timedelta, now: datetime) -> list[SamplePractice]:
    start, target = (now - today_offset).date(), (now + timedelta(days=60)).date()
    return [
        SamplePractice(
            ALICE,
            GoalCreate(
                title="Run a half marathon",
                category="Health",
                priority=GoalPriority.HIGH,
                status=GoalStatus.IN_PROGRESS,
                start_date=start,
                target_date=target,
            ),
            SystemCreate(
                title="Morning run",
                description="Five kilometres, easy pace.",
                frequency=SystemFrequency.WEEKLY,
                frequency_details={"daysOfWeek": [0, 2, 4]},
                metric_type=SystemMetricType.DURATION,
                target_value=30,
                target_unit="minutes",
                target_time_local=time(7),
                verification_required=True,
            ),
            at=time(7, 40),
            value=32,
            missed=frozenset({6}),
        ),
        SamplePractice(
            ALICE,
            GoalCreate(title="Sleep better", category="Health", status=GoalStatus.IN_PROGRESS),
            SystemCreate(
                title="Phone away at ten",
                description="It stays in the kitchen.",
                frequency=SystemFrequency.DAILY,
            ),
            at=time(22, 5),
            missed=frozenset({3, 11}),
            skipped=frozenset({8, 20}),
        ),
        SamplePractice(
            BOB,
            GoalCreate(
                title="Finish the first draft",
                category="Writing",
                status=GoalStatus.IN_PROGRESS,
                start_date=start,
                target_date=target,
            ),
            SystemCreate(
                title="Write three pages",
                description="Longhand, before e-mail.",
                frequency=SystemFrequency.DAILY,
                metric_type=SystemMetricType.PAGES,
                target_value=3,
                target_unit="pages",
                verification_required=True,
            ),
            at=time(8, 30),
            value=3,
            missed=frozenset({5, 13, 14}),
        ),
    ]


async def seed(settings: Settings) -> list[SampleAccount]:
    """Load the sample accounts and their history. Does nothing where they exist already."""
    accounts = [ALICE.account, BOB.account]
    database = Database(settings.database, pool_size=2)
    try:
        await supabase_auth.prepare(database.engine)
        now = SystemClock().now()
        begun = now - timedelta(days=DAYS)
        clock = MovableClock(begun)
        for person in (ALICE, BOB):
            person.user_id = await _sign_up(database, person, begun)
        async with database.session() as session:
            if await UserCrud(session).get_account(ALICE.user_id) is None:
                await _write(session, clock, now)
                await session.commit()
    finally:
        await database.dispose()
    return accounts


async def _sign_up(database: Database, person: Person, now: datetime) -> UUID:
    """The id of the account in the Supabase stand-in, made unless it is there already."""
    try:
        return await supabase_auth.create_user(
            database.engine,
            email=person.account.email,
            password=person.account.password,
            confirmed=True,
            now=now,
        )
    except AuthError:  # an earlier start made it
        async with database.engine.connect() as connection:
            found = select(users.c.id).where(users.c.email == person.account.email)
            return UUID(str(await connection.scalar(found)))


async def _write(session: Session, clock: MovableClock, now: datetime) -> None:
    people = {}
    for person in (ALICE, BOB):
        await UserCrud(session).provision(
            KnownAddress(person.user_id, person.account.email, clock.now()),
            username=person.username,
            name=person.account.name,
            timezone=person.timezone,
            now=clock.now(),
        )
    await _become_partners(session, clock)
    for person in (ALICE, BOB):
        account = await UserCrud(session).get_account(person.user_id)
        assert account is not None
        people[person.username] = account
    started = [
        (practice, await _start(session, clock, practice, people[practice.owner.username]))
        for practice in _practices(timedelta(days=DAYS), now)
    ]
    for day in range(DAYS + 1):
        for practice, system_id in started:
            await _live(session, clock, practice, system_id, people, day=day, now=now)


async def _become_partners(session: Session, clock: MovableClock) -> None:
    crud = PartnershipCrud(session)
    partnership = await crud.add_pending(ALICE.user_id, clock.now())
    partnership.name = "Early birds"
    partnership.invite_email = BOB.account.email
    partnership.invite_token = hash_token("sample")
    await session.flush()
    people = await UserCrud(session).lock(ALICE.user_id, BOB.user_id)
    activate(partnership, people, BOB.user_id, clock.now())
    await session.flush()


async def _start(
    session: Session, clock: MovableClock, practice: SamplePractice, owner: Account
) -> UUID:
    goal = await GoalService(session, clock).create(owner, practice.goal)
    data = practice.system.model_copy(update={"goal_id": goal.id})
    return (await SystemService(session, clock).create(owner, data)).id


async def _live(
    session: Session,
    clock: MovableClock,
    practice: SamplePractice,
    system_id: UUID,
    people: dict[str, Account],
    *,
    day: int,
    now: datetime,
) -> None:
    """One day of one practice: done, skipped or missed; what is older than a day is verified."""
    zone = ZoneInfo(practice.owner.timezone)
    local_date = (now.astimezone(zone) - timedelta(days=DAYS - day)).date()
    instant = datetime.combine(local_date, practice.at, zone)
    details = practice.system.frequency_details or {}
    if (
        day in practice.missed
        or instant > now
        or local_date.weekday() not in details.get("days_of_week", range(7))
    ):
        return
    clock.instant = instant
    skipped = day in practice.skipped
    checkin = await CheckinService(session, clock, LINKS).create(
        people[practice.owner.username],
        CheckinCreate(
            system_id=system_id,
            status=LoggedStatus.SKIPPED if skipped else LoggedStatus.COMPLETED,
            metric_value_logged=None if skipped else practice.value,
        ),
    )
    if practice.system.verification_required and day < DAYS - 1:
        partner = BOB if practice.owner is ALICE else ALICE
        clock.instant = instant + timedelta(hours=5)
        await VerificationService(session, clock, LINKS).decide(
            people[partner.username],
            checkin.id,
            VerificationDecision(decision=Decision.VERIFIED_COMPLETED),
        )
