"""Refresh tokens in PostgreSQL, by digest."""

from dataclasses import replace
from datetime import datetime

from core.domain.refresh_token import HeldToken, RefreshToken, Rotation
from core.postgres import refresh_token_rows as rows
from core.postgres.execution import Executor
from core.postgres.personal_salts import PersonalSalts


class PostgresRefreshTokens:
    """Implements the port RefreshTokenRepository."""

    def __init__(self, executor: Executor, salts: PersonalSalts) -> None:
        """Take what runs the statements, and who is told of their users' salts."""
        self._run = executor
        self._salts = salts

    async def add(self, token: RefreshToken) -> None:
        """Store the first token of a session."""
        params = rows.NewRefreshTokenParams(
            digest=token.digest,
            user_id=token.user_id,
            session_id=token.session_id,
            created_at=token.created_at,
            expires_at=token.expires_at,
        )
        await self._run.execute(rows.ADD_REFRESH_TOKEN, params)

    async def get(self, digest: str) -> RefreshToken | None:
        """Return the token, used or not, expired or not."""
        params = rows.DigestParams(digest=digest)
        record = await self._run.one(rows.GET_REFRESH_TOKEN, params)
        return None if record is None else rows.to_refresh_token(record)

    async def hold(self, digest: str) -> HeldToken | None:
        """Return the token, its session and its user, and hold their rows."""
        record = await self._run.one(rows.HOLD_REFRESH_TOKEN, rows.DigestParams(digest=digest))
        if record is None:
            return None
        self._salts.note(record.id, record.personal_salt)
        held = rows.to_held_token(digest, record)
        if record.used_at is None:
            return held
        # A statement of its own: the one that waited has seen the successor as it was before.
        token = await self.get(digest)
        return None if token is None else replace(held, token=token)

    async def rotate(
        self, digest: str, rotation: Rotation, *, at: datetime, session_ends_at: datetime
    ) -> bool:
        """Exchange an unused token for its successor; return False where it was used already."""
        params = rows.RotateParams(
            digest=digest,
            at=at,
            successor=rotation.successor_digest,
            session_ends_at=session_ends_at,
            request_mark=rotation.attempt.request_mark,
            binding_mark=rotation.attempt.binding_mark,
        )
        return await self._run.execute(rows.ROTATE_REFRESH_TOKEN, params) == 1

    async def count_replay(self, digest: str) -> None:
        """Count one more replay that the window has forgiven."""
        await self._run.execute(rows.COUNT_REPLAY, rows.DigestParams(digest=digest))
