"""What the commands on the audit log need: the way to the database, and keys to trust."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from core.audit.seal_check import Trust
from core.bootstrap.foundation import postgres_options, vault_source
from core.bootstrap.operations import OperationRefused
from core.bootstrap.sealer_process import seal_key
from core.bootstrap.startup import Startup, in_one_line
from core.config.settings import Settings
from core.crypto.ed25519 import is_signed
from core.domain.audit_proof import ProofRefused
from core.domain.errors import DependencyUnavailable, ServerBusy
from core.domain.signed_note import KeyRing, NoteRefused, VerifierKey
from core.postgres.connection import PostgresLogin, PostgresOptions
from core.vault.errors import VaultError
from core.vault.options import VaultOptions
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


async def database_access(settings: Settings) -> tuple[PostgresOptions, PostgresLogin]:
    """Return where the database is, and the service's own login, which changes nothing here.

    Raises:
        VaultError: the login cannot be had.
    """
    source = vault_source(VaultOptions.for_service(settings.vault))
    try:
        found = await source.read(POSTGRES)
    finally:
        await source.close()
    login = PostgresLogin(username=found.username, password=found.password)
    return postgres_options(settings.postgres, process="audit"), login


async def trust_of(settings: Settings, public_key: Path | None) -> Trust:
    """Return whose signatures count: the keys of a file, or all that Vault has of the seal key.

    Raises:
        DependencyUnavailable: Vault is out of reach.
        NoteRefused: the file holds something else than keys.
        OSError: the file cannot be read.
    """
    keys = await vault_keys(settings) if public_key is None else keys_in(public_key)
    return Trust(origin=settings.audit.origin, keys=KeyRing.of(keys), check=is_signed)


async def vault_keys(settings: Settings) -> list[VerifierKey]:
    """Return the public half of every version of the seal key.

    Raises:
        DependencyUnavailable: Vault is out of reach.
    """
    async with Startup() as startup:
        key = seal_key(startup, settings.vault, VaultOptions.for_service(settings.vault))
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
