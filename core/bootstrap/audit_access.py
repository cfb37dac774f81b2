"""What the commands on the audit log need: the way to the database, and keys to trust."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from core.audit.seal_check import Trust
from core.bootstrap.foundation import Foundation, postgres_options
from core.bootstrap.postgres_logins import single_login
from core.bootstrap.refusals import OperationRefused
from core.bootstrap.sealer_process import seal_key
from core.bootstrap.startup import Startup, in_one_line
from core.crypto.ed25519 import is_signed
from core.domain.audit_proof import ProofRefused
from core.domain.errors import DependencyUnavailable, ServerBusy
from core.domain.signed_note import KeyRing, NoteRefused, VerifierKey
from core.postgres.connection import PostgresLogin, PostgresOptions
from core.vault.errors import VaultError
from core.vault.secrets import POSTGRES


@asynccontextmanager
async def refusals_in_one_line() -> AsyncIterator[None]:
    """Turn what an operator can mend into one line.

    Raises:
        OperationRefused: with that line.
    """
    try:
        yield
    except DependencyUnavailable as failure:
        raise OperationRefused(in_one_line(failure)) from failure
    except (VaultError, ServerBusy, ProofRefused, NoteRefused) as failure:
        raise OperationRefused(str(failure)) from failure
    except OSError as failure:
        raise OperationRefused(f"{failure.filename}: {failure.strerror}") from failure


@asynccontextmanager
async def database_access(
    foundation: Foundation,
) -> AsyncIterator[tuple[PostgresOptions, PostgresLogin]]:
    """Lend where the database is, and a login of the service's, which changes nothing here.

    Raises:
        VaultError: the login cannot be had.
    """
    settings = foundation.settings.postgres
    async with Startup() as startup:
        login = await single_login(
            startup,
            foundation,
            foundation.logins.for_service(),
            secret=POSTGRES,
            role=settings.database_role,
        )
        yield postgres_options(settings, process="audit"), await login()


async def trust_of(foundation: Foundation, public_key: Path | None) -> Trust:
    """Return whose signatures count: the keys of a file, or all that Vault has of the seal key.

    Raises:
        DependencyUnavailable: Vault is out of reach.
        NoteRefused: the file holds something else than keys.
        OSError: the file cannot be read.
    """
    keys = await vault_keys(foundation) if public_key is None else keys_in(public_key)
    return Trust(origin=foundation.settings.audit.origin, keys=KeyRing.of(keys), check=is_signed)


async def vault_keys(foundation: Foundation) -> list[VerifierKey]:
    """Return the public half of every version of the seal key.

    Raises:
        DependencyUnavailable: Vault is out of reach.
    """
    async with Startup() as startup:
        settings = foundation.settings
        key = seal_key(startup, settings.vault, foundation.logins.for_service())
        return list(await key.verifier_keys(settings.audit.origin))


def keys_in(file: Path) -> list[VerifierKey]:
    """Return the keys of a file, one a line; empty lines and those that begin with # are passed by.

    Raises:
        NoteRefused: the file holds something else, or nothing.
        OSError: it cannot be read.
    """
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    keys = [VerifierKey.parse(line) for line in lines if line and not line.startswith("#")]
    if not keys:
        raise NoteRefused(f"{file} holds no key")
    return keys
