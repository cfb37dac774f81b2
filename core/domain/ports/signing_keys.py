"""Where the keys lie that sign access tokens, and where new ones come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from core.domain.signing_key import KeyPair, StoredKey


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySet:
    """All keys as they were at one moment; `version` changes with every change of any of them."""

    keys: tuple[StoredKey, ...]
    version: int


class SigningKeyStore(Protocol):
    """Keeps the keys. Both methods raise DependencyUnavailable when it is out of reach."""

    async def load(self) -> KeySet:
        """Return the keys; there is at least one, each kid occurs once."""
        ...

    async def replace(self, keys: Sequence[StoredKey], *, version: int) -> None:
        """Put these keys in the place of those that `load` returned with this version.

        Raises:
            Conflict: somebody else replaced them meanwhile; theirs stay.
            DependencyUnavailable: it is not known whether these or the others are there now.
        """
        ...


class SigningKeyMint(Protocol):
    """Makes keys."""

    def new(self) -> KeyPair:
        """Return a key that nobody has, on P-256, with an id that no other key has."""
        ...
