"""The whole service on fakes, and the people who use it."""

from dataclasses import replace
from uuid import UUID

from core.domain.audit import AuditEntry
from core.domain.caller import ActorType, Caller, Origin
from core.domain.password import PasswordPolicy
from core.domain.session import LoginResult, SessionLifetimes
from core.domain.user import Role, User
from core.service.use_cases import Ports, UseCases, assemble
from tests.fakes.clock import FakeClock
from tests.fakes.crypto import (
    FakeAccessTokenCodec,
    FakePageTokenCodec,
    FakePasswordHasher,
    FakeRefreshTokenMint,
)
from tests.fakes.database import FakeDatabase
from tests.fakes.ids import FakeIds

PASSWORD = "correct horse battery staple"

LIFETIMES = SessionLifetimes(
    access_token_seconds=900,
    refresh_idle_seconds=7 * 24 * 3600,
    refresh_absolute_seconds=30 * 24 * 3600,
)

ORIGIN = Origin(
    request_id="request-1",
    trace_id="0af7651916cd43dd8448eb211c80319c",
    ip_address="203.0.113.7",
    user_agent="browser/1.0",
)


class World:
    """One service with everything that it needs, all of it in memory."""

    def __init__(self, lifetimes: SessionLifetimes = LIFETIMES) -> None:
        self.database = FakeDatabase()
        self.clock = FakeClock()
        self.ids = FakeIds(self.clock)
        self.hasher = FakePasswordHasher()
        self.access_tokens = FakeAccessTokenCodec(self.clock)
        self.refresh_tokens = FakeRefreshTokenMint()
        self.page_tokens = FakePageTokenCodec()
        ports = Ports(
            database=self.database,
            clock=self.clock,
            ids=self.ids,
            hasher=self.hasher,
            access_tokens=self.access_tokens,
            refresh_tokens=self.refresh_tokens,
            page_tokens=self.page_tokens,
        )
        self.use_cases: UseCases = assemble(
            ports, policy=PasswordPolicy(min_length=8), lifetimes=lifetimes
        )
        self.nobody = Caller(origin=ORIGIN)
        self.system = Caller(origin=ORIGIN, actor_type=ActorType.SYSTEM)

    async def register(self, email: str = "ada@example.com", full_name: str | None = None) -> User:
        """Make an account."""
        return await self.use_cases.registration.register(
            email=email, password=PASSWORD, full_name=full_name, caller=self.nobody
        )

    async def create_admin(self, email: str = "root@example.com") -> User:
        """Make an administrator."""
        return await self.use_cases.administration.create_admin(
            email=email, password=PASSWORD, full_name=None, caller=self.system
        )

    async def login(self, email: str = "ada@example.com", password: str = PASSWORD) -> LoginResult:
        """Open a session."""
        return await self.use_cases.login.login(email=email, password=password, caller=self.nobody)

    def caller(self, user: User, session_id: UUID | None = None) -> Caller:
        """Call as a person."""
        return Caller(origin=ORIGIN, user_id=user.id, session_id=session_id, role=user.role)

    def staff(self, role: Role = Role.ADMIN) -> Caller:
        """Call as somebody of the staff, whose account is not in the database."""
        return Caller(origin=ORIGIN, user_id=self.ids.new_id(), role=role)

    def stored_user(self, user_id: UUID) -> User:
        """Look at what is committed of an account."""
        return self.database.tables.users[user_id].user

    def store_user(self, user: User) -> None:
        """Put an account into a state that no use case would bring it into."""
        stored = self.database.tables.users[user.id]
        self.database.tables.users[user.id] = replace(stored, user=user)

    def store_password_hash(self, user_id: UUID, hashed_password: str) -> None:
        """Change a password behind the service's back."""
        stored = self.database.tables.users[user_id]
        self.database.tables.users[user_id] = replace(stored, hashed_password=hashed_password)

    def forget_the_past(self) -> None:
        """Empty the journals, so that a test sees only what it does itself."""
        self.database.tables.audit.clear()
        self.database.tables.outbox.clear()
        self.database.steps.clear()

    @property
    def only_audit_entry(self) -> AuditEntry:
        """The one row of the audit log."""
        (entry,) = self.database.audit_entries
        return entry
