"""Every e-mail that the app sends, with sample data, as it looks on a phone and on a desk."""

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse

from app.core.config import Settings
from app.emails.messages import OptionalEmail
from app.emails.render import render as render_email
from app.local.mailbox import MAILBOX_PATH, PAGE_HEADERS
from app.local.rendering import render
from app.local.sample_emails import sample_emails

GALLERY_PATH = f"{MAILBOX_PATH}/gallery"
WIDTHS = (360, 1200)


def gallery_router(settings: Settings) -> APIRouter:
    """The list of all, one in frames of both widths, and one alone as it is sent."""
    router = APIRouter(prefix=GALLERY_PATH, include_in_schema=False)
    samples = sample_emails(settings)

    @router.get("")
    async def list_page() -> HTMLResponse:
        emails = [
            (name, message, render_email(message).subject) for name, message in samples.items()
        ]
        page = render(
            "mailbox/gallery.html", emails=emails, path=GALLERY_PATH, mailbox=MAILBOX_PATH
        )
        return HTMLResponse(page, headers=PAGE_HEADERS)

    @router.get("/{name}")
    async def email_page(name: str, dark: bool = False) -> HTMLResponse:
        if name not in samples:
            raise HTTPException(404)
        email = render_email(samples[name])
        page = render(
            "mailbox/gallery_email.html",
            name=name,
            email=email,
            html=_as_if(email.html, dark=dark),
            is_optional=isinstance(samples[name], OptionalEmail),
            dark=dark,
            widths=WIDTHS,
            path=GALLERY_PATH,
            mailbox=MAILBOX_PATH,
        )
        return HTMLResponse(page, headers=PAGE_HEADERS)

    @router.get("/{name}/html")
    async def email_alone(name: str) -> HTMLResponse:
        if name not in samples:
            raise HTTPException(404)
        return HTMLResponse(render_email(samples[name]).html, headers=PAGE_HEADERS)

    return router


def _as_if(html: str, *, dark: bool) -> str:
    """The e-mail as a device in dark, or light, mode shows it, whatever mode this one is in."""
    return html.replace("(prefers-color-scheme: dark)", "all" if dark else "not all")
