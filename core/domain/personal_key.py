"""Whose key seals a personal text, and where the text stands."""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

SALT_BYTES: Final = 32
"""Of a person's salt: one half of their key, the other half is in Vault."""


class SealBroken(Exception):
    """A sealed text was altered, moved, or sealed with a key that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalKey:
    """Names a key by its owner. `salt` is None once they were erased: then there is no key."""

    owner: UUID | None
    salt: bytes | None = field(repr=False)


NOBODY: Final = PersonalKey(owner=None, salt=b"")
"""The key of nobody in particular: of services, of the system, and of whoever is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPlace:
    """Where a text stands; sealed, it can be read in no other place."""

    row_id: UUID
    field: str


class KeylessTexts:
    """Implements the port PersonalTexts for processes that write of nobody's person."""

    def seal(self, text: str, *, salt: bytes, place: TextPlace) -> str:
        """Refuse: unsealed it would stay readable for ever.

        Raises:
            RuntimeError: always; a process that comes here has to be given the keys.
        """
        del text, salt
        raise RuntimeError(f"this process has no key to seal {place.field} with")

    def open(self, sealed: str, *, salt: bytes | None, place: TextPlace) -> str | None:
        """Return None: without the keys from Vault nothing can be read."""
        del sealed, salt, place
        return None
