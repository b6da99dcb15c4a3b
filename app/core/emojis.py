"""What counts as exactly one emoji: those of Unicode's list for interchange, and nothing else."""

from functools import cache

_EMOJI_PRESENTATION = "\ufe0f"  # only says how the character before it is drawn


@cache
def _fully_qualified() -> dict[str, str]:
    # Here, since the list costs 50 ms, and many processes never look at it.
    from emoji import EMOJI_DATA, STATUS

    return {
        text.replace(_EMOJI_PRESENTATION, ""): text
        for text, facts in EMOJI_DATA.items()
        if facts["status"] == STATUS["fully_qualified"]
    }


def single_emoji(text: str) -> str | None:
    """The emoji in full, as Unicode recommends it, so that ❤ and ❤️ are the same; else None.

    Skin tones, flags, keycaps and families count as one; a modifier by itself is none.
    """
    return _fully_qualified().get(text.replace(_EMOJI_PRESENTATION, ""))
