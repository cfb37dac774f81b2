"""Everything that is stored of one person."""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias
from uuid import UUID

PersonalDocument: TypeAlias = Mapping[str, object]
"""What JSON can hold: texts, numbers, truth values, None, and lists and mappings of them."""


class PersonalData(Protocol):
    """Reads what is stored of persons; DependencyUnavailable when it is out of reach."""

    async def collect(
        self, user_id: UUID, *, account_of: Callable[[str], str]
    ) -> PersonalDocument | None:
        """Return all that is stored of a person as of one moment; None where there is nobody.

        Of a person who was erased there is nothing. Hashes, digests, secrets and tokens are left
        out, and so is what belongs to other people who have dealt with this one. `account_of`
        returns the digest that stands for an address where failed logins are counted.
        """
        ...
