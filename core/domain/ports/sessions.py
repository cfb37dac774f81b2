"""Storage of sessions, refresh tokens, and the records of service tokens."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from core.domain.access_token import ServiceToken
from core.domain.refresh_token import HeldToken, RefreshToken, Rotation
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
        """Store the first token of a session."""
        ...

    async def get(self, digest: str) -> RefreshToken | None:
        """Return the token, used or not, expired or not."""
        ...

    async def hold(self, digest: str) -> HeldToken | None:
        """Read a token, its session and its user, and hold their rows until the unit of work ends.

        The user's row comes first, then the session's, then the token's; all are as they are
        after any wait for them.
        """
        ...

    async def rotate(
        self, digest: str, rotation: Rotation, *, at: datetime, session_ends_at: datetime
    ) -> bool:
        """Exchange an unused token for its successor; do nothing, and return False, if it is used.

        The successor is stored, and lives as long as its session, which is used `at` this moment
        and ends, if left idle, at `session_ends_at`.
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
