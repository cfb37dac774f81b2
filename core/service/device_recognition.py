"""Telling the devices that somebody has logged in from, and telling of new ones."""

import json
from dataclasses import dataclass
from uuid import UUID

from core.domain.caller import Origin
from core.domain.client_binding import client_binding
from core.domain.events import NewDevice
from core.domain.known_device import DevicePolicy, SeenDevice
from core.domain.ports.clock import Clock
from core.domain.ports.countries import Countries
from core.domain.ports.crypto import KeyedDigests
from core.domain.ports.unit_of_work import Repositories
from core.domain.session import Session
from core.service.recording import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRecognition:
    """Knows devices by address prefix and user agent; only keyed digests of them are stored."""

    digests: KeyedDigests
    countries: Countries
    policy: DevicePolicy
    clock: Clock

    async def known(self, stored: Repositories, user_id: UUID, origin: Origin) -> str | None:
        """Return the digest of a device that its person has logged in from before, else None."""
        digest = self._device(user_id, origin)
        if digest is None:
            return None
        since = self.policy.since(self.clock.now())
        is_known = await stored.known_devices.is_known(user_id, digest, since=since)
        return digest if is_known else None

    async def note(self, record: Record, session: Session) -> None:
        """Remember the device of a session that is being opened, and tell if it is new.

        The first device of a person is nothing new: there is none that it could differ from. What
        has no address cannot be compared, and is neither remembered nor told of. The person's row
        is locked.
        """
        user_id, origin = session.user_id, record.caller.origin
        digest = self._device(user_id, origin)
        if digest is None:
            return
        country = self._country(user_id, origin)
        device = SeenDevice(user_id=user_id, digest=digest, country=country, at=record.at)
        since = self.policy.since(record.at)
        familiarity = await record.unit.known_devices.familiarity(device, since=since)
        await record.unit.known_devices.remember(device, since=since)
        new_country = None if country is None else familiarity.new_country
        if familiarity.new_device or new_country:
            await record.event(
                NewDevice(user_id=user_id, session_id=session.id, new_country=new_country)
            )

    def _device(self, user_id: UUID, origin: Origin) -> str | None:
        binding = client_binding(origin)
        return None if binding is None else self._digest("known device", user_id, binding)

    def _country(self, user_id: UUID, origin: Origin) -> str | None:
        code = self.countries.country_of(origin.ip_address or "")
        return None if code is None else self._digest("known country", user_id, code)

    def _digest(self, purpose: str, user_id: UUID, content: str) -> str:
        # With the person in it, nobody sees which people share a device.
        return self.digests.digest(purpose, json.dumps([str(user_id), content]))
