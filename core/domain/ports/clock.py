"""Time and ids, passed in so that tests decide them."""

from datetime import datetime
from typing import Protocol
from uuid import UUID


class Clock(Protocol):
    """The present."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC, in whole microseconds."""
        ...


class IdGenerator(Protocol):
    """New ids."""

    def new_id(self) -> UUID:
        """Return a UUIDv7 that was never returned before."""
        ...
