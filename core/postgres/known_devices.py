"""The devices that people have logged in from, in PostgreSQL."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from core.domain.known_device import Familiarity, SeenDevice
from core.postgres.execution import Executor
from core.postgres.statements import Exec, One


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDeviceRecord:
    """When somebody last logged in from a device."""

    last_seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FamiliarityRecord:
    """What a person's devices say about one of them."""

    any_device: bool
    this_device: bool
    any_country: bool
    this_country: bool


class KnownDeviceParams(TypedDict):
    """Names a device of a person, and since when it must have been seen."""

    user_id: UUID
    digest: str
    since: datetime


class FamiliarityParams(TypedDict):
    """A device, its country, and since when others must have been seen."""

    user_id: UUID
    digest: str
    country: str | None
    since: datetime


class SeenDeviceParams(TypedDict):
    """A login from a device, and since when the person's others must have been seen to stay."""

    user_id: UUID
    digest: str
    country: str | None
    at: datetime
    since: datetime


_FILE = "known_devices"
GET_KNOWN_DEVICE = One(_FILE, "get_known_device", KnownDeviceParams, KnownDeviceRecord)
GET_FAMILIARITY = One(_FILE, "get_familiarity", FamiliarityParams, FamiliarityRecord)
REMEMBER_DEVICE = Exec(_FILE, "remember_device", SeenDeviceParams)

_STRANGE = Familiarity(any_device=False, this_device=False, any_country=False, this_country=False)


class PostgresKnownDevices:
    """Implements the port KnownDeviceRepository."""

    def __init__(self, executor: Executor) -> None:
        """Take what runs the statements."""
        self._run = executor

    async def is_known(self, user_id: UUID, digest: str, *, since: datetime) -> bool:
        """Tell whether somebody has logged in from a device since then."""
        params = KnownDeviceParams(user_id=user_id, digest=digest, since=since)
        return await self._run.one(GET_KNOWN_DEVICE, params) is not None

    async def familiarity(self, device: SeenDevice, *, since: datetime) -> Familiarity:
        """Compare a device with those that its person has logged in from since then."""
        params = FamiliarityParams(
            user_id=device.user_id, digest=device.digest, country=device.country, since=since
        )
        found = await self._run.one(GET_FAMILIARITY, params)
        if found is None:
            return _STRANGE
        return Familiarity(
            any_device=found.any_device,
            this_device=found.this_device,
            any_country=found.any_country,
            this_country=found.this_country,
        )

    async def remember(self, device: SeenDevice, *, since: datetime) -> None:
        """Store that the device was seen, and drop what its person was not seen on since then."""
        seen = SeenDeviceParams(
            user_id=device.user_id,
            digest=device.digest,
            country=device.country,
            at=device.at,
            since=since,
        )
        await self._run.execute(REMEMBER_DEVICE, seen)
