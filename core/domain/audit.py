"""The audit log: what is recorded, and the canonical form that its hash covers."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from core.domain.caller import ActorType

CANONICAL_VERSION = 1
"""Version of the canonical form; kept inside it, so that an old row stays verifiable."""

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
    SESSION_REVOKE = "session.revoke"
    KYC_UPDATE = "kyc.update"
    KYC_SUBMIT = "kyc.submit"
    SERVICE_TOKEN_MINT = "service_token.mint"  # noqa: S105 - an action, not a secret
    SERVICE_TOKEN_REVOKE = "service_token.revoke"  # noqa: S105 - an action, not a secret


class ResourceType(StrEnum):
    """The kinds of things that actions are done to."""

    USER = "user"
    SESSION = "session"
    KYC = "kyc"
    SERVICE = "service"
    SIGNING_KEY = "signing_key"


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
    reason: str | None
    ip_address: str | None = field(repr=False)
    user_agent: str | None = field(repr=False)
    request_id: str
    trace_id: str
    details: AuditDetails


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One row of the log; `hash` is the lower-case hex SHA-256 of its canonical form."""

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


def canonical_form(entry: AuditEntry) -> bytes:
    """Serialise an entry as RFC 8785 does: one byte string for one content.

    Keys are ASCII here, so that sorting by code point equals the RFC's sorting by UTF-16 unit;
    numbers are integers within 2^53, which Python and the RFC write alike.
    """
    content = {
        "version": CANONICAL_VERSION,
        "id": str(entry.id),
        "occurred_at": _utc_microseconds(entry.occurred_at),
        "actor_type": entry.actor_type.value,
        "actor_id": entry.actor_id,
        "action": entry.action.value,
        "resource_type": entry.resource_type.value,
        "resource_id": entry.resource_id,
        "user_id": None if entry.user_id is None else str(entry.user_id),
        "outcome": entry.outcome.value,
        "reason": entry.reason,
        "ip_address": entry.ip_address,
        "user_agent": entry.user_agent,
        "request_id": entry.request_id,
        "trace_id": entry.trace_id,
        "details": dict(entry.details),
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def entry_hash(entry: AuditEntry) -> str:
    """Return the SHA-256 of the canonical form in lower-case hex."""
    return hashlib.sha256(canonical_form(entry)).hexdigest()


def _utc_microseconds(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("a naive datetime has no place in the audit log")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
