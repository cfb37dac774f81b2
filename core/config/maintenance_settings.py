"""Settings of `python -m core maintain`."""

from dataclasses import dataclass
from typing import Annotated

from core.config.rules import Between

_Seconds = Annotated[int, Between(60, 315_360_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceSettings:
    """What is removed once it has served; published events stay for relay.retention_seconds."""

    statement_timeout_seconds: Annotated[float, Between(1, 3600)] = 300.0
    """Longest single statement of the maintainer; serving processes have a limit of their own."""
    batch_size: Annotated[int, Between(1, 100_000)] = 1000
    """Most rows that one transaction removes."""
    mail_seconds: _Seconds = 2_592_000
    """How long mail stays on record after it was sent or given up."""
    one_time_token_seconds: _Seconds = 2_592_000
    """How long one-time tokens stay on record after they expired."""
    refresh_token_seconds: _Seconds = 2_592_000
    """How long refresh tokens stay after their session's absolute end; a late reuse is told."""
    mfa_challenge_seconds: _Seconds = 86_400
    """How long challenges stay after they expired."""
    consumed_event_seconds: _Seconds = 15_552_000
    """How long is known which events of others were handled; a later repeat would take effect."""
    keyed_answer_seconds: _Seconds = 3600
    """How long answers for repeats with an idempotency key stay after they expired."""
