"""People whose next event cannot be encoded."""

from collections.abc import Callable
from uuid import UUID


class HeldUsers:
    """Sets people aside for a while, so that one bad row stops nobody else.

    Their later events wait behind the bad one: leaving it out would break the promises that
    nothing is lost and that order holds. The memory is the process's own, and short: a repaired
    row or a corrected program needs nobody to release anything.
    """

    def __init__(self, hold_seconds: float, monotonic: Callable[[], float]) -> None:
        """Take the time to hold, and a clock that never goes back, in seconds."""
        self._hold_seconds = hold_seconds
        self._monotonic = monotonic
        self._until: dict[UUID, float] = {}

    def hold(self, user_id: UUID) -> None:
        """Set a person aside, counted from now."""
        self._until[user_id] = self._monotonic() + self._hold_seconds

    def current(self) -> frozenset[UUID]:
        """Return who is set aside at this moment."""
        now = self._monotonic()
        self._until = {user: until for user, until in self._until.items() if until > now}
        return frozenset(self._until)
