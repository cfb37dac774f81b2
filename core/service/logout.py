"""Logout: a session ends by the wish of whoever holds one of its tokens."""

from dataclasses import dataclass
from uuid import UUID

from core.domain.audit import AuditAction
from core.domain.caller import Caller
from core.domain.errors import (
    PermissionDenied,
    RefreshTokenInvalid,
    TokenExpired,
    TokenInvalid,
    TokenMissing,
)
from core.domain.ports.crypto import AccessTokenCodec, RefreshTokenMint
from core.domain.ports.unit_of_work import Database, UnitOfWork
from core.domain.session import RevocationCause
from core.service.recording import Recorder, no_session, the_session
from core.service.session_ending import end_session


@dataclass(frozen=True, slots=True, kw_only=True)
class Logout:
    """Ends sessions; ending one twice is no error."""

    database: Database
    access_tokens: AccessTokenCodec
    refresh_tokens: RefreshTokenMint
    recorder: Recorder

    async def logout(
        self, *, refresh_token: str | None, access_token: str | None, caller: Caller
    ) -> None:
        """End the session of the refresh token, or without one, of the access token.

        A refresh token that is not known is recorded as a failure but is no error to the client,
        who can do nothing about it (RFC 7009 section 2.2). A used or expired one still says
        which session to end.

        Raises:
            TokenMissing: there is neither token.
            TokenInvalid, TokenExpired: of the access token.
            PermissionDenied: the access token is a service's, which has no session.
        """
        if not refresh_token and not access_token:
            raise TokenMissing
        if access_token and not refresh_token:
            # Before the transaction: a search for its key may take a while.
            await self.access_tokens.learn_key(access_token)
        async with self.database.transaction() as unit:
            if refresh_token:
                await self._by_refresh_token(unit, refresh_token, caller)
            elif access_token:
                await self._by_access_token(unit, access_token, caller)

    async def _by_refresh_token(self, unit: UnitOfWork, refresh_token: str, caller: Caller) -> None:
        token = await unit.refresh_tokens.get(self.refresh_tokens.digest(refresh_token))
        if token is None:
            await self.recorder.begin(unit, caller).refused(
                AuditAction.LOGOUT, no_session(), RefreshTokenInvalid()
            )
            return
        await self._end(unit, token.user_id, token.session_id, caller)

    async def _by_access_token(self, unit: UnitOfWork, access_token: str, caller: Caller) -> None:
        try:
            user_id, session_id = self._session_of(access_token)
        except (TokenInvalid, TokenExpired, PermissionDenied) as error:
            raise await self.recorder.begin(unit, caller).refused(
                AuditAction.LOGOUT, no_session(), error
            ) from None
        await self._end(unit, user_id, session_id, caller)

    def _session_of(self, access_token: str) -> tuple[UUID, UUID]:
        claims = self.access_tokens.read(access_token)
        if claims.session_id is None:
            raise PermissionDenied("A service has no session that could end.")
        return UUID(claims.subject), claims.session_id

    async def _end(self, unit: UnitOfWork, user_id: UUID, session_id: UUID, caller: Caller) -> None:
        await unit.users.lock(user_id)
        record = self.recorder.begin(unit, caller).by(user_id)
        ended = await end_session(
            record, user_id=user_id, session_id=session_id, cause=RevocationCause.LOGOUT
        )
        await record.success(
            AuditAction.LOGOUT,
            the_session(session_id, user_id),
            details={} if ended else {"already_ended": True},
        )
        await unit.commit()
