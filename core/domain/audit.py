"""The audit log: what is recorded. How it is kept is told by `audit_row` and `audit_sealing`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from core.domain.caller import ActorType

AuditDetails = Mapping[str, str | int | bool | None]
"""Flat facts beside the fixed columns; never a secret, never personal data."""


class AuditOutcome(StrEnum):
    """How an audited action ended."""

    SUCCESS = "success"
    FAILURE = "failure"


class AuditAction(StrEnum):
    """Every action that the service records."""

    REGISTER = "user.register"
    UPDATE = "user.update"
    DELETE = "user.delete"
    RESTORE = "user.restore"
    SET_ROLE = "user.set_role"
    SUSPEND = "user.suspend"
    REACTIVATE = "user.reactivate"
    LOGIN = "auth.login"
    REFRESH = "auth.refresh"
    LOGOUT = "auth.logout"
    MFA_COMPLETE = "auth.mfa"
    PASSWORD_CHANGE = "password.change"  # noqa: S105 - an action, not a secret
    PASSWORD_RESET_REQUEST = "password.reset_request"  # noqa: S105 - an action, not a secret
    PASSWORD_RESET = "password.reset"  # noqa: S105 - an action, not a secret
    EMAIL_VERIFICATION_REQUEST = "email.verification_request"
    EMAIL_VERIFY = "email.verify"
    MFA_ENROLL = "mfa.enroll"
    MFA_ENABLE = "mfa.enable"
    MFA_DISABLE = "mfa.disable"
    KEY_ROTATE_BEGIN = "key.rotate_begin"
    KEY_ROTATE = "key.rotate"
    USER_IMPORT = "user.import"
    USER_EXPORT = "user.export"
    USER_ERASE = "user.erase"
    SESSION_REVOKE = "session.revoke"
    KYC_UPDATE = "kyc.update"
    KYC_SUBMIT = "kyc.submit"
    SERVICE_TOKEN_MINT = "service_token.mint"  # noqa: S105 - an action, not a secret
    AUDIT_EXPORT = "audit.export"
    AUDIT_RETIRE = "audit.retire"
    LEGAL_HOLD_PLACE = "legal_hold.place"
    LEGAL_HOLD_RELEASE = "legal_hold.release"
    SERVICE_TOKEN_REVOKE = "service_token.revoke"  # noqa: S105 - an action, not a secret


class ResourceType(StrEnum):
    """The kinds of things that actions are done to."""

    USER = "user"
    SESSION = "session"
    KYC = "kyc"
    SERVICE = "service"
    SIGNING_KEY = "signing_key"
    AUDIT_LOG = "audit_log"
    LEGAL_HOLD = "legal_hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One row before the database gives it its sequence number."""

    id: UUID
    occurred_at: datetime
    actor_type: ActorType
    actor_id: str | None
    action: AuditAction
    resource_type: ResourceType
    resource_id: str | None
    user_id: UUID | None
    outcome: AuditOutcome
    reason: str | None = field(repr=False)
    ip_address: str | None = field(repr=False)
    user_agent: str | None = field(repr=False)
    request_id: str
    trace_id: str
    details: AuditDetails


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One row of the log, as far as it can be read today.

    `hash` is the lower-case hex SHA-256 of the canonical form of what is kept, personal texts
    sealed. The entry lacks the texts of whoever was erased.
    """

    sequence: int
    entry: AuditEntry
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Narrows a list of rows; None does not narrow. `from_time` is inclusive, `to_time` is not."""

    user_id: UUID | None = None
    actor_id: str | None = None
    action: str | None = None
    outcome: AuditOutcome | None = None
    from_time: datetime | None = None
    to_time: datetime | None = None

    @property
    def singles_out(self) -> bool:
        """Whether it asks for what storage finds without looking at other rows."""
        return (self.user_id, self.actor_id, self.action) != (None, None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceSpan:
    """A range of sequence numbers, both ends included."""

    first: int
    last: int
