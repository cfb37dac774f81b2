"""The devices that somebody has logged in from."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenDevice:
    """A login's device and country as keyed digests; `country` is None where it is not known."""

    user_id: UUID
    digest: str = field(repr=False)
    country: str | None = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Familiarity:
    """What the earlier logins of a person say about a device and its country."""

    any_device: bool
    this_device: bool
    any_country: bool
    this_country: bool

    @property
    def new_device(self) -> bool:
        """Whether the device is new; where there was none before, nothing can be."""
        return self.any_device and not self.this_device

    @property
    def new_country(self) -> bool:
        """Whether the country is new; where none was known before, nothing can be."""
        return self.any_country and not self.this_country


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePolicy:
    """A device is known for `memory_days` after its last login."""

    memory_days: int

    def since(self, now: datetime) -> datetime:
        """Return the time since when a device must have been seen to be known."""
        return now - timedelta(days=self.memory_days)
