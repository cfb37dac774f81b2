"""Sessions in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core.domain.session import RevocationCause, Session, SessionState
from core.postgres import session_rows as rows
from core.postgres.execution import Executor
from core.postgres.session_states import SessionStateReader
from core.postgres.statements import One


class PostgresSessions:
    """Implements the port SessionRepository."""

    def __init__(self, executor: Executor, states: SessionStateReader) -> None:
        """Take what runs the statements, and the way in which states are read."""
        self._run = executor
        self._states = states

    async def create(self, session: Session) -> None:
        """Store a session."""
        params = rows.NewSessionParams(
            id=session.id,
            user_id=session.user_id,
            created_at=session.created_at,
            last_used_at=session.last_used_at,
            expires_at=session.expires_at,
            absolute_expires_at=session.absolute_expires_at,
            amr=list(session.amr),
            ip_address=session.ip_address,
            user_agent=session.user_agent,
            revoked_at=session.revoked_at,
            revocation_cause=session.revocation_cause,
        )
        await self._run.execute(rows.CREATE_SESSION, params)

    async def get(self, session_id: UUID) -> Session | None:
        """Return the session, alive or not."""
        return await self._read(rows.GET_SESSION, session_id)

    async def get_state(self, session_id: UUID) -> SessionState | None:
        """Return what authentication needs of the session and its user."""
        return await self._states(session_id)

    async def lock(self, session_id: UUID) -> Session | None:
        """Read the session and hold its row."""
        return await self._read(rows.LOCK_SESSION, session_id)

    async def list_alive(self, user_id: UUID, *, now: datetime) -> Sequence[Session]:
        """Return the living sessions of a person, the newest first."""
        params = rows.SessionsAliveParams(user_id=user_id, now=now)
        found = await self._run.many(rows.LIST_SESSIONS_ALIVE, params)
        return [rows.to_session(row) for row in found]

    async def revoke(self, session_id: UUID, *, cause: RevocationCause, at: datetime) -> bool:
        """End a session; return False where it was revoked or gone already."""
        params = rows.RevokeSessionParams(session_id=session_id, cause=cause.value, at=at)
        return await self._run.execute(rows.REVOKE_SESSION, params) == 1

    async def revoke_all(
        self, user_id: UUID, *, cause: RevocationCause, at: datetime, keep: UUID | None = None
    ) -> Sequence[UUID]:
        """End every living session of a person but `keep`; return their ids, sorted."""
        params = rows.RevokeSessionsParams(user_id=user_id, cause=cause.value, at=at, keep=keep)
        return [row.id for row in await self._run.many(rows.REVOKE_SESSIONS_OF_USER, params)]

    async def _read(
        self, statement: One[rows.SessionIdParams, rows.SessionRecord], session_id: UUID
    ) -> Session | None:
        record = await self._run.one(statement, rows.SessionIdParams(session_id=session_id))
        return None if record is None else rows.to_session(record)
