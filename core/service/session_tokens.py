"""The pair of tokens that a session lives by."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain.access_token import AccessTokenClaims
from core.domain.ports.clock import IdGenerator
from core.domain.ports.crypto import AccessTokenCodec, RefreshTokenMint
from core.domain.ports.unit_of_work import UnitOfWork
from core.domain.refresh_token import RefreshToken
from core.domain.session import Session, SessionLifetimes, TokenPair
from core.domain.user import User


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTokens:
    """Makes the tokens of a session; no token outlives it."""

    access_tokens: AccessTokenCodec
    refresh_tokens: RefreshTokenMint
    ids: IdGenerator
    lifetimes: SessionLifetimes

    def absolute_end(self, opened_at: datetime) -> datetime:
        """Return when a session ends, however much it is used."""
        return opened_at + timedelta(seconds=self.lifetimes.refresh_absolute_seconds)

    def idle_end(self, used_at: datetime, absolute_end: datetime) -> datetime:
        """Return when a session ends that is not used after `used_at`."""
        idle = timedelta(seconds=self.lifetimes.refresh_idle_seconds)
        return min(used_at + idle, absolute_end)

    async def issue(
        self,
        unit: UnitOfWork,
        *,
        user: User,
        session: Session,
        now: datetime,
    ) -> TokenPair:
        """Store a session's first refresh token, and return the pair with it."""
        token = self.refresh_tokens.new()
        await unit.refresh_tokens.add(
            RefreshToken(
                digest=self.refresh_tokens.digest(token),
                user_id=user.id,
                session_id=session.id,
                created_at=now,
                expires_at=session.expires_at,
            )
        )
        return self.pair(user=user, session=session, now=now, refresh_token=token)

    def pair(self, *, user: User, session: Session, now: datetime, refresh_token: str) -> TokenPair:
        """Sign an access token, and hand it out beside a refresh token that is stored already."""
        access_life = timedelta(seconds=self.lifetimes.access_token_seconds)
        access_end = min(now + access_life, session.absolute_expires_at)
        claims = AccessTokenClaims(
            subject=str(user.id),
            token_id=self.ids.new_id(),
            issued_at=now,
            expires_at=access_end,
            role=user.role,
            session_id=session.id,
            kyc_status=user.kyc_status,
            amr=session.amr,
        )
        return TokenPair(
            access_token=self.access_tokens.issue(claims),
            refresh_token=refresh_token,
            expires_in=_whole_seconds(access_end - now),
            refresh_expires_in=_whole_seconds(session.expires_at - now),
            session_id=session.id,
        )


def _whole_seconds(life: timedelta) -> int:
    return int(life.total_seconds())
