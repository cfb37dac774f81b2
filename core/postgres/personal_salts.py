"""The salts of the persons whom a row of the audit log tells of.

They come along with what is read anyway: an audit row costs its own statement and no other.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TypedDict
from uuid import UUID

from core.domain.personal_key import NOBODY, PersonalKey
from core.postgres.execution import Executor
from core.postgres.salt_cache import SaltCache
from core.postgres.statements import Many


@dataclass(frozen=True, slots=True, kw_only=True)
class SaltRecord:
    """A person's salt; null once they were erased."""

    id: UUID
    personal_salt: bytes | None = field(repr=False)


class SaltOwnersParams(TypedDict):
    """Names persons."""

    user_ids: list[UUID]


GET_PERSONAL_SALTS = Many("users", "get_personal_salts", SaltOwnersParams, SaltRecord)


class PersonalSalts:
    """Finds salts, first among those that the process has met lately."""

    def __init__(self, executor: Executor, cache: SaltCache) -> None:
        """Take what reads a salt that nobody has met."""
        self._run = executor
        self._cache = cache

    def note(self, user_id: UUID, salt: bytes | None) -> None:
        """Remember what came along with somebody's row."""
        self._cache.put(user_id, salt)

    async def key(self, user_id: UUID | None) -> PersonalKey:
        """Return the key that seals what belongs to a person.

        It is that of nobody in particular where there is no such person.
        """
        if user_id is None:
            return NOBODY
        try:
            return PersonalKey(owner=user_id, salt=self._cache.get(user_id))
        except KeyError:
            found = (await self.read([user_id])).get(user_id)
        if found is None:
            return NOBODY
        self.note(user_id, found.salt)
        return found

    async def read(self, user_ids: Collection[UUID]) -> Mapping[UUID, PersonalKey]:
        """Read the keys of those who exist, as they are at this moment: for whoever opens."""
        params = SaltOwnersParams(user_ids=list(user_ids))
        found = await self._run.many(GET_PERSONAL_SALTS, params)
        return {row.id: PersonalKey(owner=row.id, salt=row.personal_salt) for row in found}
