"""What the sealer tells about its work."""

from typing import Protocol


class SealerMetrics(Protocol):
    """Takes numbers; must neither fail nor block."""

    def sealed(self, row_count: int) -> None:
        """A seal was made that covers so many rows."""
        ...

    def unsealed(self, oldest_age_seconds: float) -> None:
        """The oldest row that waits to be sealed happened so long ago; 0 when none waits."""
        ...

    def altered(self, row_count: int) -> None:
        """So many rows bore a hash that is not that of their content when they were sealed."""
        ...

    def failed(self, cause: str) -> None:
        """A turn came to nothing: the name of a dependency, or `internal`."""
        ...

    def checkpoints(self, missing: int) -> None:
        """So many seals have no checkpoint in the place for them yet, up to a bound."""
        ...
