"""What the platform is told. Events hold ids and states, never a secret or personal data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar
from uuid import UUID

from core.domain.kyc import KycStatus
from core.domain.session import RevocationCause
from core.domain.user import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainEvent:
    """Something that happened to one person. Order is kept per person."""

    event_type: ClassVar[str]

    user_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCreated(DomainEvent):
    """An account was made."""

    event_type: ClassVar[str] = "user.created"

    role: Role
    kyc_status: KycStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class UserUpdated(DomainEvent):
    """Fields of the profile changed."""

    event_type: ClassVar[str] = "user.updated"

    changed_fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDeleted(DomainEvent):
    """An account was deleted (softly)."""

    event_type: ClassVar[str] = "user.deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRestored(DomainEvent):
    """A deleted account was restored."""

    event_type: ClassVar[str] = "user.restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRoleChanged(DomainEvent):
    """An account may do other things than before."""

    event_type: ClassVar[str] = "user.role_changed"

    previous_role: Role
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSuspended(DomainEvent):
    """Staff suspended an account."""

    event_type: ClassVar[str] = "user.suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserReactivated(DomainEvent):
    """Staff ended a suspension."""

    event_type: ClassVar[str] = "user.reactivated"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserKycUpdated(DomainEvent):
    """The KYC status changed."""

    event_type: ClassVar[str] = "user.kyc_updated"

    previous_status: KycStatus
    status: KycStatus
    reason: str | None
    reviewer_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCreated(DomainEvent):
    """A person logged in."""

    event_type: ClassVar[str] = "session.created"

    session_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRevoked(DomainEvent):
    """A session was ended before its time."""

    event_type: ClassVar[str] = "session.revoked"

    session_id: UUID
    cause: RevocationCause


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenReuseDetected(DomainEvent):
    """A used refresh token was presented again."""

    event_type: ClassVar[str] = "security.refresh_token_reused"

    session_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class UserEmailVerified(DomainEvent):
    """A person proved that the address is theirs."""

    event_type: ClassVar[str] = "user.email_verified"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserPasswordChanged(DomainEvent):
    """The password was changed or reset."""

    event_type: ClassVar[str] = "user.password_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginThrottled(DomainEvent):
    """Logins to an account are refused for a while after failures."""

    event_type: ClassVar[str] = "security.login_throttled"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDevice(DomainEvent):
    """A login came from a device or country not seen before; None: countries are not known."""

    event_type: ClassVar[str] = "security.new_device"

    session_id: UUID
    new_country: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaEnabled(DomainEvent):
    """A second factor was put into use."""

    event_type: ClassVar[str] = "mfa.enabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaDisabled(DomainEvent):
    """The second factor was removed."""

    event_type: ClassVar[str] = "mfa.disabled"


FREE_TEXTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {UserKycUpdated.event_type: frozenset({"reason"})}
)
"""The fields of payloads that hold what a person has typed; no other field is personal data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvent:
    """An event with the facts of its envelope."""

    id: UUID
    occurred_at: datetime
    trace_id: str
    event: DomainEvent
