"""Accounts with sessions, stored without the service: many, in any state, and none twice."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from argon2 import PasswordHasher

from core.crypto.access_tokens import Es256AccessTokens
from core.crypto.identifiers import MonotonicUuid7
from core.crypto.refresh_tokens import ChainedRefreshTokens
from core.domain.access_token import AccessTokenClaims, ServiceToken
from core.domain.email_address import EmailAddress
from core.domain.ports.unit_of_work import UnitOfWork
from core.domain.refresh_token import RefreshToken
from core.domain.session import Session
from core.domain.user import NewUser, Role, User
from core.observability.clock import SystemClock
from core.postgres.database import PostgresDatabase
from tests.e2e.people import PASSWORD
from tests.e2e.signing import codec, token_settings
from tests.e2e.site import Site
from tests.postgres_client import open_database

_SESSION_LIFE: Final = timedelta(days=1)
_HASH: Final = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)


@dataclass(frozen=True, kw_only=True)
class Account:
    """Somebody with a session."""

    user: User
    session: Session
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)

    @property
    def id(self) -> str:
        return str(self.user.id)


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """Makes accounts in one service's database, and signs their tokens with its keys."""

    database: PostgresDatabase
    tokens: Es256AccessTokens
    ids: MonotonicUuid7
    token_life: timedelta

    async def create(
        self,
        unit: UnitOfWork,
        role: Role = Role.USER,
        *,
        suspended: bool = False,
        age: timedelta = timedelta(0),
    ) -> Account:
        """Make somebody who logged in `age` ago; a suspended one still has the session."""
        now = datetime.now(UTC)
        user = await unit.users.create(_new_user(self.ids.new_id(), role, now - age))
        if suspended:
            user = await unit.users.set_suspended(user.id, suspended=True, at=now)
        session = _new_session(self.ids.new_id(), user.id, now - age)
        await unit.sessions.create(session)
        refresh_tokens = ChainedRefreshTokens([bytes(32)])
        refresh_token = refresh_tokens.new()
        await unit.refresh_tokens.add(
            RefreshToken(
                digest=refresh_tokens.digest(refresh_token),
                user_id=user.id,
                session_id=session.id,
                created_at=now - age,
                expires_at=session.expires_at,
            )
        )
        return Account(
            user=user,
            session=session,
            access_token=self._access_token(user, session, now),
            refresh_token=refresh_token,
        )

    async def service_token(self, unit: UnitOfWork, name: str) -> str:
        """Return the token of a platform service, with its record."""
        now = datetime.now(UTC)
        token = ServiceToken(
            id=self.ids.new_id(), service_name=name, issued_at=now, expires_at=now + self.token_life
        )
        await unit.service_tokens.add(token)
        return self.tokens.issue(
            AccessTokenClaims(
                subject=f"service:{name}",
                token_id=token.id,
                issued_at=token.issued_at,
                expires_at=token.expires_at,
                role=Role.SERVICE,
                session_id=None,
                kyc_status=None,
            )
        )

    def _access_token(self, user: User, session: Session, now: datetime) -> str:
        return self.tokens.issue(
            AccessTokenClaims(
                subject=str(user.id),
                token_id=self.ids.new_id(),
                issued_at=now,
                expires_at=now + self.token_life,
                role=user.role,
                session_id=session.id,
                kyc_status=user.kyc_status,
                amr=session.amr,
            )
        )


@asynccontextmanager
async def open_accounts(site: Site) -> AsyncIterator[Accounts]:
    """Connect to a site's database for as long as the block runs."""
    async with open_database(site.database.service_dsn) as database:
        yield Accounts(
            database=database,
            tokens=codec(site),
            ids=MonotonicUuid7(clock=SystemClock()),
            token_life=timedelta(seconds=token_settings(site).access_token_seconds),
        )


def _new_user(user_id: UUID, role: Role, created_at: datetime) -> NewUser:
    email = EmailAddress.parse(f"{user_id.hex}@example.com")
    return NewUser(
        id=user_id,
        email=email.text,
        email_key=email.key,
        full_name="Ada",
        hashed_password=_HASH,
        role=role,
        created_at=created_at,
    )


def _new_session(session_id: UUID, user_id: UUID, opened_at: datetime) -> Session:
    return Session(
        id=session_id,
        user_id=user_id,
        created_at=opened_at,
        last_used_at=opened_at,
        expires_at=opened_at + _SESSION_LIFE,
        absolute_expires_at=opened_at + _SESSION_LIFE,
        amr=("pwd",),
        ip_address=None,
        user_agent=None,
    )
