"""FastAPI the way its tutorials show it: entities, a session dependency, response models.

Relationships are loaded eagerly where they are needed, a list takes a count and a page, an answer
is validated from the entities. Authentication and rules are the application's.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import joinedload, selectinload

from app.core.config import parse_database_url
from app.core.consistency import goal_progress
from app.core.enums import CheckinStatus, GoalStatus, SystemMetricType, SystemStatus
from app.core.local_time import (
    CheckinWindow,
    ZoneUse,
    checkin_window,
    current_zone,
    open_dates,
    today,
)
from app.core.notification_catalogue import CATALOGUE, NotificationType
from app.core.schedule import Pause, SchedulePeriod, SystemHistory
from app.db.models import Checkin, Goal, Notification, Partnership, System, User, UserTimezone
from app.db.session import SESSION_SETTINGS
from app.schemas.checkin_schemas import CheckinCreate, LoggedStatus
from tests.benchmarks.servers import idiomatic_schemas as schemas
from tests.benchmarks.servers.options import POOL_SIZE, ServerOptions
from tests.benchmarks.servers.tokens import token_verifier

PageNumber = Annotated[int, Query(ge=1)]
Limit = Annotated[int, Query(ge=1, le=100)]

bearer = OAuth2PasswordBearer(tokenUrl="token")


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.sessions() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session)]


async def get_current_user(
    request: Request, token: Annotated[str, Depends(bearer)], session: SessionDep
) -> User:
    verified = await request.app.state.tokens.verify(token)
    user = await session.scalar(
        select(User)
        .where(User.id == verified.user_id)
        .options(
            joinedload(User.current_partnership).options(
                joinedload(Partnership.user1), joinedload(Partnership.user2)
            )
        )
    )
    if user is None or not user.is_active:
        raise HTTPException(401)
    return user


CurrentUser = Annotated[User, Depends(get_current_user)]


def make_app(options: ServerOptions) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = create_async_engine(
            parse_database_url(options.database_url).url,
            pool_size=POOL_SIZE,
            connect_args={"server_settings": SESSION_SETTINGS},
        )
        app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
        app.state.tokens = token_verifier(options)
        yield
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)
    app.get("/api/v1/users/me", response_model=schemas.Envelope[schemas.UserOut])(get_me)
    app.get("/api/v1/goals", response_model=schemas.Envelope[schemas.GoalPage])(list_goals)
    app.post(
        "/api/v1/checkins",
        status_code=201,
        response_model=schemas.Envelope[schemas.CheckinOut],
    )(create_checkin)
    return app


def _partner(user: User) -> User | None:
    partnership = user.current_partnership
    if partnership is None:
        return None
    return partnership.user2 if partnership.user1_id == user.id else partnership.user1


async def get_me(user: CurrentUser) -> Any:
    partner = _partner(user)
    data = schemas.UserOut(
        id=user.id,
        email=user.email,
        username=user.username,
        name=user.name,
        avatar_url=user.profile_image_url,
        bio=user.bio,
        timezone=user.timezone,
        theme_preference=user.theme_preference,
        is_email_verified=user.is_email_verified,
        current_partnership_id=user.current_partnership_id,
        partner_details=schemas.PartnerOut(
            id=partner.id,
            name=partner.name,
            username=partner.username,
            avatar_url=partner.profile_image_url,
        )
        if partner
        else None,
        created_at=user.created_at,
        updated_at=user.updated_at,
    )
    return {"message": "Your profile.", "data": data}


async def list_goals(
    user: CurrentUser, session: SessionDep, page: PageNumber = 1, limit: Limit = 20
) -> Any:
    wanted = (Goal.user_id == user.id, Goal.is_archived.is_(False))
    total = await session.scalar(select(func.count()).select_from(Goal).where(*wanted)) or 0
    goals = await session.scalars(
        select(Goal)
        .where(*wanted)
        .options(
            selectinload(Goal.systems).options(
                selectinload(System.schedules),
                selectinload(System.pauses),
                selectinload(System.checkins),
            )
        )
        .order_by(Goal.created_at.desc(), Goal.id)
        .limit(limit)
        .offset((page - 1) * limit)
    )
    zones, now = await _zones(session, user), datetime.now(UTC)
    items = [_goal(goal, zones, now) for goal in goals]
    pagination = schemas.PaginationOut(
        current_page=page,
        limit=limit,
        total_items=total,
        total_pages=-(-total // limit),
        has_next_page=page * limit < total,
    )
    return {"message": "Your goals.", "data": {"items": items, "pagination": pagination}}


def _goal(goal: Goal, zones: list[ZoneUse], now: datetime) -> schemas.GoalOut:
    zone = current_zone(zones)
    progress = goal_progress(
        [_history(system) for system in goal.systems],
        goal.start_date or today(goal.created_at, zone),
        goal.target_date,
        today(now, zone),
        open_dates=open_dates(now, zones),
        achieved=goal.status is GoalStatus.ACHIEVED,
    )
    return schemas.GoalOut(
        id=goal.id,
        title=goal.title,
        description=goal.description,
        category=goal.category,
        priority=goal.priority,
        status=goal.status,
        start_date=goal.start_date,
        target_date=goal.target_date,
        progress_value=progress,
        ai_assisted_plan=goal.ai_generated_plan_details,
        ai_assistance_inputs=goal.ai_assistance_inputs,
        is_archived=goal.is_archived,
        systems_count=len(goal.systems),
        created_at=goal.created_at,
        updated_at=goal.updated_at,
    )


def _history(system: System) -> SystemHistory:
    skipped = {c.checkin_date_local for c in system.checkins if c.status is CheckinStatus.SKIPPED}
    return SystemHistory(
        schedule=tuple(
            SchedulePeriod.from_details(
                period.effective_from, period.frequency, period.frequency_details
            )
            for period in sorted(system.schedules, key=lambda period: period.effective_from)
        ),
        pauses=tuple(Pause(pause.starts_on, pause.ends_on) for pause in system.pauses),
        credited=frozenset(c.checkin_date_local for c in system.checkins) - skipped,
        skipped=frozenset(skipped),
    )


async def _zones(session: AsyncSession, user: User) -> list[ZoneUse]:
    rows = await session.scalars(
        select(UserTimezone)
        .where(UserTimezone.user_id == user.id)
        .order_by(UserTimezone.used_from.desc())
    )
    uses: list[ZoneUse] = []
    until: datetime | None = None
    for row in rows:
        uses.append(ZoneUse(row.timezone, row.used_from, until))
        until = row.used_from
    return uses[::-1]


async def create_checkin(data: CheckinCreate, user: CurrentUser, session: SessionDep) -> Any:
    system = await session.scalar(
        select(System).where(System.id == data.system_id, System.user_id == user.id)
    )
    if system is None:
        raise HTTPException(404)
    zones, now, partner = await _zones(session, user), datetime.now(UTC), _partner(user)
    zone = current_zone(zones)
    local_date = data.local_date or today(now, zone)
    window = checkin_window(local_date, now, zones)
    completed = data.status is LoggedStatus.COMPLETED
    counts = completed and system.metric_type is not SystemMetricType.BINARY
    if (
        system.status is not SystemStatus.ACTIVE
        or not window.is_open
        or counts != (data.metric_value_logged is not None)
    ):
        raise HTTPException(422)
    verify = completed and system.verification_required and partner is not None
    status = CheckinStatus.COMPLETED if completed else CheckinStatus.SKIPPED
    checkin = Checkin(
        user_id=user.id,
        system_id=system.id,
        partnership_id=user.current_partnership_id,
        checkin_timestamp_utc=now,
        original_local_timestamp_str=data.original_local_timestamp,
        checkin_date_local=local_date,
        checkin_timezone=zone,
        is_late=window is CheckinWindow.OPEN_LATE,
        status=CheckinStatus.PENDING_VERIFICATION if verify else status,
        metric_value_logged=data.metric_value_logged,
        notes=data.notes,
        photo_url=data.photo_url,
        created_at=now,
        updated_at=now,
    )
    session.add(checkin)
    try:
        await session.flush()
    except IntegrityError:
        raise HTTPException(409) from None
    if partner is not None and completed:
        _tell(session, user, partner, system, checkin, verify=verify)
    await session.commit()
    await session.refresh(checkin)
    out = schemas.CheckinOut(
        id=checkin.id,
        system_id=checkin.system_id,
        system_title=system.title,
        user_id=checkin.user_id,
        partnership_id=checkin.partnership_id,
        status=checkin.status,
        local_date=checkin.checkin_date_local,
        checkin_timestamp_utc=checkin.checkin_timestamp_utc,
        original_local_timestamp=checkin.original_local_timestamp_str,
        is_late=checkin.is_late,
        metric_value_logged=checkin.metric_value_logged,
        notes=checkin.notes,
        photo_url=checkin.photo_url,
        verified_by_partner_id=checkin.verified_by_partner_id,
        verified_at_utc=checkin.verified_at_utc,
        verifier_query=checkin.verifier_query,
        created_at=checkin.created_at,
        updated_at=checkin.updated_at,
    )
    return {"message": "Checked in.", "data": out}


def _tell(
    session: AsyncSession,
    user: User,
    partner: User,
    system: System,
    checkin: Checkin,
    *,
    verify: bool,
) -> None:
    type_ = (
        NotificationType.VERIFICATION_REQUESTED
        if verify
        else NotificationType.PARTNER_CHECKIN_COMPLETED
    )
    kind = CATALOGUE[type_]
    wants = {item["id"]: item["enabled"] for item in partner.notification_preferences}
    if not wants.get(kind.preference or "", True):
        return
    name, title = user.name or user.username or "Your partner", system.title
    session.add(
        Notification(
            recipient_id=partner.id,
            actor_user_id=user.id,
            type=type_.value,
            title="Verification requested" if verify else "Partner checked in",
            message=f"{name} asks you to verify {title!r}."
            if verify
            else f"{name} completed {title!r}.",
            link_to=kind.link,
            icon_identifier=kind.icon,
            target_type="checkin",
            target_id=str(checkin.id),
            target_name=title,
            created_at=checkin.created_at,
        )
    )
