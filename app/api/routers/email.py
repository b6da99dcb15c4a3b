"""Unsubscribing from e-mails, and what Resend reports of them."""

from typing import Annotated, Literal

from fastapi import Form, Header, Query, Request
from fastapi.responses import HTMLResponse

from app.api.deps import EmailEvents, Unsubscribing
from app.api.openapi import errors, signed_body
from app.api.routing import ApiRouter
from app.core.errors import ErrorCode
from app.core.webhooks import SignedMessage
from app.schemas.email_event_schemas import event_schema

router = ApiRouter(prefix="/email", tags=["E-mail"])

_Token = Annotated[str, Query(description="From the e-mail: it names the account and the kind.")]
_SvixHeader = Annotated[str | None, Header(description="See Standard Webhooks.")]


@router.get(
    "/unsubscribe",
    summary="Show what an unsubscribe link does",
    response_class=HTMLResponse,
    responses=errors(ErrorCode.INVALID_TOKEN),
)
async def show_unsubscribe(pages: Unsubscribing, token: _Token = "") -> HTMLResponse:
    """A page with a button: opening the link changes nothing, since programs open links too.

    A browser gets failures as a page as well.
    """
    return pages.ask(token)


@router.post(
    "/unsubscribe",
    summary="Unsubscribe with one click",
    response_class=HTMLResponse,
    responses=errors(ErrorCode.INVALID_TOKEN),
)
async def unsubscribe(
    pages: Unsubscribing,
    token: _Token = "",
    one_click: Annotated[
        Literal["One-Click"], Form(alias="List-Unsubscribe", description="See RFC 8058.")
    ] = "One-Click",
) -> HTMLResponse:
    """Switch off the preference that the link names, without a login; for mail programs too.

    Repeating it changes nothing. A browser gets failures as a page.
    """
    return await pages.act(token)


@router.post(
    "/webhooks/resend",
    status_code=204,
    summary="Receive an event of Resend",
    responses=errors(ErrorCode.INVALID_SIGNATURE, ErrorCode.WEBHOOKS_NOT_CONFIGURED),
    openapi_extra=signed_body(event_schema()),
)
async def receive_resend_event(
    request: Request,
    events: EmailEvents,
    svix_id: _SvixHeader = None,
    svix_timestamp: _SvixHeader = None,
    svix_signature: _SvixHeader = None,
) -> None:
    """For Resend alone: an e-mail was delivered, bounced, or was complained about.

    Signed as Standard Webhooks prescribes, over the raw body, at most five minutes ago. Repeating
    an event changes nothing. Events of other kinds are accepted and ignored.
    """
    await events.receive(
        SignedMessage(await request.body(), svix_id, svix_timestamp, svix_signature)
    )
