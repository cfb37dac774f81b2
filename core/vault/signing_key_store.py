"""The signing keys in Vault, read and replaced by an operator."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from core.domain.errors import Conflict, DependencyUnavailable
from core.domain.ports.signing_keys import KeySet
from core.domain.signing_key import StoredKey
from core.vault.errors import SecretChanged, VaultError
from core.vault.secrets import SIGNING_KEYS
from core.vault.signing_keys import SigningKey, as_content
from core.vault.source import SecretSource


class VaultSigningKeyStore:
    """Implements the port SigningKeyStore; a KeySet's version is the one that KV counts."""

    def __init__(self, source: SecretSource) -> None:
        """Take a source whose role may read and write the keys."""
        self._source = source

    async def load(self) -> KeySet:
        """See the port. Keys that the service would refuse are as good as none."""
        with _translated():
            keys, version = await self._source.read_version(SIGNING_KEYS)
        return KeySet(keys=tuple(_stored(key) for key in keys), version=version)

    async def replace(self, keys: Sequence[StoredKey], *, version: int) -> None:
        """See the port: KV's check-and-set lets one of several writers win."""
        content = as_content(keys)
        with _translated():
            # What every replica would refuse must not get there.
            SIGNING_KEYS.parsed(content)
            await self._source.write(SIGNING_KEYS.path, content, replacing=version)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except SecretChanged as error:
        raise Conflict("Somebody else changed the keys meanwhile.") from error
    except VaultError as error:
        raise DependencyUnavailable("vault", detail=str(error)) from error


def _stored(key: SigningKey) -> StoredKey:
    return StoredKey(
        kid=key.kid,
        private_key_pem=key.private_key_pem,
        published_at=key.published_at,
        signs_from=key.signs_from,
        expires_at=key.expires_at,
    )
