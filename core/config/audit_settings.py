"""What an operator decides about proving the audit log."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from core.config.rules import Between, Shape

LEAST_MONTHS = 60
"""Directive (EU) 2015/849, article 40; the database refuses to drop what is younger."""

_NAME = r"[A-Za-z0-9.-]{1,100}(/[A-Za-z0-9._-]{1,60})*"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings:
    """The sealer, and what it writes."""

    origin: Annotated[str, Shape(_NAME, "a host and a path without a scheme")] = (
        "user.pandora.exchange/audit"
    )
    """The log's name in its checkpoints; verifiers know its keys by it. It never changes."""
    checkpoint_file: Path | None = None
    """Where checkpoints go; it must not lie with the database. The sealer needs one."""
    seal_interval_seconds: Annotated[float, Between(0.01, 60)] = 0.5
    """How often new rows are sealed."""
    seal_max_rows: Annotated[int, Between(1, 100_000)] = 10_000
    """Most rows of one seal."""
    metrics_port: Annotated[int, Between(0, 65535)] = 9469
    months_ahead: Annotated[int, Between(1, 120)] = 12
    """For how many months after this one `maintain` makes partitions."""
    retention_months: Annotated[int, Between(LEAST_MONTHS, 1200)] = 84
    """How long rows are kept at least; a month is dropped as a whole, once it is sealed."""
    most_exports: Annotated[int, Between(1, 100)] = 4
    """Exports that one process serves at once; one more is refused as SERVER_BUSY."""
    verify_workers: Annotated[int, Between(1, 64)] = 2
    """Processes that share a verification."""
