"""The e-mails of the Supabase Auth stand-in, with links into the client."""

from datetime import timedelta

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
    template = f"auth_emails/{purpose.value}"
    context = {
        "name": name if isinstance(name, str) else "",
        "address": to,
        "link": frontend_url.rstrip("/") + _PATHS[purpose].format(token=secret.token),
        "code": secret.code,
        "hours": token_lifetime(purpose) // timedelta(hours=1),
    }
    await mailbox.add(
        to=to,
        subject=render(f"{template}.subject.txt"),
        html=render(f"{template}.html", **context),
        text=render(f"{template}.txt", **context),
    )
