"""Ids that are the same in every run."""

from itertools import count
from uuid import UUID

from core.domain.ids import uuid7
from core.domain.ports.clock import Clock
from tests.fakes.clock import FakeClock


class FakeIds:
    """Implements the port IdGenerator: each id is greater than the one before."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock: Clock = clock or FakeClock()
        self._numbers = count(1)

    def new_id(self) -> UUID:
        return uuid7(self._clock.now(), next(self._numbers).to_bytes(10, "big"))
