"""Refresh tokens in PostgreSQL, by digest."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from core.domain.refresh_token import Attempt, RefreshToken, Rotation
from core.postgres.execution import Executor
from core.postgres.statements import Exec, One


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
    request_mark: str | None
    binding_mark: str | None


ADD_REFRESH_TOKEN = Exec("refresh_tokens", "add_refresh_token", NewRefreshTokenParams)
GET_REFRESH_TOKEN = One("refresh_tokens", "get_refresh_token", DigestParams, RefreshTokenRecord)
ROTATE_REFRESH_TOKEN = Exec("refresh_tokens", "rotate_refresh_token", RotateParams)
COUNT_REPLAY = Exec("refresh_tokens", "count_refresh_token_replay", DigestParams)


class PostgresRefreshTokens:
    """Implements the port RefreshTokenRepository."""

    def __init__(self, executor: Executor) -> None:
        """Take what runs the statements."""
        self._run = executor

    async def add(self, token: RefreshToken) -> None:
        """Store a token that nobody has used."""
        params = NewRefreshTokenParams(
            digest=token.digest,
            user_id=token.user_id,
            session_id=token.session_id,
            created_at=token.created_at,
            expires_at=token.expires_at,
        )
        await self._run.execute(ADD_REFRESH_TOKEN, params)

    async def get(self, digest: str) -> RefreshToken | None:
        """Return the token, used or not, expired or not."""
        record = await self._run.one(GET_REFRESH_TOKEN, DigestParams(digest=digest))
        if record is None:
            return None
        return RefreshToken(
            digest=record.digest,
            user_id=record.user_id,
            session_id=record.session_id,
            created_at=record.created_at,
            expires_at=record.expires_at,
            used_at=record.used_at,
            rotation=_rotation(record),
        )

    async def rotate(self, digest: str, rotation: Rotation, *, at: datetime) -> bool:
        """Mark an unused token as used; return False where it was used already."""
        params = RotateParams(
            digest=digest,
            at=at,
            successor=rotation.successor_digest,
            request_mark=rotation.attempt.request_mark,
            binding_mark=rotation.attempt.binding_mark,
        )
        return await self._run.execute(ROTATE_REFRESH_TOKEN, params) == 1

    async def count_replay(self, digest: str) -> None:
        """Count one more replay that the window has forgiven."""
        await self._run.execute(COUNT_REPLAY, DigestParams(digest=digest))


def _rotation(record: RefreshTokenRecord) -> Rotation | None:
    if record.successor is None:
        return None
    return Rotation(
        successor_digest=record.successor,
        attempt=Attempt(request_mark=record.request_mark, binding_mark=record.binding_mark),
        window_replays=record.window_replays,
        successor_used=record.successor_used,
    )
