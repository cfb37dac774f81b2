"""Storage of the devices that people have logged in from."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from core.domain.known_device import Familiarity, SeenDevice


class KnownDeviceRepository(Protocol):
    """Devices and their countries as keyed digests, by person.

    DependencyUnavailable comes from any method when the storage is out of reach.
    """

    async def is_known(self, user_id: UUID, digest: str, *, since: datetime) -> bool:
        """Tell whether somebody has logged in from a device since then."""
        ...

    async def familiarity(self, device: SeenDevice, *, since: datetime) -> Familiarity:
        """Compare a device with those that its person has logged in from since then."""
        ...

    async def remember(self, device: SeenDevice, *, since: datetime) -> None:
        """Store that the device was seen, and drop what its person was not seen on since then."""
        ...
