"""What the consumer tells about its work."""

from typing import Protocol


class ConsumerMetrics(Protocol):
    """Takes numbers; must neither fail nor block."""

    def handled(self, outcome: str, event_type: str) -> None:
        """An event is done with: `applied`, `repeated`, `skipped` or `dead`; types we know only."""
        ...

    def lag(self, seconds: float) -> None:
        """An event was applied so long after it happened."""
        ...

    def buried(self, reason: str) -> None:
        """An event became a dead letter."""
        ...

    def failed(self, cause: str) -> None:
        """An attempt came to nothing: a dependency's name, an error's reason, or `internal`."""
        ...

    def dead_letters(self, count: int) -> None:
        """There are so many dead letters."""
        ...

    def working(self, *, is_working: bool) -> None:
        """Whether the last turn went well."""
        ...
