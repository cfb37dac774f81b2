"""Sessions, and the pairs of tokens that they are used with."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from core.domain.user import User, UserStatus


class RevocationCause(StrEnum):
    """Why a session was ended before its time."""

    LOGOUT = "logout"
    REVOKED = "revoked"
    REFRESH_TOKEN_REUSED = "refresh_token_reused"  # noqa: S105 - a cause, not a secret
    USER_SUSPENDED = "user_suspended"
    USER_DELETED = "user_deleted"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - as above
    PASSWORD_RESET = "password_reset"  # noqa: S105 - as above


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One login on one device.

    `expires_at` moves with every refresh (idle time); `absolute_expires_at` never does.
    """

    id: UUID
    user_id: UUID
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    absolute_expires_at: datetime
    amr: tuple[str, ...]
    ip_address: str | None = field(repr=False)
    user_agent: str | None = field(repr=False)
    revoked_at: datetime | None = None
    revocation_cause: RevocationCause | None = None

    def is_alive(self, now: datetime) -> bool:
        """Tell whether the session can still be refreshed."""
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionState:
    """What authentication asks of the database at every call, in one row: a session, whose it is.

    `authenticated_at` is when the session was opened; no refresh moves it.
    """

    session_id: UUID
    authenticated_at: datetime
    revoked_at: datetime | None
    absolute_expires_at: datetime
    user: User

    def may_act(self, now: datetime) -> bool:
        """Tell whether an access token of this session is accepted at this moment."""
        return (
            self.revoked_at is None
            and now < self.absolute_expires_at
            and self.user.status is UserStatus.ACTIVE
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """What a login or a refresh hands out. Lives are in seconds."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    refresh_expires_in: int
    session_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginResult:
    """A session that was opened, and whose it is."""

    user: User
    tokens: TokenPair


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginChallenge:
    """What a right password leads to where there is a second factor; its life is in seconds.

    No session stands behind it: the token is good for nothing but a code of the second factor.
    """

    challenge_token: str = field(repr=False)
    expires_in: int


LoginOutcome: TypeAlias = LoginResult | LoginChallenge
"""What a right password leads to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLifetimes:
    """How long tokens and sessions live, in seconds."""

    access_token_seconds: int
    refresh_idle_seconds: int
    refresh_absolute_seconds: int
    service_token_max_seconds: int = 24 * 3600
