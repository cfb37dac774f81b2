"""Statements on sessions, their parameters, and their rows."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from core.domain.session import RevocationCause, Session, SessionState
from core.postgres.statements import Exec, Many, One
from core.postgres.user_rows import SaltedUserRecord, to_user


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord:
    """A session's row."""

    id: UUID
    user_id: UUID
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    absolute_expires_at: datetime
    amr: list[str]
    ip_address: str | None = field(repr=False)
    user_agent: str | None = field(repr=False)
    revoked_at: datetime | None
    revocation_cause: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStateRecord(SaltedUserRecord):
    """An account, and what authentication asks of one of its sessions."""

    session_id: UUID
    authenticated_at: datetime
    revoked_at: datetime | None
    absolute_expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionIdRecord:
    """A session's id."""

    id: UUID


class NewSessionParams(TypedDict):
    """All that is stored of a session."""

    id: UUID
    user_id: UUID
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    absolute_expires_at: datetime
    amr: list[str]
    ip_address: str | None
    user_agent: str | None
    revoked_at: datetime | None
    revocation_cause: str | None


class SessionIdParams(TypedDict):
    """Names a session."""

    session_id: UUID


class SessionIdsParams(TypedDict):
    """Names sessions."""

    session_ids: list[UUID]


class SessionsAliveParams(TypedDict):
    """A person, and the moment at which a session must be alive."""

    user_id: UUID
    now: datetime


class RevokeSessionParams(TypedDict):
    """The end of a session."""

    session_id: UUID
    cause: str
    at: datetime


class RevokeSessionsParams(TypedDict):
    """The end of all sessions of a person but one."""

    user_id: UUID
    cause: str
    at: datetime
    keep: UUID | None


CREATE_SESSION = Exec("sessions", "create_session", NewSessionParams)
GET_SESSION = One("sessions", "get_session", SessionIdParams, SessionRecord)
GET_SESSION_STATES = Many("sessions", "get_session_states", SessionIdsParams, SessionStateRecord)
LOCK_SESSION = One("sessions", "lock_session", SessionIdParams, SessionRecord)
LIST_SESSIONS_ALIVE = Many("sessions", "list_sessions_alive", SessionsAliveParams, SessionRecord)
REVOKE_SESSION = Exec("sessions", "revoke_session", RevokeSessionParams)
REVOKE_SESSIONS_OF_USER = Many(
    "sessions", "revoke_sessions_of_user", RevokeSessionsParams, SessionIdRecord
)


def to_session(record: SessionRecord) -> Session:
    """Return the session that a row stands for."""
    cause = record.revocation_cause
    return Session(
        id=record.id,
        user_id=record.user_id,
        created_at=record.created_at,
        last_used_at=record.last_used_at,
        expires_at=record.expires_at,
        absolute_expires_at=record.absolute_expires_at,
        amr=tuple(record.amr),
        ip_address=record.ip_address,
        user_agent=record.user_agent,
        revoked_at=record.revoked_at,
        revocation_cause=None if cause is None else RevocationCause(cause),
    )


def to_session_state(record: SessionStateRecord) -> SessionState:
    """Return what authentication needs."""
    return SessionState(
        session_id=record.session_id,
        authenticated_at=record.authenticated_at,
        revoked_at=record.revoked_at,
        absolute_expires_at=record.absolute_expires_at,
        user=to_user(record),
    )
