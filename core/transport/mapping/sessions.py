"""Sessions."""

from uuid import UUID

from core.domain.session import Session
from core.transport.mapping.times import to_timestamp
from pandora.user.v1 import session_pb2


def to_session(session: Session, *, current: UUID | None) -> session_pb2.Session:
    """Translate a session; `current` is the one that the caller calls with, if any."""
    return session_pb2.Session(
        id=str(session.id),
        user_id=str(session.user_id),
        created_at=to_timestamp(session.created_at),
        last_used_at=to_timestamp(session.last_used_at),
        expires_at=to_timestamp(session.expires_at),
        ip_address=session.ip_address,
        user_agent=session.user_agent,
        current=session.id == current,
    )
