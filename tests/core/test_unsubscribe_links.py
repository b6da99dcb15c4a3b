"""The tokens of unsubscribe links: read back what was signed, and nothing else."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.core.notification_catalogue import NotificationPreference
from app.core.unsubscribe_links import Subscription, unsubscribe_links

LINKS = unsubscribe_links(public_api_url="https://api.test/", secret="secret")
OTHERS = unsubscribe_links(public_api_url="https://api.test/", secret="another")
subscriptions = st.builds(Subscription, st.uuids(), st.sampled_from(NotificationPreference))


@given(subscriptions)
def test_a_token_names_what_was_signed(subscription: Subscription) -> None:
    token = LINKS.token(subscription)
    assert LINKS.read(token) == subscription
    assert OTHERS.read(token) is None
    assert LINKS.link(subscription) == f"https://api.test/api/v1/email/unsubscribe?token={token}"


@given(subscriptions, st.integers(0, 200), st.characters(codec="ascii"))
def test_a_token_that_was_changed_names_nothing(
    subscription: Subscription, place: int, character: str
) -> None:
    token = LINKS.token(subscription)
    place %= len(token)
    changed = token[:place] + character + token[place + 1 :]
    if changed != token:
        assert LINKS.read(changed) is None


@given(st.text(max_size=300))
def test_any_text_is_refused_without_an_error(text: str) -> None:
    assert LINKS.read(text) is None


def test_the_same_link_works_for_ever() -> None:
    """Of e-mails that were sent before: a change here would break their links."""
    subscription = Subscription(UUID(int=1), NotificationPreference.DAILY_SUMMARY_EMAIL)
    sent = (
        "AAAAAAAAAAAAAAAAAAAAAWRhaWx5U3VtbWFyeUVtYWls.lsVh_o9d3tul9_pG5eml7wnk6GW3mXMIiaZ9MQM_x0c"
    )
    assert LINKS.token(subscription) == sent
    assert LINKS.read(sent) == subscription
