"""Showing and ending the sessions of a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from core.domain.audit import AuditAction
from core.domain.caller import Caller
from core.domain.errors import SessionNotFound, UserNotFound
from core.domain.ports.clock import Clock
from core.domain.ports.unit_of_work import Database
from core.domain.session import RevocationCause, Session
from core.service.account_locks import lock_account
from core.service.recording import Recorder, the_session, the_user
from core.service.session_ending import end_session, end_sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionControl:
    """Lists and ends sessions."""

    database: Database
    recorder: Recorder
    clock: Clock

    async def list_alive(self, user_id: UUID) -> Sequence[Session]:
        """Return the sessions that are alive, the newest first; a deleted account has none.

        Raises:
            UserNotFound: there is no such account.
        """
        async with self.database.reading() as stored:
            if await stored.users.get_by_id(user_id) is None:
                raise UserNotFound
            return await stored.sessions.list_alive(user_id, now=self.clock.now())

    async def revoke(self, user_id: UUID, session_id: UUID, *, caller: Caller) -> None:
        """End one session; one that was ended already is left alone.

        Raises:
            UserNotFound: there is no such account, or it is deleted.
            SessionNotFound: the person never had such a session.
        """
        async with self.database.transaction() as unit:
            await lock_account(unit, user_id)
            session = await unit.sessions.get(session_id)
            if session is None or session.user_id != user_id:
                raise SessionNotFound
            record = self.recorder.begin(unit, caller)
            cause = RevocationCause.REVOKED
            if await end_session(record, user_id=user_id, session_id=session_id, cause=cause):
                await record.success(AuditAction.SESSION_REVOKE, the_session(session_id, user_id))
                await unit.commit()

    async def revoke_all(self, user_id: UUID, *, keep_current: bool, caller: Caller) -> int:
        """End all living sessions, on request all but the caller's own; return how many.

        Raises:
            UserNotFound: there is no such account, or it is deleted.
        """
        async with self.database.transaction() as unit:
            await lock_account(unit, user_id)
            record = self.recorder.begin(unit, caller)
            keep = caller.session_id if keep_current else None
            ended = await end_sessions(
                record, user_id=user_id, cause=RevocationCause.REVOKED, keep=keep
            )
            if ended:
                await record.success(
                    AuditAction.SESSION_REVOKE,
                    the_user(user_id),
                    details={"revoked_sessions": ended},
                )
                await unit.commit()
            return ended
