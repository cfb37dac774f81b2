"""Refresh: a refresh token serves once and is replaced by the next one (RFC 9700 section 4.14)."""

from dataclasses import dataclass, replace
from datetime import datetime

from core.domain.audit import AuditAction
from core.domain.caller import Caller
from core.domain.errors import (
    AccountSuspended,
    DomainError,
    RefreshTokenInvalid,
    RefreshTokenReused,
)
from core.domain.events import RefreshTokenReuseDetected
from core.domain.ports.crypto import RefreshTokenMint
from core.domain.ports.unit_of_work import Database, UnitOfWork
from core.domain.session import RefreshToken, RevocationCause, Session, TokenPair
from core.domain.user import User, UserStatus
from core.service.recording import Record, Recorder, no_session, the_session
from core.service.session_ending import end_session
from core.service.session_tokens import SessionTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class _Presented:
    """A token that was issued once, with its session and its user, all held by this unit."""

    token: RefreshToken
    session: Session
    user: User


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """Rotates refresh tokens."""

    database: Database
    refresh_tokens: RefreshTokenMint
    tokens: SessionTokens
    recorder: Recorder

    async def refresh(
        self,
        *,
        refresh_token: str,
        request_id: str | None,  # noqa: ARG002 - names the attempt; no rule asks for it yet
        caller: Caller,
    ) -> TokenPair:
        """Exchange a refresh token for a new pair; role and KYC status are those of now.

        Raises:
            RefreshTokenInvalid: the token was never issued or has expired, or its session has
                ended, or its user is deleted.
            RefreshTokenReused: the token was used before; its session is revoked from now on.
            AccountSuspended: the user is suspended.
        """
        digest = self.refresh_tokens.digest(refresh_token)
        async with self.database.transaction() as unit:
            presented = await _hold(unit, digest)
            record = self.recorder.begin(unit, caller)
            if presented is None:
                raise await record.refused(AuditAction.REFRESH, no_session(), RefreshTokenInvalid())
            error = _judge(presented, record.at)
            if error is not None:
                raise await _refuse(record, presented, error)
            pair = await self._rotate(record.by(presented.user.id), presented)
            await unit.commit()
            return pair

    async def _rotate(self, record: Record, presented: _Presented) -> TokenPair:
        user, session, now = presented.user, presented.session, record.at
        expires_at = self.tokens.idle_end(now, session.absolute_expires_at)
        extended = replace(session, last_used_at=now, expires_at=expires_at)
        await record.unit.refresh_tokens.mark_used(presented.token.digest, at=now)
        await record.unit.sessions.extend(session.id, used_at=now, expires_at=expires_at)
        pair = await self.tokens.issue(record.unit, user=user, session=extended, now=now)
        await record.success(AuditAction.REFRESH, the_session(session.id, user.id))
        return pair


async def _hold(unit: UnitOfWork, digest: str) -> _Presented | None:
    """Lock the token's user and session, then read the token again: it may have been used."""
    known = await unit.refresh_tokens.get(digest)
    if known is None:
        return None
    user = await unit.users.lock(known.user_id)
    session = await unit.sessions.lock(known.session_id)
    token = await unit.refresh_tokens.get(digest)
    if user is None or session is None or token is None:
        return None
    return _Presented(token=token, session=session, user=user)


def _judge(presented: _Presented, now: datetime) -> DomainError | None:
    """Say why a token is refused. Reuse comes first: it is a theft even in a dead session."""
    if presented.token.used_at is not None:
        return RefreshTokenReused()
    if not presented.session.is_alive(now) or now >= presented.token.expires_at:
        return RefreshTokenInvalid()
    if presented.user.status is UserStatus.DELETED:
        return RefreshTokenInvalid()
    if presented.user.status is UserStatus.SUSPENDED:
        return AccountSuspended()
    return None


async def _refuse(record: Record, presented: _Presented, error: DomainError) -> DomainError:
    user_id, session_id = presented.user.id, presented.session.id
    if isinstance(error, RefreshTokenReused):
        ended = await end_session(
            record,
            user_id=user_id,
            session_id=session_id,
            cause=RevocationCause.REFRESH_TOKEN_REUSED,
        )
        if ended:
            await record.event(RefreshTokenReuseDetected(user_id=user_id, session_id=session_id))
    return await record.refused(AuditAction.REFRESH, the_session(session_id, user_id), error)
