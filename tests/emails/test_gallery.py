"""The gallery of local mode: every e-mail with sample data."""

import httpx
import pytest

from app.emails.messages import MESSAGES
from app.emails.render import render
from app.local.sample_emails import sample_account_emails, sample_emails
from tests.conftest import settings_for

GALLERY = "/_local/mailbox/gallery"
SETTINGS = settings_for("postgresql://unused@localhost/unused")
SAMPLES = sample_emails(SETTINGS)
OF_ACCOUNTS = sample_account_emails(SETTINGS)
ALL = {**{name: render(message) for name, message in SAMPLES.items()}, **OF_ACCOUNTS}


async def test_the_list_names_every_e_mail(client: httpx.AsyncClient) -> None:
    page = await client.get(GALLERY)

    assert page.status_code == 200
    for name in ALL:
        assert f'href="{GALLERY}/{name}"' in page.text
    assert len({message.kind for message in SAMPLES.values()}) == len(MESSAGES)
    assert [*OF_ACCOUNTS] == ["account-confirmation", "account-recovery", "account-email-change"]
    assert f'href="{GALLERY}"' in (await client.get("/_local/mailbox")).text


@pytest.mark.parametrize("name", ALL)
async def test_each_is_shown_at_both_widths_as_text_and_alone(
    name: str, client: httpx.AsyncClient
) -> None:
    light = await client.get(f"{GALLERY}/{name}")
    dark = await client.get(f"{GALLERY}/{name}", params={"dark": "true"})
    alone = await client.get(f"{GALLERY}/{name}/html")

    assert light.text.count("<iframe") == 2
    for width in (360, 1200):
        assert f"width: {width}px" in light.text
    assert light.text.count("@media not all {") == dark.text.count("@media all {") == 2
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in light.text
    assert alone.text == ALL[name].html
    assert "script" not in light.headers["content-security-policy"]


async def test_there_is_no_page_for_an_unknown_name(client: httpx.AsyncClient) -> None:
    for path in ("nothing", "nothing/html"):
        assert (await client.get(f"{GALLERY}/{path}")).status_code == 404


@pytest.mark.parametrize("name", OF_ACCOUNTS)
def test_the_e_mails_of_accounts_look_like_all_others(name: str) -> None:
    email = OF_ACCOUNTS[name]

    assert email.subject
    assert "(prefers-color-scheme: dark)" in email.html
    assert 'style="' in email.html  # the rules have become attributes
    for part in (email.html, email.text):
        assert "https://app.test/auth/" in part
        assert "Alice" in part
