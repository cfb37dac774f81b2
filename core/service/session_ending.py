"""Ending sessions before their time, in whatever use case it becomes necessary."""

from uuid import UUID

from core.domain.events import SessionRevoked
from core.domain.session import RevocationCause
from core.service.recording import Record


async def end_session(
    record: Record, *, user_id: UUID, session_id: UUID, cause: RevocationCause
) -> bool:
    """End one session and tell of it; return False where it had ended already.

    The user's row is locked, so that a refresh going on at the same time is either done or not
    begun.
    """
    ended = await record.unit.sessions.revoke(session_id, cause=cause, at=record.at)
    if ended:
        await record.event(SessionRevoked(user_id=user_id, session_id=session_id, cause=cause))
    return ended


async def end_sessions(
    record: Record, *, user_id: UUID, cause: RevocationCause, keep: UUID | None = None
) -> int:
    """End every living session of a person but `keep`, tell of each, and return how many."""
    ended = await record.unit.sessions.revoke_all(user_id, cause=cause, at=record.at, keep=keep)
    for session_id in ended:
        await record.event(SessionRevoked(user_id=user_id, session_id=session_id, cause=cause))
    return len(ended)
