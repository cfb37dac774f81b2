"""People out of a database, some with sessions that are opened for the measurement."""

import asyncio
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final
from uuid import UUID

import psycopg

from bench.errors import BenchError
from core.crypto.refresh_tokens import ChainedRefreshTokens
from core.domain.access_token import AccessTokenClaims
from core.domain.kyc import KycStatus
from core.domain.ports.unit_of_work import UnitOfWork
from core.domain.refresh_token import RefreshToken
from core.domain.session import Session
from core.domain.user import Role
from tests.e2e.accounts import Accounts, open_accounts
from tests.e2e.site import Site

_SESSION_LIFE: Final = timedelta(days=7)
# Spread over the whole table: neighbours in it would share pages of the cache.
_SAMPLE: Final = """
    SELECT id, email, role FROM users AS u
    WHERE role = ANY (%(roles)s) AND suspended_at IS NULL AND deleted_at IS NULL
      -- Staff are not asked to log in here; people are, by a password alone.
      AND (role <> 'user' OR NOT mfa_enabled AND NOT EXISTS (
          SELECT FROM totp_enrolments AS t WHERE t.user_id = u.id))
    ORDER BY md5(id::text || %(seed)s) LIMIT %(count)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody with a session."""

    user_id: UUID
    email: str
    session_id: UUID
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who calls: members, e-mail addresses to log in with, a platform service."""

    members: Sequence[Member]
    emails: Sequence[str]
    password: str = field(repr=False)
    service_token: str = field(repr=False)
    _unused: Iterator[Member] = field(repr=False)

    def refresh_tokens(self, count: int) -> list[str]:
        """Return tokens that were never returned before. Raises BenchError if too few are left."""
        taken = [member.refresh_token for member in islice(self._unused, count)]
        if len(taken) < count:
            raise BenchError("not enough sessions were opened for so many rounds of refreshes")
        return taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody in the database."""

    user_id: UUID
    email: str
    role: Role = Role.USER


STAFF: Final = (Role.SUPPORT, Role.COMPLIANCE, Role.ADMIN)
"""Who may list users."""


def sample(
    site: Site, count: int, *, roles: Sequence[Role] = (Role.USER,), seed: str = ""
) -> list[Person]:
    """Return active people, by chance; users without a second factor.

    Raises:
        BenchError: there is nobody.
    """
    params = {"roles": [role.value for role in roles], "seed": seed, "count": count}
    with psycopg.connect(site.database.admin_dsn) as connection:
        found = connection.execute(_SAMPLE, params).fetchall()
    if not found:
        raise BenchError(f"the database has nobody of the roles {params['roles']}")
    return [Person(user_id=user_id, email=email, role=Role(role)) for user_id, email, role in found]


def gather(site: Site, *, members: int, emails: int) -> People:
    """Open a session for so many people, and find addresses of others."""
    return asyncio.run(_gather(site, members, emails))


async def open_session(accounts: Accounts, unit: UnitOfWork, person: Person) -> Member:
    """Open one as a login does."""
    now = datetime.now(UTC)
    session = Session(
        id=accounts.ids.new_id(),
        user_id=person.user_id,
        created_at=now,
        last_used_at=now,
        expires_at=now + _SESSION_LIFE,
        absolute_expires_at=now + _SESSION_LIFE,
        amr=("pwd",),
        ip_address=None,
        user_agent=None,
    )
    await unit.sessions.create(session)
    mint = ChainedRefreshTokens([bytes(32)])
    refresh_token = mint.new()
    await unit.refresh_tokens.add(
        RefreshToken(
            digest=mint.digest(refresh_token),
            user_id=person.user_id,
            session_id=session.id,
            created_at=now,
            expires_at=session.expires_at,
        )
    )
    claims = AccessTokenClaims(
        subject=str(person.user_id),
        token_id=accounts.ids.new_id(),
        issued_at=now,
        expires_at=now + accounts.token_life,
        role=person.role,
        session_id=session.id,
        kyc_status=KycStatus.PENDING,
        amr=session.amr,
    )
    return Member(
        user_id=person.user_id,
        email=person.email,
        session_id=session.id,
        access_token=accounts.tokens.issue(claims),
        refresh_token=refresh_token,
    )


async def _gather(site: Site, members: int, emails: int) -> People:
    found = sample(site, members + emails)
    # In a small database the same people serve for both.
    chosen = [found[number % len(found)] for number in range(members)]
    others = found[members:] or found
    async with open_accounts(site) as accounts, accounts.database.transaction() as unit:
        service = await accounts.service_token(unit, f"bench-{uuid.uuid4().hex[:8]}")
        opened = [await open_session(accounts, unit, person) for person in chosen]
        await unit.commit()
    return People(
        members=opened,
        emails=[person.email for person in others],
        password=site.access.user_password,
        service_token=service,
        _unused=iter(opened),
    )
