"""People's words on their way to a language model: cleaned, cut, and marked as data.

What a person typed may try to command the model. It travels as JSON between two lines that carry
a marker made for this request alone: nobody can close what they cannot guess, and inside JSON no
line break, quote or bracket of theirs ends anything.
"""

import json
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

# Joiners are letters' and emojis' own; all other format characters are invisible: they turn the
# direction of text, hide it, or spell words that no person sees.
_JOINERS = frozenset("\u200c\u200d")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
# Selectors of glyphs that text can be hidden in; the 16 that emojis use are others.
_SELECTORS = range(0xE0100, 0xE01F0)


def cleaned(text: str) -> str:
    """The text without characters that nobody sees; line breaks and tabs stay, as `\\n`, ` `."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(
        character
        for character in text
        if character == "\n"
        or character in _JOINERS
        or (unicodedata.category(character) not in _UNSEEN and ord(character) not in _SELECTORS)
    ).strip()


def shortened(text: str, at_most: int) -> str:
    """At most so many characters; what was cut off is shown by a last one, `…`."""
    return text if len(text) <= at_most else text[: at_most - 1].rstrip() + "…"


def new_marker() -> str:
    """What no text of a person's contains: 128 bits of chance."""
    return secrets.token_hex(16)


def delimited(data: Mapping[str, str | Sequence[str] | None], marker: str) -> str:
    """The values, cleaned, as one JSON object between `<data MARKER>` and `</data MARKER>`.

    Raises ValueError when the marker occurs in them: then it was not made by chance.
    """
    content = json.dumps(
        {name: _cleaned(value) for name, value in data.items() if value}, ensure_ascii=False
    )
    # Inside strings of JSON these escapes mean the same; no text looks like a tag of ours.
    content = content.replace("<", "\\u003c").replace(">", "\\u003e")
    if marker in content:
        raise ValueError("the marker occurs in the data")
    return f"<data {marker}>\n{content}\n</data {marker}>"


def _cleaned(value: str | Sequence[str] | None) -> Any:
    if value is None or isinstance(value, str):
        return cleaned(value or "")
    return [cleaned(item) for item in value]
