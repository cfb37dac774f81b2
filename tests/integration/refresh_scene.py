"""Refresh on a real PostgreSQL with real derivation, under a clock that the test moves."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Any

import psycopg

from core.crypto.refresh_tokens import ChainedRefreshTokens
from core.domain.caller import Caller
from core.domain.errors import DomainError
from core.domain.session import TokenPair
from core.domain.user import User
from core.service.turns import Turns
from tests.fakes.world import ORIGIN, World
from tests.postgres_client import empty, open_database, until
from tests.servers import Database

KEY = b"r" * 32

Outcome = TokenPair | DomainError


def client(address: str = "203.0.113.7", user_agent: str = "browser/1.0") -> Caller:
    """Make somebody of whom only network and user agent are known."""
    return Caller(origin=replace(ORIGIN, ip_address=address, user_agent=user_agent))


VICTIM = client()
THIEF = client("198.51.100.9")


@dataclass(kw_only=True)
class Scene:
    """A person with one session; `first` is the pair that the login answered."""

    world: World
    mint: ChainedRefreshTokens
    database: Database
    user: User
    first: TokenPair

    def __post_init__(self) -> None:
        # Processes share nothing but the database; here that leaves the turns.
        one = self.world.use_cases.refresh
        self._replicas = cycle((one, replace(one, turns=Turns())))

    async def refresh(
        self, refresh_token: str, *, by: Caller = VICTIM, request_id: str | None = None
    ) -> TokenPair:
        """Refresh at one of two replicas; calls alternate between them."""
        return await next(self._replicas).refresh(
            refresh_token=refresh_token, request_id=request_id, caller=by
        )

    async def attempt(
        self, refresh_token: str, *, by: Caller = VICTIM, request_id: str | None = None
    ) -> Outcome:
        """Refresh, and return the refusal in place of raising it."""
        try:
            return await self.refresh(refresh_token, by=by, request_id=request_id)
        except DomainError as error:
            return error

    def rows(self, statement: str, *values: object) -> Sequence[tuple[Any, ...]]:
        """Ask the database behind the service's back, as one who sees what others wait for."""
        with psycopg.connect(self.database.admin_dsn) as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def unused_tokens(self) -> Sequence[str]:
        """Return the digests of the session's tokens that nobody has used."""
        found = self.rows(
            "SELECT token FROM refresh_tokens WHERE session_id = %s AND used_at IS NULL",
            self.first.session_id,
        )
        return [digest for (digest,) in found]

    def revocation(self) -> str | None:
        """Return why the session was revoked, or None: it is not."""
        ((cause,),) = self.rows(
            "SELECT revocation_cause FROM sessions WHERE id = %s", self.first.session_id
        )
        return None if cause is None else str(cause)

    def events(self) -> Sequence[str]:
        """Return the types of all events, in their order."""
        found = self.rows("SELECT event_type FROM outbox ORDER BY sequence")
        return [event_type for (event_type,) in found]

    def refreshes(self) -> Sequence[tuple[str, str | None, str | None]]:
        """Return outcome, reason and forgiveness of every audited refresh, in their order."""
        found = self.rows(
            "SELECT outcome, reason, details ->> 'forgiven' FROM audit_events"
            " WHERE action = 'auth.refresh' ORDER BY sequence"
        )
        return [(outcome, reason, forgiven) for outcome, reason, forgiven in found]

    async def until_somebody_waits(self, number: int = 1) -> None:
        """Return once so many statements of the service wait for a lock."""

        async def waiting() -> bool:
            found = self.rows(
                "SELECT 1 FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            return len(found) >= number

        await until(waiting)


@asynccontextmanager
async def refresh_scene(database: Database) -> AsyncIterator[Scene]:
    """Open the service on an emptied database, and log somebody in."""
    empty(database.admin_dsn)
    async with open_database(database.service_dsn) as storage:
        mint = ChainedRefreshTokens([KEY])
        world = World(storage=storage, refresh_tokens=mint)
        user = await world.register()
        first = (await world.login()).tokens
        yield Scene(world=world, mint=mint, database=database, user=user, first=first)
