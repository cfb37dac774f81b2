"""Calls that bring an idempotency key: what is kept of the first one, for whoever repeats it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from core.domain.errors import (
    Conflict,
    DependencyUnavailable,
    DomainError,
    MalformedRequest,
    RetryableError,
    ServerBusy,
    SessionRevoked,
    TokenExpired,
    TokenInvalid,
    TokenMissing,
    ViolationError,
)

MAX_CONTENT_BYTES = 65_536
"""The longest answer that is kept. None of those that accept a key comes near it."""

_UNDOING = (Conflict, ServerBusy, DependencyUnavailable)
_NOT_KEPT = (
    ViolationError,
    MalformedRequest,
    RetryableError,
    TokenMissing,
    TokenInvalid,
    TokenExpired,
    SessionRevoked,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyPolicy:
    """How long answers are kept, and how long a repeat waits for a call that is under way."""

    retention_seconds: int = 86_400
    wait_seconds: float = 5.0

    def expiry(self, created_at: datetime) -> datetime:
        """Return when an answer stops being given again."""
        return created_at + timedelta(seconds=self.retention_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedCall:
    """A call with a key.

    `digest` stands for the key together with caller and method; `request_digest` for what the
    caller sent. Both are lower-case hex, 256 bits. `patience_seconds` is what the call can spare
    for waiting; None where it has no end of its own.
    """

    digest: str
    request_digest: str
    method: str
    caller_id: UUID | None
    patience_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a call ended: a status (0 is success), and the bytes that say the rest.

    The bytes mean something to the door alone. `subject_id` is the person whom they are about.
    """

    status: int
    content: bytes = field(repr=False)
    subject_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a call is answered, and whether an earlier call was answered so."""

    outcome: Outcome
    is_repeat: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedAnswer:
    """An outcome as it is kept."""

    digest: str
    request_digest: str
    method: str
    outcome: Outcome
    caller_id: UUID | None
    created_at: datetime
    expires_at: datetime


def stands(refusal: DomainError) -> bool:
    """Tell whether what was committed together with a refusal stays: its row in the audit log.

    What only says «not now» undoes everything, so that a repeat begins anew.
    """
    return not isinstance(refusal, _UNDOING)


def is_kept(refusal: DomainError) -> bool:
    """Tell whether a refusal is given again to whoever repeats the call.

    Not where a field or a credential is at fault, which the caller puts right, nor where a later
    attempt may succeed.
    """
    return not isinstance(refusal, _NOT_KEPT)
