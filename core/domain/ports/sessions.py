"""Storage of sessions, refresh tokens, and the records of service tokens."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from core.domain.access_token import ServiceToken
from core.domain.refresh_token import RefreshToken, Rotation
from core.domain.session import RevocationCause, Session, SessionState


class SessionRepository(Protocol):
    """Sessions. DependencyUnavailable comes from any method when the storage is out of reach."""

    async def create(self, session: Session) -> None:
        """Store a session."""
        ...

    async def get(self, session_id: UUID) -> Session | None:
        """Return the session, alive or not."""
        ...

    async def get_state(self, session_id: UUID) -> SessionState | None:
        """Return what authentication needs of the session and its user, in one read."""
        ...

    async def lock(self, session_id: UUID) -> Session | None:
        """Read the session and hold its row until the unit of work ends; after the user's row."""
        ...

    async def list_alive(self, user_id: UUID, *, now: datetime) -> Sequence[Session]:
        """Return the sessions that are neither revoked nor expired, the newest first."""
        ...

    async def extend(self, session_id: UUID, *, used_at: datetime, expires_at: datetime) -> None:
        """Record a refresh: when it was, and when the session now ends if left idle."""
        ...

    async def revoke(self, session_id: UUID, *, cause: RevocationCause, at: datetime) -> bool:
        """End a session; return False where it was revoked or gone already."""
        ...

    async def revoke_all(
        self, user_id: UUID, *, cause: RevocationCause, at: datetime, keep: UUID | None = None
    ) -> Sequence[UUID]:
        """End every living session of a person but `keep`; return their ids, sorted."""
        ...


class RefreshTokenRepository(Protocol):
    """Refresh tokens by digest. A session has at most one that is not used."""

    async def add(self, token: RefreshToken) -> None:
        """Store a token; the one before it in its session was rotated already."""
        ...

    async def get(self, digest: str) -> RefreshToken | None:
        """Return the token, used or not, expired or not."""
        ...

    async def rotate(self, digest: str, rotation: Rotation, *, at: datetime) -> bool:
        """Mark an unused token as used; return False where it was used already.

        The successor is stored in the same unit of work, afterwards.
        """
        ...

    async def count_replay(self, digest: str) -> None:
        """Count one more replay that the window has forgiven."""
        ...


class ServiceTokenRepository(Protocol):
    """Records of the tokens that other services call with."""

    async def add(self, token: ServiceToken) -> None:
        """Store the record of a minted token."""
        ...

    async def get(self, token_id: UUID) -> ServiceToken | None:
        """Return the record, revoked or not."""
        ...

    async def revoke_all(self, service_name: str, *, at: datetime) -> int:
        """Revoke every token of a service that is alive; return how many."""
        ...
