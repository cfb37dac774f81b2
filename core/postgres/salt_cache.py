"""Salts of persons that were met lately, for all units of work of one process."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final
from uuid import UUID

CAPACITY: Final = 10_000
"""Persons, at some 300 bytes each."""

LIFETIME_SECONDS: Final = 300.0
"""How long after an erasure another process may still seal with the salt: to be unreadable."""


class SaltCache:
    """Remembers salts; a salt of None is known to be gone. Nothing is read from here for opening.

    Whoever has been met is forgotten after `lifetime_seconds`, or when `capacity` others have been
    met since.
    """

    def __init__(
        self,
        *,
        capacity: int = CAPACITY,
        lifetime_seconds: float = LIFETIME_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._capacity = capacity
        self._lifetime_seconds = lifetime_seconds
        self._monotonic = monotonic
        self._known: OrderedDict[UUID, tuple[float, bytes | None]] = OrderedDict()

    def put(self, user_id: UUID, salt: bytes | None) -> None:
        """Remember what has just been read."""
        self._known[user_id] = (self._monotonic() + self._lifetime_seconds, salt)
        self._known.move_to_end(user_id)
        if len(self._known) > self._capacity:
            self._known.popitem(last=False)

    def get(self, user_id: UUID) -> bytes | None:
        """Return the salt.

        Raises:
            KeyError: nobody knows; a salt that is known to be gone is None.
        """
        ends_at, salt = self._known[user_id]
        if self._monotonic() >= ends_at:
            del self._known[user_id]
            raise KeyError(user_id)
        return salt

    def __len__(self) -> int:
        return len(self._known)
