"""The mailbox of local mode."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.local import mailbox as mailbox_module
from app.local.mailbox import Mailbox, extract_links
from tests.local.conftest import MakeDatabase, StandIn, SteppingClock

MAILBOX_URL = "http://api.test/_local/mailbox"


async def put(mailbox: Mailbox, to: str, subject: str = "Hello", **parts: str) -> None:
    await mailbox.add(
        to=to, subject=subject, html=parts.get("html", "<p>Hi</p>"), text=parts.get("text", "Hi")
    )


async def test_the_json_list_has_the_newest_first_and_filters_by_recipient(
    standin: StandIn, address: str
) -> None:
    await put(standin.mailbox, address, "First", text="See http://a.test/1.")
    await put(standin.mailbox, f"other.{address}", "Other")
    await put(
        standin.mailbox, address, "Second", html='<a href="http://a.test/2?x=1&amp;y=2">x</a>'
    )
    answer = await standin.http.get(f"{MAILBOX_URL}/messages", params={"to": address.upper()})
    second, first = answer.json()
    assert set(first) == {"id", "to", "subject", "html", "text", "links", "sentAt"}
    assert (first["subject"], first["links"]) == ("First", ["http://a.test/1"])
    assert (second["subject"], second["links"]) == ("Second", ["http://a.test/2?x=1&y=2"])
    assert first["sentAt"].endswith("Z")
    everything = (await standin.http.get(f"{MAILBOX_URL}/messages")).json()
    assert {message["to"] for message in everything} >= {address, f"other.{address}"}


async def test_the_pages_list_and_show_a_message(standin: StandIn, address: str) -> None:
    await put(standin.mailbox, address, "Welcome <b>", html="<p>Hi</p>", text="http://a.test/x")
    page = await standin.http.get(MAILBOX_URL, params={"to": address})
    assert "Welcome &lt;b&gt;" in page.text
    (message,) = await standin.emails_to(address)
    assert f'href="/_local/mailbox/{message.id}"' in page.text
    shown = await standin.http.get(f"{MAILBOX_URL}/{message.id}")
    assert 'srcdoc="&lt;base target=&#34;_blank&#34;&gt;&lt;p&gt;Hi&lt;/p&gt;"' in shown.text
    assert 'href="http://a.test/x"' in shown.text


async def test_a_hostile_message_can_run_nothing(standin: StandIn, address: str) -> None:
    evil = '"></iframe><script>alert(1)</script>'
    link = '<a href="javascript:alert(1)">x</a>'
    await put(standin.mailbox, address, f"{evil}\r\nBcc: x", html=evil + link, text=evil)
    (message,) = await standin.emails_to(address)
    assert message.subject == f"{evil} Bcc: x"
    assert message.links == []
    shown = await standin.http.get(f"{MAILBOX_URL}/{message.id}")
    assert "<script" not in shown.text
    assert shown.text.count("</iframe>") == 1
    assert "allow-scripts" not in shown.text
    assert "allow-same-origin" not in shown.text
    assert "default-src 'none'" in shown.headers["Content-Security-Policy"]


@pytest.mark.parametrize("message_id", ["0", "987654321", "9" * 30])
async def test_a_message_that_does_not_exist_is_a_page_with_404(
    standin: StandIn, message_id: str
) -> None:
    answer = await standin.http.get(f"{MAILBOX_URL}/{message_id}")
    assert answer.status_code == 404
    assert "does not exist" in answer.text


async def test_what_the_database_cannot_hold_is_replaced(standin: StandIn, address: str) -> None:
    await put(standin.mailbox, address, "NUL \x00", text="surrogate \ud800")
    (message,) = await standin.emails_to(address)
    assert (message.subject, message.text) == ("NUL \ufffd", "surrogate ?")
    hostile = await standin.http.get(f"{MAILBOX_URL}/messages?to=%00")
    assert (hostile.status_code, hostile.json()) == (200, [])


async def test_only_the_newest_are_kept(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox_module, "KEPT_MESSAGES", 3)
    engine = await make_database()
    await mailbox_module.prepare(engine)
    mailbox = Mailbox(engine=lambda: engine, clock=SteppingClock())
    for number in range(5):
        await put(mailbox, f"{uuid4()}@example.com", str(number))
    assert [message.subject for message in await mailbox.messages()] == ["4", "3", "2"]


async def test_preparing_at_once_and_again_keeps_the_messages(make_database: MakeDatabase) -> None:
    engine = await make_database()
    await asyncio.gather(*(mailbox_module.prepare(engine) for _ in range(5)))
    mailbox = Mailbox(engine=lambda: engine, clock=SteppingClock())
    await put(mailbox, "ada@example.com")
    await mailbox_module.prepare(engine)
    assert len(await mailbox.messages()) == 1
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT to_regclass('public.emails')")) is None


def test_links_come_once_in_reading_order_without_the_punctuation_around_them() -> None:
    html = '<a href="https://a.test/1">x</a> <A HREF=" http://a.test/2 ">y</A> <a href="/x">z</a>'
    plain = "Go to https://a.test/1, or (http://a.test/3). mailto:me@a.test"
    links = ["https://a.test/1", "http://a.test/2", "http://a.test/3"]
    assert extract_links(html=html, text=plain) == links
