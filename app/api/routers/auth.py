"""Signing up, in and out (Specification §2.6)."""

from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.security import OAuth2PasswordRequestForm

from app.api.deps import Auth, CurrentToken, Webhooks
from app.api.openapi import errors, signed_body
from app.api.routing import ApiRouter
from app.core.errors import ErrorCode
from app.core.webhooks import SignedMessage
from app.schemas.auth_schemas import (
    EmailRequest,
    LoginRead,
    LoginRequest,
    OAuth2Token,
    RefreshRequest,
    ResetPasswordRequest,
    SignupRead,
    SignupRequest,
    VerifyEmailRequest,
)
from app.schemas.base_schemas import Envelope, envelope
from app.schemas.webhook_schemas import event_schema

router = ApiRouter(prefix="/auth", tags=["Auth"])

_WebhookHeader = Annotated[str | None, Header(description="See Standard Webhooks.")]
_PLEASE_CONFIRM = "Almost there: please confirm your e-mail address."
_UPSTREAM = (ErrorCode.AUTH_UNAVAILABLE, ErrorCode.RATE_LIMITED)


@router.post(
    "/signup",
    status_code=201,
    summary="Sign up",
    responses=errors(
        ErrorCode.USERNAME_TAKEN, ErrorCode.WEAK_PASSWORD, ErrorCode.SIGNUP_DISABLED, *_UPSTREAM
    ),
)
async def signup(data: SignupRequest, auth: Auth) -> Envelope[SignupRead]:
    """Ask for an account and, where addresses are confirmed, for the e-mail that does so.

    The answer is the same for an address that has an account already.
    """
    signed_up = await auth.sign_up(data)
    confirm = signed_up.email_confirmation_required
    return envelope(signed_up, _PLEASE_CONFIRM if confirm else "Welcome to DuoTrak.")


@router.post(
    "/login",
    summary="Log in",
    responses=errors(
        ErrorCode.NOT_AUTHENTICATED,
        ErrorCode.INVALID_CREDENTIALS,
        ErrorCode.EMAIL_NOT_CONFIRMED,
        ErrorCode.ACCOUNT_DISABLED,
        *_UPSTREAM,
    ),
)
async def login(data: LoginRequest, auth: Auth) -> Envelope[LoginRead]:
    """Exchange address and password for an access token and a refresh token."""
    return envelope(await auth.log_in(data), "Welcome back.")


@router.post(
    "/token",
    summary="Log in with an OAuth2 form",
    responses=errors(
        ErrorCode.NOT_AUTHENTICATED,
        ErrorCode.INVALID_CREDENTIALS,
        ErrorCode.EMAIL_NOT_CONFIRMED,
        ErrorCode.ACCOUNT_DISABLED,
        *_UPSTREAM,
    ),
)
async def token(form: Annotated[OAuth2PasswordRequestForm, Depends()], auth: Auth) -> OAuth2Token:
    """For the Authorize button of the API docs: `username` is the e-mail address.

    The answer has the shape that OAuth2 prescribes, without the envelope.
    """
    return await auth.issue_token(email=form.username, password=form.password)


@router.post(
    "/refresh",
    summary="Renew the access token",
    responses=errors(ErrorCode.NOT_AUTHENTICATED, ErrorCode.ACCOUNT_DISABLED, *_UPSTREAM),
)
async def refresh(data: RefreshRequest, auth: Auth) -> Envelope[LoginRead]:
    """Exchange a refresh token, once, for a new pair of tokens."""
    return envelope(await auth.refresh(data), "Session renewed.")


@router.post(
    "/logout",
    status_code=204,
    summary="Log out",
    responses=errors(ErrorCode.AUTH_UNAVAILABLE),
)
async def logout(token: CurrentToken, auth: Auth) -> None:
    """End this session: its refresh token is dead at once."""
    await auth.log_out(token)


@router.post(
    "/verify-email",
    summary="Confirm an e-mail address",
    responses=errors(
        ErrorCode.INVALID_TOKEN,
        ErrorCode.NOT_AUTHENTICATED,
        ErrorCode.ACCOUNT_DISABLED,
        *_UPSTREAM,
    ),
)
async def verify_email(data: VerifyEmailRequest, auth: Auth) -> Envelope[LoginRead]:
    """Confirm with the token of the e-mail's link, and sign in."""
    return envelope(await auth.verify_email(data), "Your e-mail address is confirmed.")


@router.post(
    "/resend-verification",
    status_code=202,
    summary="Send the confirmation again",
    responses=errors(ErrorCode.RATE_LIMITED),
)
async def resend_verification(data: EmailRequest, auth: Auth) -> Envelope[None]:
    """The answer is the same whether or not the address has an account."""
    await auth.resend_verification(data)
    return envelope(None, "If this address waits for confirmation, an e-mail is on its way.")


@router.post(
    "/forgot-password",
    status_code=202,
    summary="Ask for a password reset",
    responses=errors(ErrorCode.RATE_LIMITED),
)
async def forgot_password(data: EmailRequest, auth: Auth) -> Envelope[None]:
    """The answer is the same whether or not the address has an account."""
    await auth.forgot_password(data)
    return envelope(None, "If this address has an account, an e-mail is on its way.")


@router.post(
    "/reset-password",
    summary="Set a new password",
    responses=errors(
        ErrorCode.INVALID_TOKEN,
        ErrorCode.NOT_AUTHENTICATED,
        ErrorCode.WEAK_PASSWORD,
        ErrorCode.SAME_PASSWORD,
        *_UPSTREAM,
    ),
)
async def reset_password(data: ResetPasswordRequest, auth: Auth) -> Envelope[None]:
    """Set a new password with the token of the e-mail's link."""
    await auth.reset_password(data)
    return envelope(None, "Your password is changed. You can log in with it now.")


@router.post(
    "/webhooks/supabase",
    status_code=204,
    summary="Receive an event of Supabase",
    responses=errors(ErrorCode.INVALID_SIGNATURE, ErrorCode.WEBHOOKS_NOT_CONFIGURED, *_UPSTREAM),
    openapi_extra=signed_body(event_schema()),
)
async def receive_supabase_event(
    request: Request,
    webhooks: Webhooks,
    webhook_id: _WebhookHeader = None,
    webhook_timestamp: _WebhookHeader = None,
    webhook_signature: _WebhookHeader = None,
) -> None:
    """For Supabase alone: an account was created, changed or deleted there.

    Signed as Standard Webhooks prescribes, over the raw body, at most five minutes ago. What the
    event tells of the user is not believed but asked of Supabase, so that repeating it is safe.
    Events of other kinds are accepted and ignored.
    """
    await webhooks.receive(
        SignedMessage(await request.body(), webhook_id, webhook_timestamp, webhook_signature)
    )
