"""Refresh tokens in PostgreSQL, by digest."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from core.domain.session import RefreshToken
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


class NewRefreshTokenParams(TypedDict):
    """All that is stored of a refresh token."""

    digest: str
    user_id: UUID
    session_id: UUID
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


class DigestParams(TypedDict):
    """Names a refresh token."""

    digest: str


class MarkUsedParams(TypedDict):
    """The use of a refresh token."""

    digest: str
    at: datetime


ADD_REFRESH_TOKEN = Exec("refresh_tokens", "add_refresh_token", NewRefreshTokenParams)
GET_REFRESH_TOKEN = One("refresh_tokens", "get_refresh_token", DigestParams, RefreshTokenRecord)
MARK_REFRESH_TOKEN_USED = Exec("refresh_tokens", "mark_refresh_token_used", MarkUsedParams)


class PostgresRefreshTokens:
    """Implements the port RefreshTokenRepository."""

    def __init__(self, executor: Executor) -> None:
        """Take what runs the statements."""
        self._run = executor

    async def add(self, token: RefreshToken) -> None:
        """Store a token."""
        params = NewRefreshTokenParams(
            digest=token.digest,
            user_id=token.user_id,
            session_id=token.session_id,
            created_at=token.created_at,
            expires_at=token.expires_at,
            used_at=token.used_at,
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
        )

    async def mark_used(self, digest: str, *, at: datetime) -> bool:
        """Mark an unused token as used; return False where it was used already."""
        params = MarkUsedParams(digest=digest, at=at)
        return await self._run.execute(MARK_REFRESH_TOKEN_USED, params) == 1
