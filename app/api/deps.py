"""Every dependency, named once. Endpoints only use these aliases."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Query, Request
from pydantic import Field

from app.api import idempotency, limits
from app.api.authentication import Authenticated
from app.api.unsubscribe_pages import UnsubscribePages
from app.core.clock import Clock
from app.core.image_links import ImageLinks
from app.core.paging import PageRequest
from app.core.security import AccessToken
from app.core.unsubscribe_links import unsubscribe_links
from app.crud.crud_rate_limit import AttemptCrud
from app.crud.crud_user import Account
from app.db.session import Session
from app.schemas.base_schemas import blank_is
from app.services.account_service import AccountService
from app.services.activity_service import ActivityService
from app.services.ai_planner_service import AiPlannerService
from app.services.ai_quota import AiQuota
from app.services.answer_timing import AnswerSteps
from app.services.auth_service import AuthService
from app.services.card_reading import CardReader
from app.services.checkin_editing import CheckinEditingService
from app.services.checkin_service import CheckinService
from app.services.comment_service import CommentService
from app.services.dashboard_service import DashboardService
from app.services.deletion_service import DeletionService
from app.services.email_event_service import EmailEventService
from app.services.export_service import ExportService
from app.services.goal_service import GoalService
from app.services.invitation_service import InvitationService
from app.services.live_stream import LiveStream
from app.services.live_updates import LiveUpdates
from app.services.message_service import MessageService
from app.services.notification_service import NotificationService
from app.services.partnership_service import PartnershipService
from app.services.plan_acceptance import PlanAcceptanceService
from app.services.preference_service import PreferenceService
from app.services.progress_service import ProgressService
from app.services.rate_limiter import RateLimiter
from app.services.reaction_service import ReactionService
from app.services.reflection_service import ReflectionService
from app.services.system_service import SystemService
from app.services.task_service import TaskService
from app.services.unsubscribe_service import UnsubscribeService
from app.services.upload_service import UploadService
from app.services.user_service import UserService
from app.services.verification_service import VerificationService
from app.services.webhook_service import WebhookService

Service = TypeVar("Service")


@Authenticated
async def get_access_token(_request: Request, token: AccessToken) -> AccessToken:
    """The verified token alone: nobody's account is read."""
    return token


@Authenticated
async def get_current_user(request: Request, token: AccessToken) -> Account:
    """The caller's account, made on first sight (Specification §2.6).

    From here on a repeated POST is recognised.
    """
    account = await _accounts(request).identify(token)
    await _recognise(request, account)
    return account


@Authenticated
async def get_confirmed_user(request: Request, token: AccessToken) -> Account:
    """The same, asking Supabase again about an address that was not confirmed so far.

    Before any transaction: no vendor is called while one is open.
    """
    accounts = _accounts(request)
    account = await accounts.confirmed(await accounts.identify(token), token)
    await _recognise(request, account)
    return account


@Authenticated
async def get_live_user(request: Request, token: AccessToken) -> Account:
    """The same, for what must not be possible with a token from before a logout.

    Asks Supabase on every request, before any transaction. Raises NotAuthenticated.
    """
    account = await _accounts(request).identify_live(token)
    await _recognise(request, account)
    return account


@Authenticated
async def get_vendor_user(request: Request, token: AccessToken) -> Account:
    """The caller of an operation that calls a vendor first, and claims the request afterwards."""
    account = await _accounts(request).identify(token)
    request.state.user_id = account.id
    await idempotency.look(request, request.state.session, request.app.state.clock, account.id)
    return account


async def _recognise(request: Request, account: Account) -> None:
    if request.method == "POST":
        session: Session = request.state.session
        await idempotency.begin(request, session, request.app.state.clock, account.id)


async def get_live_stream(
    request: Request,
    token: Annotated[AccessToken, Depends(get_access_token)],
    user: Annotated[Account, Depends(get_current_user)],
    last_event_id: Annotated[
        str | None,
        Header(
            alias="Last-Event-ID",
            description="The `id` of the last event that was received: go on after it.",
        ),
    ] = None,
) -> AsyncIterator[LiveStream]:
    """An open stream of the caller's live updates, given back when the answer has ended."""
    live: LiveUpdates = request.app.state.live
    stream = live.open(user.id, expires_at=token.expires_at, last_event_id=last_event_id)
    request.state.live_stream = stream
    try:
        yield stream
    finally:
        live.leave(stream)


async def get_page(
    page: Annotated[
        int, Field(ge=1, le=1_000_000), blank_is(1), Query(description="Counts from 1.")
    ] = 1,
    limit: Annotated[
        int, Field(ge=1, le=100), blank_is(20), Query(description="Items on a page.")
    ] = 20,
) -> PageRequest:
    return PageRequest(page, limit)


def _service(kind: Callable[[Session, Clock], Service]) -> Any:
    """A dependency that makes a service for this request."""

    async def provide(request: Request) -> Service:
        return kind(request.state.session, request.app.state.clock)

    return Depends(provide)


def _service_with_images(kind: Callable[[Session, Clock, ImageLinks], Service]) -> Any:
    """The same for a service that shows images."""

    async def provide(request: Request) -> Service:
        state = request.app.state
        return kind(request.state.session, state.clock, state.image_links)

    return Depends(provide)


def _accounts(request: Request) -> AccountService:
    state = request.app.state
    return AccountService(session=request.state.session, clock=state.clock, auth=state.auth)


async def get_auth_service(request: Request) -> AuthService:
    state = request.app.state
    limiter = RateLimiter(
        attempts=AttemptCrud(state.database),
        clock=state.clock,
        client=request.client.host if request.client else None,
        key=state.settings.supabase_secret_key.get_secret_value().encode(),
        enabled=state.settings.rate_limits,
        tell=partial(limits.tell, request),
    )
    return AuthService(
        session=request.state.session,
        auth=state.auth,
        accounts=_accounts(request),
        limiter=limiter,
        steps=AnswerSteps(state.settings.auth_answer_step_seconds),
        errands=state.errands,
    )


async def get_webhook_service(request: Request) -> WebhookService:
    state = request.app.state
    return WebhookService(
        session=request.state.session,
        clock=state.clock,
        auth=state.auth,
        deletions=await get_deletion_service(request),
        keys=state.settings.webhook_keys,
    )


async def get_email_event_service(request: Request) -> EmailEventService:
    state = request.app.state
    return EmailEventService(
        session=request.state.session, clock=state.clock, keys=state.settings.resend_webhook_keys
    )


async def get_unsubscribe_pages(request: Request) -> UnsubscribePages:
    state = request.app.state
    links = unsubscribe_links(
        public_api_url=str(state.settings.public_api_url), secret=state.settings.email_links_secret
    )
    return UnsubscribePages(
        UnsubscribeService(request.state.session, state.clock, links),
        settings_url=state.settings.notification_settings_link,
        wants_page="text/html" in request.headers.get("accept", ""),
    )


async def get_deletion_service(request: Request) -> DeletionService:
    state = request.app.state
    return DeletionService(
        session=request.state.session, clock=state.clock, settings=state.settings
    )


async def get_export_service(request: Request) -> ExportService:
    exports: ExportService = request.app.state.exports
    return exports


async def get_partnership_service(request: Request) -> PartnershipService:
    state = request.app.state
    return PartnershipService(
        session=request.state.session,
        clock=state.clock,
        settings=state.settings,
        links=state.image_links,
    )


async def get_invitation_service(request: Request) -> InvitationService:
    state = request.app.state
    return InvitationService(
        session=request.state.session,
        clock=state.clock,
        settings=state.settings,
        links=state.image_links,
        tell=partial(limits.tell, request),
    )


async def _claim(request: Request) -> None:
    """What a VendorUser's service does once the vendor has answered."""
    state = request.state
    await idempotency.begin(request, state.session, request.app.state.clock, state.user_id)


async def get_upload_service(request: Request) -> UploadService:
    state = request.app.state
    return UploadService(
        session=request.state.session,
        clock=state.clock,
        storage=state.storage,
        cleaner=state.image_cleaner,
        links=state.image_links,
        claim=partial(_claim, request),
    )


async def get_ai_planner(request: Request) -> AiPlannerService:
    state = request.app.state
    return AiPlannerService(
        session=request.state.session,
        clock=state.clock,
        model=state.language_model,
        quota=AiQuota(
            attempts=AttemptCrud(state.database),
            clock=state.clock,
            tell=partial(limits.tell, request),
        ),
        claim=partial(_claim, request),
        timeout_seconds=state.settings.gemini_timeout_seconds,
    )


CurrentToken = Annotated[AccessToken, Depends(get_access_token)]
CurrentUser = Annotated[Account, Depends(get_current_user)]
ConfirmedUser = Annotated[Account, Depends(get_confirmed_user)]
LiveUser = Annotated[Account, Depends(get_live_user)]
VendorUser = Annotated[Account, Depends(get_vendor_user)]
PageDep = Annotated[PageRequest, Depends(get_page)]

Auth = Annotated[AuthService, Depends(get_auth_service)]
Webhooks = Annotated[WebhookService, Depends(get_webhook_service)]
Users = Annotated[UserService, _service(UserService)]
Preferences = Annotated[PreferenceService, _service(PreferenceService)]
Deletions = Annotated[DeletionService, Depends(get_deletion_service)]
Exports = Annotated[ExportService, Depends(get_export_service)]
Partnerships = Annotated[PartnershipService, Depends(get_partnership_service)]
Invitations = Annotated[InvitationService, Depends(get_invitation_service)]
Goals = Annotated[GoalService, _service(GoalService)]
Systems = Annotated[SystemService, _service(SystemService)]
Checkins = Annotated[CheckinService, _service_with_images(CheckinService)]
CheckinEditing = Annotated[CheckinEditingService, _service_with_images(CheckinEditingService)]
Uploads = Annotated[UploadService, Depends(get_upload_service)]
Verifications = Annotated[VerificationService, _service_with_images(VerificationService)]
Notifications = Annotated[NotificationService, _service(NotificationService)]
Progress = Annotated[ProgressService, _service(ProgressService)]
Cards = Annotated[CardReader, _service(CardReader)]
Dashboards = Annotated[DashboardService, _service(DashboardService)]
Tasks = Annotated[TaskService, _service_with_images(TaskService)]
Messages = Annotated[MessageService, _service_with_images(MessageService)]
Reactions = Annotated[ReactionService, _service(ReactionService)]
Comments = Annotated[CommentService, _service(CommentService)]
LiveStreamDep = Annotated[LiveStream, Depends(get_live_stream)]
Reflections = Annotated[ReflectionService, _service(ReflectionService)]
Activities = Annotated[ActivityService, _service_with_images(ActivityService)]
Planner = Annotated[AiPlannerService, Depends(get_ai_planner)]
PlanAcceptance = Annotated[PlanAcceptanceService, _service(PlanAcceptanceService)]
Unsubscribing = Annotated[UnsubscribePages, Depends(get_unsubscribe_pages)]
EmailEvents = Annotated[EmailEventService, Depends(get_email_event_service)]
