"""What an operator decides about guessers and about those who call too often."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from core.config.rules import Between, Networks, Shape

Rate = Annotated[
    str,
    Shape(r"[1-9][0-9]{0,6}/(second|minute|hour|day)", "a number per time, such as 30/minute"),
]
Failures = Annotated[int, Between(1, 1000)]
DelaySeconds = Annotated[float, Between(0.05, 86_400)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrottlingSettings:
    """Failed logins. The wait doubles with each failure from a certain one on."""

    account_delay_from_failure: Failures = 5
    account_first_delay_seconds: DelaySeconds = 2.0
    account_longest_delay_seconds: DelaySeconds = 900.0
    address_delay_from_failure: Failures = 5
    """Failures from one address, whatever the accounts; a /64 of IPv6 is one address."""
    address_first_delay_seconds: DelaySeconds = 2.0
    address_longest_delay_seconds: DelaySeconds = 300.0
    """Shorter, since a whole office may be behind one address."""
    memory_seconds: DelaySeconds = 3600.0
    """How long after the last failure the wait begins anew."""
    most_failures: Annotated[int, Between(1, 100)] = 100
    """Failures in a row after which only a new password opens an account (NIST SP 800-63B-4)."""
    stale_days: Annotated[int, Between(1, 3650)] = 90
    """How long after its last failure an account's count is dropped, unless it is closed."""
    known_device_days: Annotated[int, Between(1, 3650)] = 180
    """How long after a login its device is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """Calls by kind: so many at once, and as many again in each time. See `RateClass`."""

    login: Rate = "30/minute"
    """From one address; so it is with every kind that needs no access token."""
    registration: Rate = "20/hour"
    recovery: Rate = "20/hour"
    mailbox: Rate = "6/hour"
    """Registrations and recoveries that name one address of e-mail, whoever asks."""
    token: Rate = "600/minute"  # noqa: S105 - a rate, not a secret
    """Refreshes, logouts, public keys."""
    read: Rate = "1200/minute"
    """By one person; so it is with every kind that needs an access token."""
    write: Rate = "120/minute"
    bulk: Rate = "30/minute"
    """Exports and verifications."""
    repeat: Rate = "600/minute"
    """Calls with an idempotency key, to one process of the core; those that are no repeats are
    counted by their kind besides."""
    service: Rate = "60000/minute"
    """Calls of any kind by one service of the platform, to one process of the core."""
    exempt_networks: Annotated[tuple[str, ...], Networks()] = ()
    """Clients that are neither limited nor throttled by their address."""
    redis_timeout_seconds: Annotated[float, Between(0.01, 10)] = 0.25
    """A longer wait for Redis is worse than a limit that each process keeps for itself."""
    redis_retry_seconds: Annotated[float, Between(0.05, 300)] = 2.0
    """How often it is tried whether Redis is back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencySettings:
    """Answers that are kept for whoever repeats a call with its idempotency key."""

    retention_seconds: Annotated[int, Between(1, 604_800)] = 86_400
    """How long an answer is given again."""
    wait_seconds: Annotated[float, Between(0.05, 60)] = 5.0
    """How long a repeat waits for a call that is under way before it is told to come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GeoSettings:
    """Countries of addresses."""

    database_file: Path | None = None
    """A file in MaxMind's format; None looks nothing up."""
