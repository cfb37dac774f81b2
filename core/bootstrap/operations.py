"""What an operator does on the command line, with the same use cases that serve everybody."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from core.bootstrap.dependencies import open_database
from core.bootstrap.foundation import Foundation, postgres_options, read_secrets
from core.bootstrap.limits import unshared_attempts
from core.bootstrap.postgres_logins import single_login
from core.bootstrap.refusals import OperationRefused
from core.bootstrap.startup import Startup
from core.bootstrap.use_cases import assemble_use_cases, prepare_crypto
from core.config.settings import Environment
from core.domain.audit import AuditEntry
from core.domain.caller import ActorType, Caller, Origin
from core.domain.errors import DomainError, ViolationError
from core.geo.countries import NoCountries
from core.postgres import migration
from core.postgres.connection import PostgresLogin
from core.postgres.dsn import dsn
from core.service.seeding import Seeding
from core.service.use_cases import UseCases
from core.vault.secrets import DEV_SEED, POSTGRES_OWNER, DevSeed
from core.vault.source import SecretSource


async def migrate(foundation: Foundation) -> None:
    """Bring the schema up to this version, as the owner whose password Vault keeps.

    Raises:
        StartFailed: Vault or PostgreSQL is out of reach, or a migration failed.
    """
    settings = foundation.settings
    async with Startup() as startup:
        owner = await startup.step("read the owner's login from Vault", _owner(startup, foundation))
        target = dsn(postgres_options(settings.postgres, process="migrate"), owner)
        await startup.step("migrate", asyncio.to_thread(migration.upgrade, target))
    sys.stdout.write(f"the schema is at revision {migration.head()}\n")


async def seed(foundation: Foundation) -> None:
    """Make the mock data of the dev environment; what exists is left as it is.

    Raises:
        OperationRefused: this is not the dev environment.
    """
    if foundation.settings.environment is not Environment.DEV:
        raise OperationRefused("mock data is for APP_ENV=dev alone")
    async with use_cases_of(foundation) as (use_cases, startup, vault):
        people = await startup.step("read the seed from Vault", _seed(vault))
        made = await Seeding(use_cases=use_cases).seed(
            admin_email=people.admin_email,
            admin_password=people.admin_password,
            user_password=people.user_password,
            caller=operator(foundation),
        )
    sys.stdout.write(f"{made} accounts made\n")


async def create_admin(foundation: Foundation, *, email: str, password: str) -> None:
    """Make an administrator.

    Raises:
        OperationRefused: the address or the password is refused, or the address is taken.
    """
    async with use_cases_of(foundation) as (use_cases, _, _):
        user = await use_cases.administration.create_admin(
            email=email, password=password, full_name=None, caller=operator(foundation)
        )
    sys.stdout.write(f"{user.id}\n")


async def mint_service_token(foundation: Foundation, *, name: str, lifetime_seconds: int) -> None:
    """Print a token that a platform service calls with.

    Raises:
        OperationRefused: the name or the life is refused.
    """
    async with use_cases_of(foundation) as (use_cases, _, _):
        token = await use_cases.service_tokens.mint(
            name, lifetime_seconds=lifetime_seconds, caller=operator(foundation)
        )
    sys.stdout.write(f"{token}\n")


async def revoke_service_tokens(foundation: Foundation, *, name: str) -> None:
    """Revoke every token of a service.

    Raises:
        OperationRefused: no service can have this name.
    """
    async with use_cases_of(foundation) as (use_cases, _, _):
        revoked = await use_cases.service_tokens.revoke(name, caller=operator(foundation))
    sys.stdout.write(f"{revoked} tokens revoked\n")


async def _owner(startup: Startup, foundation: Foundation) -> PostgresLogin:
    login = await single_login(
        startup,
        foundation,
        foundation.logins.for_migrator(),
        secret=POSTGRES_OWNER,
        role=foundation.settings.postgres.owner_database_role,
    )
    return await login()


async def _seed(vault: SecretSource) -> DevSeed:
    return await vault.read(DEV_SEED)


@asynccontextmanager
async def use_cases_of(
    foundation: Foundation,
) -> AsyncIterator[tuple[UseCases, Startup, SecretSource]]:
    """Start what a command needs, and end it; what the use cases refuse becomes one line.

    Raises:
        OperationRefused: a use case refused.
        StartFailed: Vault or PostgreSQL is out of reach.
    """
    async with Startup() as startup:
        vault, secrets = await startup.step(
            "read secrets from Vault", read_secrets(startup, foundation)
        )
        database = await startup.step(
            "connect PostgreSQL",
            open_database(startup, foundation, secrets, on_commit=uncounted, process="operator"),
        )
        crypto = await startup.step(
            "prepare keys and hashing", prepare_crypto(startup, foundation, secrets)
        )
        try:
            use_cases = assemble_use_cases(
                foundation,
                database,
                crypto,
                attempts=unshared_attempts(foundation),
                countries=NoCountries(),
            )
            yield use_cases, startup, vault
        except ViolationError as refusal:
            problems = "; ".join(f"{v.field} {v.message}" for v in refusal.violations)
            raise OperationRefused(f"{refusal.reason}: {problems}") from refusal
        except DomainError as refusal:
            raise OperationRefused(f"{refusal.reason}: {refusal}") from refusal


def uncounted(entries: Sequence[AuditEntry]) -> None:
    """Let nobody count: this process is gone before anyone could ask for its numbers."""


def operator(foundation: Foundation) -> Caller:
    """Return the system itself, acting for whoever may run commands."""
    request_id = foundation.ids.new_id()
    origin = Origin(request_id=str(request_id), trace_id=request_id.hex)
    return Caller(origin=origin, actor_type=ActorType.SYSTEM)
