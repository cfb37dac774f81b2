"""Storage of consecutive failures to log in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from core.domain.throttling import Lane


class LoginFailureRepository(Protocol):
    """Counts by the digests of their lanes, for accounts that exist and for those that do not.

    DependencyUnavailable comes from any method when the storage is out of reach.
    """

    async def count(self, digest: str) -> int:
        """Return how many failures a lane has seen since the last success; 0 where none."""
        ...

    async def add(self, lane: Lane, *, at: datetime) -> int:
        """Count one more failure of a lane, and return how many there are now."""
        ...

    async def drop_stale(self, *, below: int, before: datetime) -> None:
        """Drop a few counts under `below` whose last failure is older than `before`.

        Called with every failure, so that there are never many more than are needed.
        """
        ...

    async def clear(self, digests: Sequence[str], *, below: int) -> None:
        """Forget the failures of lanes that have fewer than `below`."""
        ...

    async def clear_account(self, account: str) -> None:
        """Forget the failures of every lane of an account, however many."""
        ...
