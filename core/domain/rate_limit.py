"""How many calls of one kind a client may make."""

from dataclasses import dataclass
from enum import StrEnum


class RateClass(StrEnum):
    """Kinds of calls that are limited alike. The contract gives each RPC its own.

    REPEAT is no RPC's: so is every call counted that brings an idempotency key, before it is known
    whether it has been made already. Where it has not, its RPC's kind counts as well.
    """

    LOGIN = "login"
    REGISTRATION = "registration"
    RECOVERY = "recovery"
    TOKEN = "token"  # noqa: S105 - a kind of call, not a secret
    READ = "read"
    WRITE = "write"
    BULK = "bulk"
    REPEAT = "repeat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """At most so many calls at once, and as many again in each window."""

    calls: int
    window_seconds: float

    @property
    def interval_seconds(self) -> float:
        """The time after which one more call is allowed."""
        return self.window_seconds / self.calls


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """Whether a call is allowed, how many more would be, and when all of them are again.

    `retry_after_seconds` is 0 where the call is allowed.
    """

    is_allowed: bool
    remaining: int
    retry_after_seconds: float
    reset_after_seconds: float
