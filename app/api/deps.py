"""Every dependency, named once. Endpoints only use these aliases."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, TypeVar

import structlog
from fastapi import Depends, Query, Request, Response
from fastapi.security import OAuth2PasswordBearer

from app.api import idempotency
from app.core.clock import Clock
from app.core.errors import AppError, NotAuthenticated
from app.core.image_links import ImageLinks
from app.core.paging import PageRequest
from app.core.security import AccessToken
from app.crud.crud_rate_limit import AttemptCrud
from app.crud.crud_user import Account
from app.db.session import Session
from app.services.account_service import AccountService
from app.services.answer_timing import AnswerSteps
from app.services.auth_service import AuthService
from app.services.checkin_service import CheckinService
from app.services.deletion_service import DeletionService
from app.services.export_service import ExportService
from app.services.goal_service import GoalService
from app.services.invitation_service import InvitationService
from app.services.notification_service import NotificationService
from app.services.partnership_service import PartnershipService
from app.services.preference_service import PreferenceService
from app.services.rate_limiter import RateLimiter
from app.services.system_service import SystemService
from app.services.upload_service import UploadService
from app.services.user_service import UserService
from app.services.verification_service import VerificationService
from app.services.webhook_service import WebhookService

Service = TypeVar("Service")

_bearer = OAuth2PasswordBearer(tokenUrl="/api/v1/auth/token", auto_error=False)


async def get_access_token(
    request: Request, token: Annotated[str | None, Depends(_bearer)]
) -> AccessToken:
    """The verified token of the request. Raises NotAuthenticated."""
    # Of two headers, a proxy may have looked at the other one.
    if not token or len(request.headers.getlist("authorization")) != 1:
        raise NotAuthenticated
    verified: AccessToken = await request.app.state.tokens.verify(token)
    return verified


async def get_current_user(
    request: Request, token: Annotated[AccessToken, Depends(get_access_token)]
) -> Account:
    """The caller's account, made on first sight (Specification §2.6).

    From here on the request is logged with its user, and a repeated POST is recognised.
    """
    structlog.contextvars.bind_contextvars(user_id=str(token.user_id))
    account = await _accounts(request).identify(token)
    await _recognise(request, account)
    return account


async def get_confirmed_user(
    request: Request, token: Annotated[AccessToken, Depends(get_access_token)]
) -> Account:
    """The same, asking Supabase again about an address that was not confirmed so far.

    Before any transaction: no vendor is called while one is open.
    """
    structlog.contextvars.bind_contextvars(user_id=str(token.user_id))
    accounts = _accounts(request)
    account = await accounts.confirmed(await accounts.identify(token), token)
    await _recognise(request, account)
    return account


async def get_live_user(
    request: Request, token: Annotated[AccessToken, Depends(get_access_token)]
) -> Account:
    """The same, for what must not be possible with a token from before a logout.

    Asks Supabase on every request, before any transaction. Raises NotAuthenticated.
    """
    structlog.contextvars.bind_contextvars(user_id=str(token.user_id))
    account = await _accounts(request).identify_live(token)
    await _recognise(request, account)
    return account


async def _recognise(request: Request, account: Account) -> None:
    if request.method == "POST":
        session: Session = request.state.session
        await idempotency.begin(request, session, request.app.state.clock, account.id)


async def get_uploading_user(
    request: Request, token: Annotated[AccessToken, Depends(get_access_token)]
) -> Account:
    """The caller of an operation that calls a vendor first, and claims the request afterwards."""
    structlog.contextvars.bind_contextvars(user_id=str(token.user_id))
    account = await _accounts(request).identify(token)
    request.state.user_id = account.id
    await idempotency.look(request, request.state.session, request.app.state.clock, account.id)
    return account


async def get_page(
    page: Annotated[int, Query(ge=1, le=1_000_000, description="Counts from 1.")] = 1,
    limit: Annotated[int, Query(ge=1, le=100, description="Items on a page.")] = 20,
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


async def get_auth_service(request: Request, response: Response) -> AsyncIterator[AuthService]:
    """Failures tell where the caller stands with the rate limits, as successes do."""
    state = request.app.state
    limiter = RateLimiter(
        attempts=AttemptCrud(state.database),
        clock=state.clock,
        client=request.client.host if request.client else None,
        key=state.settings.supabase_secret_key.get_secret_value().encode(),
        enabled=state.settings.auth_rate_limits,
        tell=response.headers.update,
    )
    try:
        yield AuthService(
            session=request.state.session,
            auth=state.auth,
            accounts=_accounts(request),
            limiter=limiter,
            steps=AnswerSteps(state.settings.auth_answer_step_seconds),
            errands=state.errands,
        )
    except AppError as error:
        error.headers.update(limiter.headers)
        raise


async def get_webhook_service(request: Request) -> WebhookService:
    state = request.app.state
    return WebhookService(
        session=request.state.session,
        clock=state.clock,
        auth=state.auth,
        deletions=await get_deletion_service(request),
        keys=state.settings.webhook_keys,
    )


async def get_deletion_service(request: Request) -> DeletionService:
    state = request.app.state
    return DeletionService(
        session=request.state.session, clock=state.clock, settings=state.settings
    )


async def get_export_service(request: Request) -> ExportService:
    return ExportService(database=request.app.state.database, clock=request.app.state.clock)


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
    )


async def get_upload_service(request: Request) -> UploadService:
    state = request.app.state

    async def claim() -> None:
        user_id = request.state.user_id
        await idempotency.begin(request, request.state.session, state.clock, user_id)

    return UploadService(
        session=request.state.session,
        clock=state.clock,
        storage=state.storage,
        cleaner=state.image_cleaner,
        links=state.image_links,
        claim=claim,
    )


CurrentToken = Annotated[AccessToken, Depends(get_access_token)]
CurrentUser = Annotated[Account, Depends(get_current_user)]
ConfirmedUser = Annotated[Account, Depends(get_confirmed_user)]
LiveUser = Annotated[Account, Depends(get_live_user)]
UploadingUser = Annotated[Account, Depends(get_uploading_user)]
PageDep = Annotated[PageRequest, Depends(get_page)]

Auth = Annotated[AuthService, Depends(get_auth_service, scope="function")]
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
Uploads = Annotated[UploadService, Depends(get_upload_service)]
Verifications = Annotated[VerificationService, _service_with_images(VerificationService)]
Notifications = Annotated[NotificationService, _service(NotificationService)]
