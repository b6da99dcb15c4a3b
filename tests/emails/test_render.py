"""E-mails say what they should, and nothing that a hostile name would make them say."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError
from pydantic import BaseModel

from app.emails import render as rendering
from app.emails.messages import MESSAGES, EmailMessage, OptionalEmail, PartnershipInvitation
from app.emails.render import render
from app.local.sample_emails import sample_emails
from tests.conftest import settings_for

LINK = "https://app.example.com/partner-invite/accept?invite_token=abc-123_xyz&x=1"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title><h1>You won</h1>",
    "{{ invite_url }}{% raw %}",
    "&lt;b&gt; &amp; 'quoted'",
]


class Page(HTMLParser):
    """The elements and attributes of a page, to see what a mail program would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend(attrs)

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def links(self) -> list[str | None]:
        return [value for name, value in self.attributes if name == "href"]


def invitation(**fields: Any) -> PartnershipInvitation:
    values: dict[str, Any] = {
        "inviter_name": "Alice",
        "partnership_name": "Early birds",
        "personal_message": "Shall we?",
        "invite_url": LINK,
        "valid_days": 7,
    }
    return PartnershipInvitation(**(values | fields))


def test_an_invitation_names_the_inviter_and_carries_the_link_in_both_parts() -> None:
    email = render(invitation())
    page = Page(email.html)

    assert email.subject == "Alice invites you to be accountability partners"
    assert page.links == [LINK]
    assert f"\n{LINK}\n" in email.text
    for part in (page.text, email.text):
        for words in ("Alice", "Early birds", "Shall we?", "7 days"):
            assert words in part
    assert "<" not in email.text


def test_what_is_not_given_leaves_no_gap() -> None:
    email = render(invitation(partnership_name=None, personal_message=None))
    for part in (email.html, email.text):
        assert "None" not in part
        assert "would be called" not in part
        assert "writes:" not in part
    assert "blockquote" not in email.html
    assert "\n\n\n" not in email.text


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_people_wrote_stays_text(hostile: str) -> None:
    harmless = Page(render(invitation()).html)
    email = render(
        invitation(inviter_name=hostile, partnership_name=hostile, personal_message=hostile)
    )
    page = Page(email.html)

    assert page.tags == harmless.tags
    assert page.links == [LINK]
    assert [name for name, _ in page.attributes] == [name for name, _ in harmless.attributes]
    assert hostile in page.text
    assert hostile in email.text  # plain text needs no escapes: people read them


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r", "\u2028", "\x0b", "\x85"])
def test_a_line_break_in_a_name_makes_no_header(line_break: str) -> None:
    email = render(invitation(inviter_name=f"Alice{line_break}Bcc: all@example.com"))
    assert email.subject == "Alice Bcc: all@example.com invites you to be accountability partners"
    assert len(email.subject.splitlines()) == 1


def test_a_field_that_a_template_expects_and_a_message_lacks_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Incomplete(EmailMessage):
        kind = "partnership_invitation"

        inviter_name: str

    with pytest.raises(UndefinedError, match="is undefined"):
        render(Incomplete(inviter_name="Alice"))


@pytest.mark.parametrize("kind", sorted(MESSAGES))
def test_every_message_has_its_three_templates_and_no_template_is_left_over(kind: str) -> None:
    templates = Path(rendering.__file__).parent / "templates"
    assert {path.name for path in (templates / kind).iterdir()} == {
        "subject.txt",
        "body.html",
        "body.txt",
    }
    folders = {path.name for path in templates.iterdir() if path.is_dir()}
    assert folders == set(MESSAGES) | {"_pages"}


SAMPLES = sample_emails(settings_for("postgresql://unused@localhost/unused"))


def with_words(value: Any, words: str) -> Any:
    """The same message, or a part of one, with other words wherever people's stand."""
    if isinstance(value, BaseModel):
        return value.model_copy(
            update={
                name: getattr(value, name)
                if name.endswith("_url")
                else with_words(getattr(value, name), words)
                for name in type(value).model_fields
            }
        )
    if isinstance(value, list):
        return [with_words(item, words) for item in value]
    return words if isinstance(value, str) else value


def test_there_is_a_sample_of_every_message() -> None:
    assert {message.kind for message in SAMPLES.values()} == set(MESSAGES)


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("name", SAMPLES)
def test_no_words_of_people_become_markup_or_a_link_in_any_message(name: str, hostile: str) -> None:
    message = SAMPLES[name]
    harmless, email = Page(render(message).html), render(with_words(message, hostile))
    page = Page(email.html)

    assert page.tags == harmless.tags
    assert [key for key, _ in page.attributes] == [key for key, _ in harmless.attributes]
    assert page.links == harmless.links
    if with_words(message, hostile) != message:
        assert hostile in page.text
    assert len(email.subject.splitlines()) == 1


@pytest.mark.parametrize("name", SAMPLES)
def test_every_message_has_one_call_to_action_that_leads_into_the_client(name: str) -> None:
    message = SAMPLES[name]
    email = render(message)
    page = Page(email.html)
    urls = {
        getattr(message, field) for field in type(message).model_fields if field.endswith("_url")
    }

    assert {link for link in page.links if link} == urls
    assert len(page.links) == len(urls)
    for url in urls:
        assert url in email.text
    (action, *footer) = [link for link in page.links if link]
    assert action.startswith("https://app.test/")
    if isinstance(message, OptionalEmail):
        assert footer == [message.unsubscribe_url, message.settings_url]
    else:
        assert footer == []
    assert email.subject
    for part in (email.subject, email.text, page.text):
        assert "None" not in part
        assert "{{" not in part


@pytest.mark.parametrize("name", SAMPLES)
def test_styles_are_attributes_except_for_dark_mode_and_small_screens(name: str) -> None:
    html = render(SAMPLES[name]).html
    (style,) = re.findall(r"<style[^>]*>(.*?)</style>", html, re.DOTALL)

    assert re.findall(r"@media[^{]*", style) == [
        "@media (max-width: 420px) ",
        "@media (prefers-color-scheme: dark) ",
    ]
    assert "background: #F5F5DC" in html
    assert "#8B4513" in html
    assert "http" not in style
    assert html.index('charset="utf-8"') < 1024
