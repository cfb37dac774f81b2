"""What maintenance makes ahead of time, and what it removes once it has served."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Served(StrEnum):
    """Kinds of rows that are of no use any more after some time; removed in this order."""

    PUBLISHED_EVENTS = "published_events"
    MAIL = "mail"
    ONE_TIME_TOKENS = "one_time_tokens"
    REFRESH_TOKENS = "refresh_tokens"
    MFA_CHALLENGES = "mfa_challenges"
    CONSUMED_EVENTS = "consumed_events"
    KEYED_ANSWERS = "keyed_answers"


class MonthOutcome(StrEnum):
    """What became of the wish for a month's partition."""

    MADE = "made"
    PRESENT = "present"
    IN_DEFAULT = "in default"
    """The default partition has rows of the month, so that no other one can be made for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultRows:
    """The rows of months without a partition: since when and until when, None where none is."""

    oldest: datetime | None
    newest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenancePolicy:
    """What an operator decides. `seconds_after` tells how long rows stay after they have served."""

    months_ahead: int
    keep_months: int
    seconds_after: Mapping[Served, int]
    batch_size: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionReport:
    """The partitions after a run. `blocked` names months that stay without one."""

    made: tuple[str, ...] = ()
    adopted: str | None = None
    blocked: tuple[str, ...] = ()
    default_rows: DefaultRows = field(default_factory=lambda: DefaultRows(oldest=None, newest=None))


@dataclass(frozen=True, slots=True, kw_only=True)
class RetirementReport:
    """The partitions whose time is over: which were dropped, and which were not and why."""

    retired: tuple[str, ...] = ()
    kept: Mapping[str, str] = field(default_factory=dict)
    rows: int = 0
