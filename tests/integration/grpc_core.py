"""The core's door on a real PostgreSQL, with real tokens; passwords are hashed by the fake."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

from opentelemetry import trace

from core.config.core_settings import CoreSettings
from core.crypto.access_tokens import Es256AccessTokens
from core.crypto.identifiers import MonotonicUuid7
from core.crypto.key_ring import KeyRing
from core.crypto.keyed_digests import HmacDigests
from core.crypto.mfa_secrets import RandomMfaSecrets
from core.crypto.one_time_tokens import DerivedOneTimeTokens
from core.crypto.page_tokens import SealedPageTokens
from core.crypto.refresh_tokens import ChainedRefreshTokens
from core.domain.caller import ActorType, Caller, Origin
from core.domain.client_network import ExemptNetworks
from core.domain.ports.mfa import SecretBox
from core.domain.session import LoginResult
from core.domain.user import Role
from core.geo.countries import NoCountries
from core.observability.clock import SystemClock
from core.redis.local import LocalAttempts
from core.service.use_cases import Ports, UseCases, assemble
from tests.fakes.audit_seals import FakeLogVerifier
from tests.fakes.crypto import FakePasswordHasher, FakePasswordScreen
from tests.fakes.mfa import FakeSecretBox
from tests.fakes.world import PASSWORD, RULES
from tests.postgres_client import open_database
from tests.servers import Database
from tests.unit.crypto.keys import Key
from tests.unit.transport.core_server import Person, ServedCore, serving

LOOPBACK = ("127.0.0.0/8",)
ONE_TIME_TOKEN_KEY = b"o" * 32
SYSTEM = Caller(
    origin=Origin(request_id="operator", trace_id="0" * 32), actor_type=ActorType.SYSTEM
)

# All of a test's people are behind one address, and some of them fail on purpose.
UNHURRIED = replace(
    RULES,
    exempt=ExemptNetworks.parse(LOOPBACK),
    throttle=replace(
        RULES.throttle,
        account=replace(RULES.throttle.account, from_failure=1000),
        most_failures=1000,
    ),
)


@asynccontextmanager
async def core_on(
    database: Database,
    *,
    secret_box: SecretBox | None = None,
    tracer: trace.Tracer | None = None,
    key: Key | None = None,
) -> AsyncIterator[tuple[ServedCore, UseCases]]:
    """Serve on a database; loopback is trusted. Without another one, the fake seals secrets.

    Cores that are given the same key accept each other's tokens.
    """
    clock = SystemClock()
    ids = MonotonicUuid7(clock=clock)
    key = key or Key(signs_from=datetime(2020, 1, 1, tzinfo=UTC))
    tokens = Es256AccessTokens(
        keys=KeyRing([key], clock=clock),
        issuer="https://user.test.pandora.exchange",
        audience="pandora-exchange",
        clock=clock,
    )
    async with open_database(database.service_dsn, tracer=tracer) as storage:
        ports = Ports(
            database=storage,
            clock=clock,
            ids=ids,
            hasher=FakePasswordHasher(),
            password_screen=FakePasswordScreen(),
            access_tokens=tokens,
            refresh_tokens=ChainedRefreshTokens([b"r" * 32]),
            one_time_tokens=DerivedOneTimeTokens([ONE_TIME_TOKEN_KEY]),
            keyed_digests=HmacDigests(b"d" * 32),
            attempts=LocalAttempts(UNHURRIED.throttle, time.monotonic),
            countries=NoCountries(),
            page_tokens=SealedPageTokens([b"k" * 32]),
            mfa_secrets=RandomMfaSecrets(),
            log_verifier=FakeLogVerifier(),
            secret_box=secret_box or FakeSecretBox(),
        )
        use_cases = assemble(ports, UNHURRIED)
        settings = CoreSettings(trusted_peers=LOOPBACK)
        async with serving(use_cases, tokens.public_keys, ids, clock, settings) as served:
            yield served, use_cases


async def person(use_cases: UseCases, email: str, role: Role = Role.USER) -> Person:
    """Make somebody with a role, and log in."""
    registered = await use_cases.registration.register(
        email=email, password=PASSWORD, full_name=None, caller=SYSTEM
    )
    assert registered is not None
    if role is not Role.USER:
        administration = use_cases.administration
        await administration.set_role(registered.id, role=role, caller=SYSTEM)
    login = await use_cases.login.login(email=email, password=PASSWORD, caller=SYSTEM)
    assert isinstance(login, LoginResult)
    return Person(user=registered, login=login)
