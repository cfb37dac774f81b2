"""Refresh: each refresh token serves once and is replaced by the next (RFC 9700 section 4.14.2).

A replay that is a race or a lost answer gets the very token that the first call was answered
with; any other replay ends the session.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from core.domain.audit import AuditAction, AuditDetails
from core.domain.caller import Caller
from core.domain.client_binding import client_binding
from core.domain.errors import (
    AccountSuspended,
    DomainError,
    RefreshTokenInvalid,
    RefreshTokenReused,
)
from core.domain.events import RefreshTokenReuseDetected
from core.domain.ports.crypto import RefreshTokenMint
from core.domain.ports.unit_of_work import Database
from core.domain.refresh_token import (
    Attempt,
    Forgiveness,
    HeldToken,
    RefreshToken,
    ReplayPolicy,
    Rotation,
)
from core.domain.session import RevocationCause, TokenPair
from core.domain.user import UserStatus
from core.service.recording import Record, Recorder, no_session, the_session
from core.service.session_ending import end_session
from core.service.session_tokens import SessionTokens
from core.service.turns import Turns


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """Rotates refresh tokens."""

    database: Database
    refresh_tokens: RefreshTokenMint
    tokens: SessionTokens
    replays: ReplayPolicy
    recorder: Recorder
    turns: Turns = field(default_factory=Turns)

    async def refresh(
        self, *, refresh_token: str, request_id: str | None, caller: Caller
    ) -> TokenPair:
        """Exchange a refresh token for a new pair; role and KYC status are those of now.

        `request_id` names the attempt; who repeats it gets the same refresh token again.

        Raises:
            RefreshTokenInvalid: the token was never issued or has expired, or its session has
                ended, or its user is deleted, or what it was exchanged for cannot be computed
                any more since the key was replaced.
            RefreshTokenReused: the token was used before; its session is revoked from now on.
            AccountSuspended: the user is suspended.
        """
        attempt = self._attempt(refresh_token, request_id, caller)
        digest = self.refresh_tokens.digest(refresh_token)
        async with self.turns.turn(digest), self.database.transaction() as unit:
            presented = await unit.refresh_tokens.hold(digest)
            record = self.recorder.begin(unit, caller)
            if presented is None:
                raise await record.refused(AuditAction.REFRESH, no_session(), RefreshTokenInvalid())
            forgiveness = self.replays.forgives(presented.token, attempt, record.at)
            error = _judge(presented, forgiveness, record.at)
            if error is not None:
                raise await _refuse(record, presented, error)
            if forgiveness is None:
                pair = await self._rotate(record, presented, refresh_token, attempt)
            else:
                pair = await self._repeat(record, presented, refresh_token, forgiveness)
            await unit.commit()
            return pair

    def _attempt(self, refresh_token: str, request_id: str | None, caller: Caller) -> Attempt:
        def mark(purpose: str, content: str | None) -> str | None:
            if content is None:
                return None
            return self.refresh_tokens.mark(refresh_token, purpose, content)

        return Attempt(
            request_mark=mark("request id", request_id or None),
            binding_mark=mark("client binding", client_binding(caller.origin)),
        )

    async def _rotate(
        self, record: Record, presented: HeldToken, refresh_token: str, attempt: Attempt
    ) -> TokenPair:
        session, now = presented.session, record.at
        expires_at = self.tokens.idle_end(now, session.absolute_expires_at)
        successor = self.refresh_tokens.successor(refresh_token)
        rotation = Rotation(successor_digest=self.refresh_tokens.digest(successor), attempt=attempt)
        await record.unit.refresh_tokens.rotate(
            presented.token.digest, rotation, at=now, session_ends_at=expires_at
        )
        await _succeed(record, presented)
        return self.tokens.pair(
            user=presented.user,
            session=replace(session, last_used_at=now, expires_at=expires_at),
            now=now,
            refresh_token=successor,
        )

    async def _repeat(
        self,
        record: Record,
        presented: HeldToken,
        refresh_token: str,
        forgiveness: Forgiveness,
    ) -> TokenPair:
        """Answer with the same successor; neither the window nor the session gets longer."""
        successor = self._successor_again(presented.token, refresh_token)
        if successor is None:
            # The replay is honest, so its session goes on; but a token made up under another key
            # would be worth nothing.
            raise await _refuse(record, presented, RefreshTokenInvalid())
        if forgiveness is Forgiveness.WINDOW:
            await record.unit.refresh_tokens.count_replay(presented.token.digest)
        await _succeed(record, presented, {"forgiven": forgiveness.value})
        return self.tokens.pair(
            user=presented.user,
            session=presented.session,
            now=record.at,
            refresh_token=successor,
        )

    def _successor_again(self, token: RefreshToken, refresh_token: str) -> str | None:
        if token.rotation is None:
            return None
        return self.refresh_tokens.recover_successor(refresh_token, token.rotation.successor_digest)


def _judge(
    presented: HeldToken, forgiveness: Forgiveness | None, now: datetime
) -> DomainError | None:
    """Say why a token is refused. Reuse comes first: it is a theft even in a dead session.

    A forgiven replay is good for as long as the session, which ends when the successor does; the
    replayed token's own end may pass while its client still waits for the answer.
    """
    token, session = presented.token, presented.session
    if token.used_at is not None and forgiveness is None:
        return RefreshTokenReused()
    if not session.is_alive(now) or (forgiveness is None and now >= token.expires_at):
        return RefreshTokenInvalid()
    if presented.user.status is UserStatus.DELETED:
        return RefreshTokenInvalid()
    if presented.user.status is UserStatus.SUSPENDED:
        return AccountSuspended()
    return None


async def _succeed(
    record: Record, presented: HeldToken, details: AuditDetails | None = None
) -> None:
    affected = the_session(presented.session.id, presented.user.id)
    await record.by(presented.user.id).success(AuditAction.REFRESH, affected, details=details)


async def _refuse(record: Record, presented: HeldToken, error: DomainError) -> DomainError:
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
