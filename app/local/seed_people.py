"""The two people of the sample data, and their calendar: day 0 is three months ago, 92 is today."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from uuid import UUID

from app.core.local_time import local_instant, today

DAYS = 92
PARTNERS_SINCE = 5
PASSWORD = "duotrak-sample"


@dataclass(frozen=True, slots=True)
class SampleAccount:
    email: str
    password: str
    name: str


@dataclass(frozen=True, slots=True)
class Person:
    account: SampleAccount
    username: str
    timezone: str
    bio: str

    @property
    def name(self) -> str:
        return self.account.name


ALICE = Person(
    SampleAccount("alice@example.com", PASSWORD, "Alice Wong"),
    "alice",
    "Europe/Berlin",
    "Runs before breakfast, sleeps before midnight. Mostly.",
)
BOB = Person(
    SampleAccount("bob@example.com", PASSWORD, "Bob Diaz"),
    "bob",
    "America/New_York",
    "Three pages a day until the draft is done.",
)
PEOPLE = (ALICE, BOB)


@dataclass(frozen=True, slots=True)
class Stage:
    """Who has which id, when it is now, and since when the two are partners."""

    now: datetime
    ids: Mapping[Person, UUID]
    partnership_id: UUID

    @property
    def begun_at(self) -> datetime:
        """When the older account was made, before any calendar's day 0 has passed."""
        return min(
            local_instant(self.day(person, 0), time(0, 5), person.timezone) for person in PEOPLE
        )

    @property
    def partners_since(self) -> datetime:
        return local_instant(self.day(ALICE, PARTNERS_SINCE), time(19, 30), ALICE.timezone)

    def day(self, person: Person, number: int) -> date:
        return today(self.now, person.timezone) - timedelta(days=DAYS - number)

    def instant(self, person: Person, number: int, at: time) -> datetime:
        return local_instant(self.day(person, number), at, person.timezone)

    def partnership_at(self, instant: datetime) -> UUID | None:
        return self.partnership_id if instant >= self.partners_since else None


def partner_of(person: Person) -> Person:
    return BOB if person is ALICE else ALICE


def sample_id(chance: Random) -> UUID:
    return UUID(int=chance.getrandbits(128), version=4)
