"""Every e-mail that the app sends, with sample data, as it looks on a phone and on a desk."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse

from app.core.config import Settings
from app.emails.messages import OptionalEmail
from app.emails.render import RenderedEmail
from app.emails.render import render as render_email
from app.local.mailbox import MAILBOX_PATH, PAGE_HEADERS
from app.local.rendering import render
from app.local.sample_emails import sample_account_emails, sample_emails

GALLERY_PATH = f"{MAILBOX_PATH}/gallery"
WIDTHS = (360, 1200)


@dataclass(frozen=True, slots=True)
class _Exhibit:
    """`preference` is what switches the e-mail off, for one that can be."""

    email: RenderedEmail
    preference: str | None = None


def gallery_router(settings: Settings) -> APIRouter:
    """The list of all, one in frames of both widths, and one alone as it is sent."""
    router = APIRouter(prefix=GALLERY_PATH, include_in_schema=False)
    exhibits = cache(lambda: _exhibits(settings))

    @router.get("")
    async def list_page() -> HTMLResponse:
        page = render(
            "mailbox/gallery.html",
            exhibits=exhibits(),
            path=GALLERY_PATH,
            mailbox=MAILBOX_PATH,
        )
        return HTMLResponse(page, headers=PAGE_HEADERS)

    @router.get("/{name}")
    async def email_page(name: str, dark: bool = False) -> HTMLResponse:
        if name not in exhibits():
            raise HTTPException(404)
        email, preference = exhibits()[name].email, exhibits()[name].preference
        page = render(
            "mailbox/gallery_email.html",
            name=name,
            email=email,
            html=_as_if(email.html, dark=dark),
            is_optional=preference is not None,
            dark=dark,
            widths=WIDTHS,
            path=GALLERY_PATH,
            mailbox=MAILBOX_PATH,
        )
        return HTMLResponse(page, headers=PAGE_HEADERS)

    @router.get("/{name}/html")
    async def email_alone(name: str) -> HTMLResponse:
        if name not in exhibits():
            raise HTTPException(404)
        return HTMLResponse(exhibits()[name].email.html, headers=PAGE_HEADERS)

    return router


def _exhibits(settings: Settings) -> Mapping[str, _Exhibit]:
    of_accounts = {name: _Exhibit(email) for name, email in sample_account_emails(settings).items()}
    return of_accounts | {
        name: _Exhibit(
            render_email(message),
            message.preference if isinstance(message, OptionalEmail) else None,
        )
        for name, message in sample_emails(settings).items()
    }


def _as_if(html: str, *, dark: bool) -> str:
    """The e-mail as a device in dark, or light, mode shows it, whatever mode this one is in."""
    return html.replace("(prefers-color-scheme: dark)", "all" if dark else "not all")
