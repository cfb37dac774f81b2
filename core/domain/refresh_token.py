"""Refresh tokens: each serves once and is followed by the next (RFC 9700 section 4.14.2).

A used token that comes again is a theft, or else a client whose tabs raced or whose answer was
lost. The rules that tell the two apart stand here.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hmac import compare_digest
from uuid import UUID

from core.domain.session import Session
from core.domain.user import User


class Forgiveness(StrEnum):
    """Why a used token was answered once more."""

    REQUEST_ID = "request_id"
    WINDOW = "window"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Who presents a token, in marks that can be checked with the token at hand alone.

    `request_mark` stands for the name that the client gave the attempt, `binding_mark` for its
    network and user agent; lower-case hex, None where they are not known.
    """

    request_mark: str | None = field(default=None, repr=False)
    binding_mark: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """The exchange of a token for the next one.

    `window_replays` counts the replays that the window has forgiven; `successor_used` tells
    whether the next token has been exchanged in its turn.
    """

    successor_digest: str = field(repr=False)
    attempt: Attempt
    window_replays: int = 0
    successor_used: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """A refresh token as it is stored: `digest` (lower-case hex SHA-256), never the token.

    `used_at` is the time of the rotation. A token that was used before rotations were recorded
    has no `rotation`.
    """

    digest: str = field(repr=False)
    user_id: UUID
    session_id: UUID
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    rotation: Rotation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldToken:
    """A token that was issued once, with its session and its user, all held by a unit of work."""

    token: RefreshToken
    session: Session
    user: User


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPolicy:
    """How long after its rotation, and how often, a used token is forgiven to the same client."""

    window_seconds: int = 10
    window_limit: int = 10

    def forgives(self, token: RefreshToken, attempt: Attempt, now: datetime) -> Forgiveness | None:
        """Tell why a used token may be answered with its successor again, or None: it may not.

        Nothing is forgiven once the successor was used: then the client had received it. The
        window is counted from the rotation, never from a replay.
        """
        rotation = token.rotation
        if token.used_at is None or rotation is None or rotation.successor_used:
            return None
        if _same(rotation.attempt.request_mark, attempt.request_mark):
            return Forgiveness.REQUEST_ID
        in_time = now - token.used_at <= timedelta(seconds=self.window_seconds)
        seldom = rotation.window_replays < self.window_limit
        if in_time and seldom and _same(rotation.attempt.binding_mark, attempt.binding_mark):
            return Forgiveness.WINDOW
        return None


def _same(recorded: str | None, presented: str | None) -> bool:
    """Compare two marks; what is not known is like nothing."""
    if recorded is None or presented is None:
        return False
    return compare_digest(recorded, presented)
