"""Which part of a list is wanted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PageRequest:
    """`page` counts from 1; `limit` is the number of items on a page."""

    page: int
    limit: int

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.limit
