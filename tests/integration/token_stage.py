"""The service on PostgreSQL with everybody who uses it; actions run side by side."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count, cycle
from typing import Final

import psycopg

from core.crypto.refresh_tokens import ChainedRefreshTokens
from core.domain.audit import AuditFilter
from core.domain.caller import Caller
from core.domain.errors import DomainError
from core.domain.ports.unit_of_work import Database
from core.domain.session import LoginResult
from core.service.refresh import Refresh
from core.service.turns import Turns
from tests import servers
from tests.fakes.world import LIFETIMES, ORIGIN, PASSWORD, World
from tests.integration.token_actions import Action, Device, Person, Present
from tests.integration.token_model import IDLE, Link, Presentation, SessionModel
from tests.postgres_client import open_database

Place = tuple[str, str, str]
"""An address, the network around it, and a user agent."""

HOME: Final[Place] = ("203.0.113.7", "203.0.113.0/24", "browser/1.0")
NEXT_DOOR: Final[Place] = ("203.0.113.250", "203.0.113.0/24", "browser/1.0")
OTHER_BROWSER: Final[Place] = ("203.0.113.7", "203.0.113.0/24", "browser/2.0")
ABROAD: Final[Place] = ("2001:db8:1:2::7", "2001:db8:1:2::/64", "browser/1.0")

_ACCESS_LIFE: Final = timedelta(seconds=LIFETIMES.access_token_seconds - 1)
"""An access token's end is a whole second."""

_SESSIONS: Final = """
SELECT s.id, s.revoked_at IS NOT NULL, array_agg(t.token)
FROM sessions AS s LEFT JOIN refresh_tokens AS t ON t.session_id = s.id AND t.used_at IS NULL
WHERE s.id = ANY(%s)
GROUP BY s.id
"""


@dataclass(kw_only=True, eq=False)
class Stage:
    """One service for many plays; `people` are those of the present one."""

    world: World
    database: Database
    dsn: str = field(repr=False)
    mint: ChainedRefreshTokens
    replicas: Iterator[Refresh]
    people: list[Person] = field(default_factory=list)
    keys: int = 1
    _numbers: "count[int]" = field(default_factory=lambda: count(1))
    _audited_until: int = 0

    @property
    def devices(self) -> list[Device]:
        return [device for person in self.people for device in person.devices]

    def caller(self, place: Place = HOME, *, device: Device | None = None) -> Caller:
        """Make a caller whose row in the audit log is found again by its request id."""
        address, _, agent = place
        origin = replace(
            ORIGIN, request_id=f"call-{next(self._numbers)}", ip_address=address, user_agent=agent
        )
        if device is None:
            return Caller(origin=origin)
        user, session = device.person.user, device.session
        return Caller(origin=origin, user_id=user.id, role=user.role, session_id=session.session_id)

    def new_name(self, prefix: str) -> str:
        """Return a name that nothing else has."""
        return f"{prefix}-{next(self._numbers)}"

    def presentation(self, token: str, place: Place, request_id: str | None) -> Presentation:
        _, network, agent = place
        caller = self.caller(place)
        return Presentation(
            token=token, request_id=request_id, network=network, agent=agent, caller=caller
        )

    def honest(self, device: Device, place: Place = HOME, *, lost: bool = False) -> Present:
        """Let a device refresh what it has stored, or retry what was not answered."""
        what = device.pending
        if what is None:
            named = lost or place is NEXT_DOOR
            name = self.new_name("attempt") if named else None
            what = self.presentation(device.stored, place, name)
        else:
            what = self.presentation(what.token, place, what.request_id)
        return Present(device=device, what=what, at=next(self.replicas), honest=True, lost=lost)

    def theft(
        self, device: Device, token: str, place: Place, *, knows_name: bool = False
    ) -> Present:
        """Let a thief present a token, on request with the name that its rotation had."""
        used_by = next(link.used_by for link in device.session.chain if link.token == token)
        name = used_by.request_id if used_by is not None and knows_name else None
        what = self.presentation(token, place, name)
        return Present(device=device, what=what, at=next(self.replicas), honest=False)

    async def register(self) -> Person:
        """Make an account with one device."""
        user = await self.world.register(f"{self.new_name('person')}@example.com")
        person = Person(user=user, password=PASSWORD)
        self.people.append(person)
        await self.log_in(person)
        return person

    async def log_in(self, person: Person) -> Device:
        """Open a session on a new device."""
        login = await self.world.login(person.user.email, person.password)
        assert isinstance(login, LoginResult)
        tokens, now = login.tokens, self.world.clock.now()
        session = SessionModel(
            session_id=tokens.session_id,
            opened_at=now,
            chain=[Link(token=tokens.refresh_token)],
            access_tokens=[(tokens.access_token, now)],
            expires_at=now + IDLE,
        )
        device = Device(person=person, session=session, stored=tokens.refresh_token)
        person.devices.append(device)
        return device

    def rotate_key(self) -> None:
        """Derive with another key from now on; the old ones are known still."""
        self.keys += 1
        self.mint.replace([number.to_bytes(32, "big") for number in range(self.keys, 0, -1)])

    async def perform(self, actions: Sequence[Action]) -> None:
        """Do everything at once, then compare with what the model says of the order it had.

        Rows of the audit log are written under the person's lock: their sequence is the order in
        which actions on one person took effect. What changed nothing and has no row comes last.
        """
        outcomes = await asyncio.gather(*(self._outcome(action) for action in actions))
        places = await self._audit_order()

        def place(done: tuple[Action, object]) -> int:
            return places.get(done[0].caller.origin.request_id, len(places))

        for action, outcome in sorted(zip(actions, outcomes, strict=True), key=place):
            action.settle(outcome, self.world)

    async def make_amends(self) -> None:
        """Give suspended and deleted people their accounts back; their sessions stay ended."""
        for person in self.people:
            user_id = person.user.id
            await self.world.use_cases.deletion.restore(user_id, caller=self.caller())
            await self.world.use_cases.administration.reactivate(
                user_id, reason="cleared", caller=self.caller()
            )

    def check_rows(self) -> None:
        """Each session has one token that is not used, and is revoked exactly if it should be."""
        sessions = {device.session.session_id: device for device in self.devices}
        with psycopg.connect(self.dsn) as connection:
            rows = connection.execute(_SESSIONS, (list(sessions),)).fetchall()
        assert len(rows) == len(sessions)
        for session_id, revoked, unused in rows:
            device = sessions[session_id]
            assert unused == [self.mint.digest(device.session.newest.token)], "two live tokens"
            assert not (revoked and device.must_live()), "an honest client was logged out"
            assert revoked == device.session.revoked

    async def check_access_tokens(self, devices: Iterable[Device]) -> None:
        """Access tokens live as long as they say, through any rotation, but not without session."""
        now = self.world.clock.now()
        for device in devices:
            for token, issued_at in device.session.access_tokens:
                claims = await self.world.use_cases.introspection.introspect(token)
                young = now < issued_at + _ACCESS_LIFE
                if device.session.revoked:
                    assert claims is None, "a token lives after the revocation"
                elif young and device.session.is_alive(now):
                    assert claims is not None, "a rotation ended an access token"

    async def _outcome(self, action: Action) -> object:
        try:
            return await action.call(self.world)
        except DomainError as error:
            return error

    async def _audit_order(self) -> dict[str, int]:
        """Return the place of each call since the last time, by its request id."""
        async with self.database.reading() as stored:
            newest = await stored.audit.list_page(AuditFilter(), before=None, limit=500)
        fresh = [event for event in reversed(newest) if event.sequence > self._audited_until]
        self._audited_until = newest[0].sequence
        return {event.entry.request_id: place for place, event in enumerate(fresh)}


@asynccontextmanager
async def stage_on(database: servers.Database) -> AsyncIterator[Stage]:
    """Open the service on a database."""
    async with open_database(database.service_dsn) as storage:
        mint = ChainedRefreshTokens([(1).to_bytes(32, "big")])
        world = World(storage=storage, refresh_tokens=mint)
        one = world.use_cases.refresh
        yield Stage(
            world=world,
            database=storage,
            dsn=database.owner_dsn,
            mint=mint,
            # Processes share nothing but the database; here that leaves the turns.
            replicas=cycle((one, replace(one, turns=Turns()))),
        )
