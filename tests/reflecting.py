"""A person who reflects, through the API."""

from typing import Any

from tests.factories import Person
from tests.support import data_of

CONTENT = {"reflectionContent": "It rained, I went."}


async def reflect(author: Person, **fields: Any) -> dict[str, Any]:
    """A new reflection, on today unless `fields` say otherwise."""
    reflection: dict[str, Any] = data_of(await author.post("/reflections", CONTENT | fields), 201)
    return reflection
