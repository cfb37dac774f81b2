"""Settings of `python -m core maintain`."""

from dataclasses import dataclass
from typing import Annotated

from core.config.rules import Between


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceSettings:
    """What is made ahead of time, and what is removed once it has served."""

    statement_timeout_seconds: Annotated[float, Between(1, 300)] = 120.0
    """Longest single statement of the maintainer; serving processes have a limit of their own."""
