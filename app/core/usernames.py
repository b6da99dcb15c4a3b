"""What a username may look like."""

import re

RULE = "A username has 3 to 30 characters: letters a-z, digits and _."
_USERNAME = re.compile(r"[a-z0-9_]{3,30}")


def is_valid_username(value: object) -> bool:
    return isinstance(value, str) and _USERNAME.fullmatch(value) is not None
