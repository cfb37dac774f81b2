"""What the relay tells about its work."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class RelayMetrics(Protocol):
    """Takes numbers; must neither fail nor block."""

    def published(self, lags_seconds: Sequence[float]) -> None:
        """Events were published and marked; for each, how long after it happened."""
        ...

    def failed(self, cause: str) -> None:
        """A turn came to nothing: the name of a dependency, or `internal`."""
        ...

    def held(self, user_count: int) -> None:
        """This many people's events wait at present because one of them cannot be encoded."""
        ...

    def lost(self, event_count: int) -> None:
        """The stream had lost the entries of this many events, which are sent again."""
        ...

    def blocked(self, *, stream_full: bool, memory_full: bool) -> None:
        """Whether the stream's bound, or the server's memory, keeps the relay from publishing."""
        ...

    def stream(self, length: int, unread: Mapping[str, int]) -> None:
        """The stream holds this many entries, of which each group has not read so many."""
        ...

    def backlog(self, count: int, oldest_age_seconds: float) -> None:
        """This many events wait, the oldest of them so long; 0 and 0 when none does."""
        ...
