"""How long a run is, and what chance decides in it."""

import os
import secrets
from dataclasses import dataclass
from typing import Self

SHORT_OPERATIONS = 250
SHORT_FAULTS = 6


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A run goes on until so many operations are acknowledged and so many faults are over.

    `seed` decides which faults come when and what the clients ask; what meets what at which
    instant is up to the machine. `is_long` lets outages last as long as the issue on events and
    audit asks.
    """

    operations: int
    faults: int
    seed: int
    clients: int
    is_long: bool

    @classmethod
    def from_environment(cls) -> Self:
        """Return the short form, or what FAULT_OPERATIONS, FAULTS and FAULT_SEED ask for."""
        operations = int(os.environ.get("FAULT_OPERATIONS", SHORT_OPERATIONS))
        seed = os.environ.get("FAULT_SEED", "")
        return cls(
            operations=operations,
            faults=int(os.environ.get("FAULTS", SHORT_FAULTS)),
            seed=int(seed) if seed else secrets.randbelow(1_000_000),
            clients=24 if operations > SHORT_OPERATIONS else 10,
            is_long=operations > SHORT_OPERATIONS,
        )

    def seconds(self, short: float, long: float) -> float:
        """Return how long an outage lasts."""
        return long if self.is_long else short
