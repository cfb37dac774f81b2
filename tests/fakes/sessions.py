"""Sessions, refresh tokens and records of service tokens in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from core.domain.access_token import ServiceToken
from core.domain.refresh_token import HeldToken, RefreshToken, Rotation
from core.domain.session import RevocationCause, Session, SessionState
from tests.fakes.scope import LockKey, Scope, user_row
from tests.fakes.tables import PortMisuse


class FakeSessions:
    """Implements the port SessionRepository."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._rows = scope.view.sessions

    async def create(self, session: Session) -> None:
        await self._scope.write("sessions.create", _session_row(session.id))
        if self._scope.view.users.get(session.user_id) is None:
            raise PortMisuse("a session needs a user")
        self._rows.add(session.id, session)

    async def get(self, session_id: UUID) -> Session | None:
        await self._scope.read("sessions.get")
        return self._rows.get(session_id)

    async def get_state(self, session_id: UUID) -> SessionState | None:
        await self._scope.read("sessions.get_state")
        session = self._rows.get(session_id)
        stored = None if session is None else self._scope.view.users.get(session.user_id)
        if session is None or stored is None:
            return None
        return SessionState(
            session_id=session.id,
            authenticated_at=session.created_at,
            revoked_at=session.revoked_at,
            absolute_expires_at=session.absolute_expires_at,
            user=stored.user,
        )

    async def lock(self, session_id: UUID) -> Session | None:
        await self._scope.write("sessions.lock")
        session = self._rows.get(session_id)
        if session is None:
            return None
        if not self._scope.holds(user_row(session.user_id)):
            raise PortMisuse("a session is locked after its user")
        await self._scope.hold(_session_row(session_id))
        return self._rows.get(session_id)

    async def list_alive(self, user_id: UUID, *, now: datetime) -> Sequence[Session]:
        await self._scope.read("sessions.list_alive")
        return sorted(self._alive(user_id, now), key=_age, reverse=True)

    async def revoke(self, session_id: UUID, *, cause: RevocationCause, at: datetime) -> bool:
        await self._scope.write("sessions.revoke", _session_row(session_id))
        session = self._rows.get(session_id)
        if session is None or session.revoked_at is not None:
            return False
        self._rows.replace(session_id, replace(session, revoked_at=at, revocation_cause=cause))
        return True

    async def revoke_all(
        self, user_id: UUID, *, cause: RevocationCause, at: datetime, keep: UUID | None = None
    ) -> Sequence[UUID]:
        await self._scope.write("sessions.revoke_all")
        alive = sorted(session.id for session in self._alive(user_id, at) if session.id != keep)
        return [one for one in alive if await self.revoke(one, cause=cause, at=at)]

    def _alive(self, user_id: UUID, now: datetime) -> list[Session]:
        return [
            session
            for session in self._rows.values()
            if session.user_id == user_id and session.is_alive(now)
        ]


class FakeRefreshTokens:
    """Implements the port RefreshTokenRepository."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._rows = scope.view.refresh_tokens

    async def add(self, token: RefreshToken) -> None:
        await self._scope.write("refresh_tokens.add", _refresh_token_row(token.digest))
        if self._scope.view.sessions.get(token.session_id) is None:
            raise PortMisuse("a refresh token needs a session")
        if any(self._unused(other) for other in self._of(token.session_id)):
            raise PortMisuse("a session has one unused refresh token at a time")
        self._rows.add(token.digest, token)

    async def get(self, digest: str) -> RefreshToken | None:
        await self._scope.read("refresh_tokens.get")
        token = self._rows.get(digest)
        if token is None or token.rotation is None:
            return token
        successor = self._rows.get(token.rotation.successor_digest)
        used = successor is not None and not self._unused(successor)
        return replace(token, rotation=replace(token.rotation, successor_used=used))

    async def hold(self, digest: str) -> HeldToken | None:
        await self._scope.read("refresh_tokens.hold")
        known = self._rows.get(digest)
        if known is None:
            return None
        await self._scope.write("refresh_tokens.hold", user_row(known.user_id))
        for row in (_session_row(known.session_id), _refresh_token_row(digest)):
            await self._scope.hold(row)
        stored = self._scope.view.users.get(known.user_id)
        session = self._scope.view.sessions.get(known.session_id)
        token = await self.get(digest)
        if stored is None or session is None or token is None:
            return None
        return HeldToken(token=token, session=session, user=stored.user)

    async def rotate(
        self, digest: str, rotation: Rotation, *, at: datetime, session_ends_at: datetime
    ) -> bool:
        await self._scope.write("refresh_tokens.rotate", _refresh_token_row(digest))
        token = self._rows.get(digest)
        if token is None or not self._unused(token):
            return False
        await self._scope.hold(_session_row(token.session_id))
        self._rows.replace(digest, replace(token, used_at=at, rotation=rotation))
        session = self._scope.view.sessions.get(token.session_id)
        if session is not None:
            extended = replace(session, last_used_at=at, expires_at=session_ends_at)
            self._scope.view.sessions.replace(session.id, extended)
        self._rows.add(
            rotation.successor_digest,
            RefreshToken(
                digest=rotation.successor_digest,
                user_id=token.user_id,
                session_id=token.session_id,
                created_at=at,
                expires_at=session_ends_at,
            ),
        )
        return True

    async def count_replay(self, digest: str) -> None:
        await self._scope.write("refresh_tokens.count_replay", _refresh_token_row(digest))
        token = self._rows.get(digest)
        if token is not None and token.rotation is not None:
            counted = replace(token.rotation, window_replays=token.rotation.window_replays + 1)
            self._rows.replace(digest, replace(token, rotation=counted))

    def _of(self, session_id: UUID) -> list[RefreshToken]:
        return [token for token in self._rows.values() if token.session_id == session_id]

    @staticmethod
    def _unused(token: RefreshToken) -> bool:
        return token.used_at is None


class FakeServiceTokens:
    """Implements the port ServiceTokenRepository."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._rows = scope.view.service_tokens

    async def add(self, token: ServiceToken) -> None:
        await self._scope.write("service_tokens.add", _service_token_row(token.id))
        self._rows.add(token.id, token)

    async def get(self, token_id: UUID) -> ServiceToken | None:
        await self._scope.read("service_tokens.get")
        return self._rows.get(token_id)

    async def revoke_all(self, service_name: str, *, at: datetime) -> int:
        await self._scope.write("service_tokens.revoke_all")
        revoked = 0
        for token_id in sorted(token.id for token in self._rows.values()):
            await self._scope.hold(_service_token_row(token_id))
            token = self._rows.get(token_id)
            if token is not None and token.service_name == service_name and _counts(token, at):
                self._rows.replace(token_id, replace(token, revoked_at=at))
                revoked += 1
        return revoked


def _counts(token: ServiceToken, at: datetime) -> bool:
    return token.revoked_at is None and at < token.expires_at


def _age(session: Session) -> tuple[datetime, UUID]:
    return (session.created_at, session.id)


def _session_row(session_id: UUID) -> LockKey:
    return ("session", session_id)


def _refresh_token_row(digest: str) -> LockKey:
    return ("refresh token", digest)


def _service_token_row(token_id: UUID) -> LockKey:
    return ("service token", token_id)
