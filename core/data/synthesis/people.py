"""Made-up people: who they are, before anything has happened to them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from random import Random
from typing import Final

from core.data.synthesis.curve import SignUpCurve
from core.data.synthesis.names import draw
from core.domain.user import Role

CHUNK_USERS: Final = 5000
"""How many people are made, and stored, together. Another number makes other people."""

DOMAINS: Final = ("example.com", "example.org", "example.net")
"""Addresses there reach nobody, ever (RFC 2606 section 3)."""

_STAFF: Final = (Role.ADMIN, Role.COMPLIANCE, Role.SUPPORT, Role.COMPLIANCE, Role.SUPPORT)
_PEOPLE_PER_STAFF: Final = 20
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_NAMELESS: Final = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a run is made with. Equal worlds make equal rows, whenever and wherever."""

    users: int
    seed: int
    since: datetime
    until: datetime
    password_hash: str = field(repr=False)

    @property
    def source(self) -> str:
        """The parameters in one line; whoever knows them can make the same people again."""
        since, until = self.since.isoformat(), self.until.isoformat()
        return f"users={self.users} seed={self.seed} since={since} until={until}"

    @property
    def mark(self) -> str:
        """The SHA-256 of the parameters in lower-case hex."""
        return hashlib.sha256(self.source.encode()).hexdigest()

    @property
    def chunks(self) -> int:
        """How many chunks its people make."""
        return -(-self.users // CHUNK_USERS)

    def chance(self, chunk: int, purpose: str) -> Random:
        """Return the random numbers of one chunk for one purpose."""
        # Chance that can be repeated is the point; nothing here is kept from anybody.
        return Random(f"{self.seed}/{chunk}/{purpose}")  # noqa: S311


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody on the day they signed up. Ids are texts of UUIDv7, salts are hexadecimal."""

    index: int
    id: str
    email: str
    email_key: str
    full_name: str | None
    created_at: int
    salt: str
    role: Role


class People:
    """Makes the people of a world, chunk by chunk, in the order in which they signed up."""

    def __init__(self, world: World) -> None:
        """Lay out the curve of sign-ups."""
        self._world = world
        self._curve = SignUpCurve(since=world.since, until=world.until)
        self._tag = base36(int.from_bytes(hashlib.sha256(str(world.seed).encode()).digest()[:3]))
        self._staff = min(len(_STAFF), world.users // _PEOPLE_PER_STAFF)

    def chunk(self, number: int) -> Iterator[Person]:
        """Yield the people of one chunk."""
        chance = self._world.chance(number, "people")
        first = number * CHUNK_USERS
        for index in range(first, min(first + CHUNK_USERS, self._world.users)):
            yield self._person(index, chance)

    @cached_property
    def staff(self) -> tuple[Person, ...]:
        """Those who review and suspend; they are among the first who came."""
        first = zip(range(self._staff), self.chunk(0), strict=False)
        return tuple(person for _, person in first if person.role is Role.COMPLIANCE)

    def _person(self, index: int, chance: Random) -> Person:
        created_at = self._created_at(index)
        name, latin = draw(chance)
        domain = DOMAINS[int(chance.random() * len(DOMAINS))]
        # Letter case is kept as somebody wrote it; the key has none.
        key = f"{latin}.{self._tag}{base36(index)}@{domain}"
        return Person(
            index=index,
            id=self._id(index, created_at),
            email=key if chance.random() > _NAMELESS else key.title(),
            email_key=key,
            full_name=None if chance.random() < _NAMELESS else name,
            created_at=created_at,
            salt=f"{chance.getrandbits(256):064x}",
            role=_STAFF[index] if index < self._staff else Role.USER,
        )

    def _created_at(self, index: int) -> int:
        return self._curve.at((index + 0.5) / self._world.users)

    def _id(self, index: int, created_at: int) -> str:
        seed = f"{self._world.seed}/{index}".encode()
        return uuid7(created_at, int.from_bytes(hashlib.blake2b(seed, digest_size=10).digest()))


def uuid7(at: int, bits: int) -> str:
    """Return the text of a UUIDv7 of a time in microseconds and 74 random bits or more."""
    number = (
        (at // 1000) << 80
        | 0x7 << 76
        | (bits >> 62 & 0x0FFF) << 64
        | 0b10 << 62
        | bits & 0x3FFF_FFFF_FFFF_FFFF
    )
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def base36(number: int) -> str:
    """Return a number above or equal to 0 in digits and small letters."""
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
        if not number:
            return digits
