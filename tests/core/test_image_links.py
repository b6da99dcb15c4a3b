"""Links to private images: stable for a while, then ended, never for another image or viewer."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.image_links import ImageLinks, image_links, reference_to

LINKS = image_links(public_api_url="https://api.test/", secret_key="sb_secret_test")
OTHERS = image_links(public_api_url="https://api.test", secret_key="sb_secret_other")
ALICE = UUID("a11ce000-0000-4000-8000-000000000000")
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)

instants = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
tokens = st.one_of(
    st.text(max_size=100),
    st.from_regex(
        r"[1-9][0-9]{9}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-[A-Za-z0-9_-]{43}", fullmatch=True
    ),
)


def token_of(links: ImageLinks, upload_id: UUID, now: datetime, viewer: UUID = ALICE) -> str:
    return links.sign(upload_id, viewer, now).rpartition("/")[2]


@given(st.uuids(), instants, st.timedeltas(timedelta(0), timedelta(hours=3)))
def test_a_link_works_for_one_to_two_hours(
    upload_id: UUID, now: datetime, later: timedelta
) -> None:
    token = token_of(LINKS, upload_id, now)

    viewing = LINKS.read(upload_id, token, now + later)

    if later < timedelta(hours=1):
        assert viewing is not None
    if later > timedelta(hours=2):
        assert viewing is None
    if viewing is not None:
        assert viewing.viewer_id == ALICE
        assert now + later < viewing.expires_at <= now + timedelta(hours=2)


@given(st.uuids(), instants, st.timedeltas(timedelta(0), timedelta(hours=1)))
def test_a_link_stays_the_same_within_an_hour_of_the_clock(
    upload_id: UUID, now: datetime, later: timedelta
) -> None:
    hour = now.replace(minute=0, second=0, microsecond=0)
    same_hour = hour + later < hour + timedelta(hours=1)

    same = LINKS.sign(upload_id, ALICE, hour) == LINKS.sign(upload_id, ALICE, hour + later)

    assert same == same_hour


@given(st.uuids(), st.uuids(), instants)
def test_a_link_shows_one_image_only_and_no_other_service_can_make_it(
    upload_id: UUID, other: UUID, now: datetime
) -> None:
    token = token_of(LINKS, upload_id, now)

    assert OTHERS.read(upload_id, token, now) is None
    if other != upload_id:
        assert LINKS.read(other, token, now) is None


@given(st.uuids(), st.uuids(), instants)
def test_the_viewer_cannot_be_exchanged(upload_id: UUID, other: UUID, now: datetime) -> None:
    token = token_of(LINKS, upload_id, now)

    assert (LINKS.read(upload_id, token.replace(str(ALICE), str(other)), now) is None) == (
        other != ALICE
    )


@given(st.uuids(), tokens, instants)
def test_a_made_up_token_is_refused(upload_id: UUID, token: str, now: datetime) -> None:
    assert LINKS.read(upload_id, token, now) is None


@given(st.uuids(), instants, st.integers(-10_000_000, 10_000_000).filter(bool))
def test_the_expiry_cannot_be_moved(upload_id: UUID, now: datetime, seconds: int) -> None:
    expires, _, rest = token_of(LINKS, upload_id, now).partition("-")

    assert LINKS.read(upload_id, f"{int(expires) + seconds}-{rest}", now) is None


@given(st.uuids(), st.uuids(), instants, instants)
def test_a_link_names_its_image_for_ever(
    upload_id: UUID, owner: UUID, now: datetime, then: datetime
) -> None:
    assert LINKS.upload_id(LINKS.sign(upload_id, ALICE, now), owner) == upload_id
    shown = LINKS.seen_by(owner, then).shown(reference_to(upload_id))
    assert shown is not None
    assert LINKS.upload_id(shown, owner) == upload_id


@given(st.text(max_size=200), st.uuids())
def test_other_texts_name_no_image(given_text: str, owner: UUID) -> None:
    assert LINKS.upload_id(given_text, owner) is None
    assert LINKS.upload_id(LINKS.base_url + given_text, owner) is None


def test_a_path_names_an_image_of_its_owner_only() -> None:
    owner, upload_id = uuid4(), uuid4()

    assert LINKS.upload_id(f"{owner}/{upload_id}.jpg", owner) == upload_id
    assert LINKS.upload_id(f"{uuid4()}/{upload_id}.jpg", owner) is None


@pytest.mark.parametrize(
    "changed",
    [
        lambda link: link.replace("https://api.test", "https://evil.test"),
        lambda link: link + "/",
        lambda link: link + "?x=1",
        lambda link: link + "\n",
        lambda link: link.rpartition("/")[0],
        lambda link: link.upper(),
        lambda link: " " + link,
    ],
)
def test_what_only_looks_like_a_link_names_no_image(changed: object) -> None:
    assert callable(changed)
    link = LINKS.sign(uuid4(), ALICE, NOON)

    assert LINKS.upload_id(changed(link), uuid4()) is None


def test_what_is_no_reference_is_shown_as_it_is() -> None:
    links = LINKS.seen_by(ALICE, NOON)

    assert links.shown(None) is None
    assert links.shown("https://files.test/old.jpg") == "https://files.test/old.jpg"
