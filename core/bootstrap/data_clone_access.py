"""Both ends of a clone, and the keys: Vault's paths are told, never what lies there."""

from dataclasses import dataclass, field, replace
from typing import Final

from core.bootstrap.foundation import Foundation, postgres_options, vault_source
from core.config.settings import Environment
from core.crypto.personal_texts import SealedPersonalTexts
from core.data.anonymization.audit_rows import AuditAnonymizer
from core.data.anonymization.pseudonyms import Pseudonyms
from core.domain.personal_key import KeylessTexts
from core.domain.ports.personal_texts import PersonalTexts
from core.postgres.connection import PostgresLogin, PostgresOptions
from core.vault.clone_secrets import PSEUDONYM_KEY, DatabasePlace, database_place
from core.vault.secrets import PERSONAL_DATA_KEY

_REMEMBERED_KEYS: Final = 20_000
"""Rows come in the order of time, and most of one person's within days of each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One of the two databases."""

    options: PostgresOptions
    login: PostgresLogin
    keys: tuple[bytes, ...] = field(repr=False)

    @property
    def texts(self) -> PersonalTexts:
        """What opens and seals personal texts there."""
        if not self.keys:
            return KeylessTexts()
        return SealedPersonalTexts(self.keys, remembered_keys=_REMEMBERED_KEYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloneAccess:
    """What a process of a clone needs."""

    source: End
    target: End
    pseudonym_key: bytes = field(repr=False)
    password_hash: str = field(repr=False)

    def pseudonyms(self) -> Pseudonyms:
        """Return what makes the clone's pseudonyms."""
        return Pseudonyms(self.pseudonym_key, password_hash=self.password_hash)

    def anonymizer(self) -> AuditAnonymizer:
        """Return what changes audit rows."""
        return AuditAnonymizer(
            pseudonyms=self.pseudonyms(), source=self.source.texts, target=self.target.texts
        )


async def clone_access(
    foundation: Foundation, *, from_path: str, to_path: str, password_hash: str
) -> CloneAccess:
    """Read both ends and the keys, as the AppRole (or service account) of whoever clones.

    Raises:
        VaultError: one of them cannot be had.
    """
    source = vault_source(foundation.logins.for_cloner())
    try:
        origin = await source.read(database_place(from_path))
        target = await source.read(database_place(to_path))
        keys = await source.read(PERSONAL_DATA_KEY)
        return CloneAccess(
            source=_end(foundation, origin, origin.personal_data_keys),
            target=_end(foundation, target, keys),
            pseudonym_key=await source.read(PSEUDONYM_KEY),
            password_hash=password_hash,
        )
    finally:
        await source.close()


def _end(foundation: Foundation, place: DatabasePlace, keys: tuple[bytes, ...]) -> End:
    settings = foundation.settings
    is_dev = settings.environment is Environment.DEV
    libpq = {"sslmode": place.sslmode or ("prefer" if is_dev else "verify-full")}
    if place.ca_file is not None:
        libpq["sslrootcert"] = place.ca_file
    options = postgres_options(settings.postgres, process="clone")
    return End(
        options=replace(
            options, host=place.host, port=place.port, database=place.database, libpq=libpq
        ),
        login=PostgresLogin(username=place.username, password=place.password),
        keys=keys,
    )
