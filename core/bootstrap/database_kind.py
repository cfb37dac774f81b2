"""Each environment works on its own kind of data, and no process on another environment's.

A relay that is pointed at a clone would tell production's consumers of people who are nobody, a
mail sender in the sandbox that is pointed at production would write to real people.
"""

from typing import Final, Protocol

import structlog

from core.bootstrap.foundation import Foundation
from core.config.loading import ConfigurationRefused
from core.config.settings import Environment
from core.postgres.database_origin import ANONYMIZED, SYNTHETIC, OriginRecord

ORIGINAL: Final = "original"

_TAKES: Final = {
    Environment.DEV: {ORIGINAL, SYNTHETIC, ANONYMIZED},
    Environment.SANDBOX: {SYNTHETIC, ANONYMIZED},
    Environment.AUDIT: {ANONYMIZED},
    Environment.PROD: {ORIGINAL},
}
_WAY_OUT: Final = {
    Environment.SANDBOX: "; `python -m core data synthesize` makes data for it",
    Environment.AUDIT: "; `python -m core data anonymize` makes a clone for it",
    Environment.PROD: "",
}

_log = structlog.get_logger(__name__)


class Database(Protocol):
    """Whatever a process is connected to."""

    async def require_schema(self) -> None: ...  # noqa: D102 - raises SchemaBehind
    async def origin(self) -> OriginRecord | None: ...  # noqa: D102 - None: its data is original


async def require_fitting(foundation: Foundation, database: Database) -> None:
    """Return if the schema is new enough and holds what this environment may work on.

    Raises:
        SchemaBehind: it lacks a migration that this version needs.
        ConfigurationRefused: its data is none for this environment.
        DependencyUnavailable: the database is out of reach.
    """
    await database.require_schema()
    await require_origin(foundation, database)


async def require_origin(foundation: Foundation, database: Database) -> None:
    """Return if the database holds what this environment may work on; say so if it is no original.

    Raises:
        ConfigurationRefused: it does not.
        DependencyUnavailable: the database is out of reach.
    """
    environment, found = foundation.settings.environment, await database.origin()
    kind = ORIGINAL if found is None else found.kind
    if kind not in _TAKES[environment]:
        takes = " or ".join(sorted(_TAKES[environment]))
        raise ConfigurationRefused(
            f"the database says that its data is {kind}; APP_ENV={environment.value} takes {takes}"
            f" data alone{_WAY_OUT[environment]}"
        )
    if found is None:
        return
    if environment is Environment.AUDIT and found.completed_at is None:
        raise ConfigurationRefused(
            "the database says that its clone is not complete; run `python -m core data anonymize`"
            " to its end"
        )
    _log.info("database_is_no_original", kind=kind)
