"""Whether the database has the schema that this version of the service works on.

Asked at every start, so without Alembic: loading it takes longer than the rest of the start.
"""

from dataclasses import dataclass

from core.postgres.errors import StatementFailed
from core.postgres.execution import Executor
from core.postgres.statements import NoParams, One

REQUIRED_REVISION = "0019"
"""The newest migration. Revisions are numbers, so that «older» has a meaning."""

_NEVER_MIGRATED = frozenset({"42P01", "42501"})
"""No such table, or one that the service's role has not been let into yet."""


class SchemaBehind(Exception):
    """The database lacks a migration that this version of the service needs."""


class TablesInUse(Exception):
    """A migration did not get its locks; said here, where nobody has to load Alembic for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaRevision:
    """What Alembic has noted."""

    version_num: str


READ_SCHEMA_REVISION = One("migration", "read_schema_revision", NoParams, SchemaRevision)


async def require_schema(executor: Executor) -> None:
    """Return if the schema is new enough; one that is ahead serves as well (expand, contract).

    Raises:
        SchemaBehind: it is not.
    """
    found = await _revision(executor)
    if found is None or int(found) < int(REQUIRED_REVISION):
        raise SchemaBehind(
            f"the schema is at revision {found or 'none'}, this version needs {REQUIRED_REVISION}:"
            " run `python -m core migrate`"
        )


async def _revision(executor: Executor) -> str | None:
    try:
        row = await executor.one(READ_SCHEMA_REVISION, NoParams())
    except StatementFailed as error:
        if error.sqlstate in _NEVER_MIGRATED:
            return None
        raise
    return None if row is None else row.version_num
