"""The core's door on a real PostgreSQL, with real tokens; passwords are hashed by the fake."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from core.config.settings import CoreSettings
from core.crypto.access_tokens import Es256AccessTokens
from core.crypto.identifiers import MonotonicUuid7
from core.crypto.key_ring import KeyRing
from core.crypto.page_tokens import SealedPageTokens
from core.crypto.refresh_tokens import RandomRefreshTokens
from core.domain.caller import ActorType, Caller, Origin
from core.domain.password import PasswordPolicy
from core.domain.user import Role, User
from core.observability.clock import SystemClock
from core.service.use_cases import Ports, UseCases, assemble
from tests.fakes.crypto import FakePasswordHasher
from tests.fakes.world import LIFETIMES, PASSWORD
from tests.postgres_client import open_database
from tests.servers import Database
from tests.unit.crypto.keys import Key
from tests.unit.transport.core_server import Person, ServedCore, serving

LOOPBACK = ("127.0.0.0/8",)
SYSTEM = Caller(
    origin=Origin(request_id="operator", trace_id="0" * 32), actor_type=ActorType.SYSTEM
)


@asynccontextmanager
async def core_on(database: Database) -> AsyncIterator[tuple[ServedCore, UseCases]]:
    """Serve on a database; loopback is trusted."""
    clock = SystemClock()
    ids = MonotonicUuid7(clock=clock)
    key = Key(signs_from=datetime(2020, 1, 1, tzinfo=UTC))
    tokens = Es256AccessTokens(
        keys=KeyRing([key], clock=clock),
        issuer="https://user.test.pandora.exchange",
        audience="pandora-exchange",
        clock=clock,
    )
    async with open_database(database.service_dsn) as storage:
        ports = Ports(
            database=storage,
            clock=clock,
            ids=ids,
            hasher=FakePasswordHasher(),
            access_tokens=tokens,
            refresh_tokens=RandomRefreshTokens(),
            page_tokens=SealedPageTokens(b"k" * 32),
        )
        use_cases = assemble(ports, policy=PasswordPolicy(min_length=8), lifetimes=LIFETIMES)
        settings = CoreSettings(trusted_peers=LOOPBACK)
        async with serving(use_cases, tokens.public_keys, ids, settings) as served:
            yield served, use_cases


async def person(use_cases: UseCases, email: str, role: Role = Role.USER) -> Person:
    """Make somebody with a role, and log in."""
    registered: User = await use_cases.registration.register(
        email=email, password=PASSWORD, full_name=None, caller=SYSTEM
    )
    if role is not Role.USER:
        administration = use_cases.administration
        await administration.set_role(registered.id, role=role, caller=SYSTEM)
    login = await use_cases.login.login(email=email, password=PASSWORD, caller=SYSTEM)
    return Person(user=registered, login=login)
