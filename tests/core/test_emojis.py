"""Which texts are exactly one emoji."""

import emoji
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.emojis import single_emoji

LISTED = {
    status: [text for text, facts in emoji.EMOJI_DATA.items() if facts["status"] == number]
    for status, number in emoji.STATUS.items()
}

ONE = {
    "plain": "👍",
    "old": "☺️",
    "heart": "❤️",
    "skin tone": "👍🏽",
    "flag": "🇩🇪",
    "flag of a region": "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "keycap": "5️⃣",
    "hash": "#️⃣",
    "family": "👨‍👩‍👧‍👦",
    "couple with skin tones": "👩🏻‍❤️‍💋‍👨🏿",
    "rainbow flag": "🏳️‍🌈",
    "profession": "👩🏾‍🚀",
    "heart on fire": "❤️‍🔥",
    "unicode 16": "🫩",
}
NOT_ONE = {
    "nothing": "",
    "letter": "a",
    "digit": "5",
    "word": "thumbs up",
    "short name": ":thumbs_up:",
    "two": "👍👍",
    "two different": "👍🎉",
    "with a letter": "👍a",
    "with a space": "👍 ",
    "lone skin tone": "🏽",
    "two skin tones": "👍🏽🏽",
    "lone joiner": "\u200d",
    "lone variation selector": "\ufe0f",
    "lone keycap": "\u20e3",
    "lone region letter": "🇩",
    "unknown flag": "🇽🇽",
    "two flags": "🇩🇪🇫🇷",
    "half a family": "👨‍👩‍",
    "lone hair": "🦰",
    "text heart": "❤︎",
    "copyright word": "(c)",
    "markup": "<b>👍</b>",
    "lone surrogate": "\ud83d",
    "arrow that is no emoji": "→",
}


@pytest.mark.parametrize("text", ONE.values(), ids=ONE)
def test_one_emoji_is_kept_as_it_is(text: str) -> None:
    assert single_emoji(text) == text


@pytest.mark.parametrize("text", NOT_ONE.values(), ids=NOT_ONE)
def test_anything_else_is_none(text: str) -> None:
    assert single_emoji(text) is None


@pytest.mark.parametrize(
    ("short", "full"), [("❤", "❤️"), ("5⃣", "5️⃣"), ("🏳‍🌈", "🏳️‍🌈"), ("👍️", "👍"), ("☺", "☺️")]
)
def test_spellings_of_the_same_emoji_are_one(short: str, full: str) -> None:
    assert single_emoji(short) == single_emoji(full) == full


def test_the_whole_list_fits_and_is_stable() -> None:
    for text in LISTED["fully_qualified"]:
        assert single_emoji(text) == text
        assert len(text) <= 32  # what the schema and the column take
    for text in LISTED["minimally_qualified"] + LISTED["unqualified"]:
        full = single_emoji(text)
        assert full is not None
        assert single_emoji(full) == full
    for text in LISTED["component"]:
        assert single_emoji(text) is None


@given(st.lists(st.sampled_from(LISTED["fully_qualified"]), min_size=2, max_size=4))
def test_several_are_never_one_unless_they_spell_one(parts: list[str]) -> None:
    text = "".join(parts)
    assert single_emoji(text) in (None, text)


@given(st.text(max_size=10))
def test_whatever_is_given_the_answer_is_stable(text: str) -> None:
    full = single_emoji(text)
    assert full is None or single_emoji(full) == full
