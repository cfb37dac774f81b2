"""Statements on refresh tokens, their parameters, and their rows."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from core.domain.refresh_token import Attempt, HeldToken, RefreshToken, Rotation
from core.domain.session import RevocationCause, Session
from core.postgres.statements import Exec, One
from core.postgres.user_rows import SaltedUserRecord, to_user


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenRecord:
    """A refresh token's row."""

    digest: str = field(repr=False)
    user_id: UUID
    session_id: UUID
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    successor: str | None = field(repr=False)
    request_mark: str | None = field(repr=False)
    binding_mark: str | None = field(repr=False)
    window_replays: int
    successor_used: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldTokenRecord(SaltedUserRecord):
    """An account, one of its sessions, and what that session was refreshed with."""

    session_id: UUID
    opened_at: datetime
    last_used_at: datetime
    expires_at: datetime
    absolute_expires_at: datetime
    amr: list[str]
    ip_address: str | None = field(repr=False)
    user_agent: str | None = field(repr=False)
    revoked_at: datetime | None
    revocation_cause: str | None
    token_created_at: datetime
    token_expires_at: datetime
    used_at: datetime | None


class NewRefreshTokenParams(TypedDict):
    """All that is stored of a refresh token."""

    digest: str
    user_id: UUID
    session_id: UUID
    created_at: datetime
    expires_at: datetime


class DigestParams(TypedDict):
    """Names a refresh token."""

    digest: str


class RotateParams(TypedDict):
    """The exchange of a refresh token for the next one."""

    digest: str
    at: datetime
    successor: str
    session_ends_at: datetime
    request_mark: str | None
    binding_mark: str | None


ADD_REFRESH_TOKEN = Exec("refresh_tokens", "add_refresh_token", NewRefreshTokenParams)
GET_REFRESH_TOKEN = One("refresh_tokens", "get_refresh_token", DigestParams, RefreshTokenRecord)
HOLD_REFRESH_TOKEN = One("refresh_tokens", "hold_refresh_token", DigestParams, HeldTokenRecord)
ROTATE_REFRESH_TOKEN = Exec("refresh_tokens", "rotate_refresh_token", RotateParams)
COUNT_REPLAY = Exec("refresh_tokens", "count_refresh_token_replay", DigestParams)


def to_refresh_token(record: RefreshTokenRecord) -> RefreshToken:
    """Return the token that a row stands for."""
    return RefreshToken(
        digest=record.digest,
        user_id=record.user_id,
        session_id=record.session_id,
        created_at=record.created_at,
        expires_at=record.expires_at,
        used_at=record.used_at,
        rotation=_rotation(record),
    )


def to_held_token(digest: str, record: HeldTokenRecord) -> HeldToken:
    """Return what a row stands for whose token has not been used."""
    cause = record.revocation_cause
    return HeldToken(
        token=RefreshToken(
            digest=digest,
            user_id=record.id,
            session_id=record.session_id,
            created_at=record.token_created_at,
            expires_at=record.token_expires_at,
        ),
        session=Session(
            id=record.session_id,
            user_id=record.id,
            created_at=record.opened_at,
            last_used_at=record.last_used_at,
            expires_at=record.expires_at,
            absolute_expires_at=record.absolute_expires_at,
            amr=tuple(record.amr),
            ip_address=record.ip_address,
            user_agent=record.user_agent,
            revoked_at=record.revoked_at,
            revocation_cause=None if cause is None else RevocationCause(cause),
        ),
        user=to_user(record),
    )


def _rotation(record: RefreshTokenRecord) -> Rotation | None:
    if record.successor is None:
        return None
    return Rotation(
        successor_digest=record.successor,
        attempt=Attempt(request_mark=record.request_mark, binding_mark=record.binding_mark),
        window_replays=record.window_replays,
        successor_used=record.successor_used,
    )
