"""Events on their way out: written with the change, published afterwards."""

from typing import Protocol

from core.domain.events import RecordedEvent


class Outbox(Protocol):
    """The outbox as a use case sees it."""

    async def append(self, event: RecordedEvent) -> None:
        """Write one event in the unit of work that it tells of; the user's row is locked before."""
        ...

    async def append_unless_nobody(self, event: RecordedEvent) -> None:
        """As `append`, but write nothing where there is no such user."""
        ...
