"""The e-mails of the Supabase Auth stand-in, with links into the client."""

from datetime import timedelta

from app.emails.render import RenderedEmail, inline_styles
from app.local.auth_store import OneTimeToken, Purpose, StoredUser
from app.local.mailbox import Mailbox
from app.local.rendering import render

_PATHS = {
    Purpose.CONFIRMATION: "/auth/verify-email?token={token}",
    Purpose.RECOVERY: "/auth/reset-password?token={token}",
    Purpose.EMAIL_CHANGE: "/auth/verify-email?token={token}&type=email_change",
}


def token_lifetime(purpose: Purpose) -> timedelta:
    return timedelta(hours=1 if purpose is Purpose.RECOVERY else 24)


async def send_auth_email(
    mailbox: Mailbox,
    *,
    user: StoredUser,
    to: str,
    purpose: Purpose,
    secret: OneTimeToken,
    frontend_url: str,
) -> None:
    """Put the e-mail for `purpose` into the mailbox."""
    name = user.user_metadata.get("name")
    email = write_auth_email(
        purpose,
        name=name if isinstance(name, str) else "",
        address=to,
        secret=secret,
        frontend_url=frontend_url,
    )
    await mailbox.add(to=to, subject=email.subject, html=email.html, text=email.text)


def write_auth_email(
    purpose: Purpose, *, name: str, address: str, secret: OneTimeToken, frontend_url: str
) -> RenderedEmail:
    """In the layout of all other e-mails; `name` may be empty."""
    template = f"auth_emails/{purpose.value}"
    context = {
        "name": name,
        "address": address,
        "link": frontend_url.rstrip("/") + _PATHS[purpose].format(token=secret.token),
        "code": secret.code,
        "hours": token_lifetime(purpose) // timedelta(hours=1),
    }
    return RenderedEmail(
        subject=render(f"{template}.subject.txt"),
        html=inline_styles(render(f"{template}.html", **context)),
        text=render(f"{template}.txt", **context),
    )
