"""Production works on original data alone."""

import structlog

from core.bootstrap.foundation import Foundation
from core.config.loading import ConfigurationRefused
from core.config.settings import Environment
from core.postgres.database import PostgresDatabase

_log = structlog.get_logger(__name__)


async def require_origin(foundation: Foundation, database: PostgresDatabase) -> None:
    """Return if the database holds what this environment may work on; say so if it is no original.

    Raises:
        ConfigurationRefused: this is production, and the database says that it is not.
        DependencyUnavailable: the database is out of reach.
    """
    kind = await database.origin_kind()
    if kind is None:
        return
    if foundation.settings.environment is Environment.PROD:
        raise ConfigurationRefused(
            f"the database says that its data is {kind}; APP_ENV=prod takes original data alone"
        )
    _log.info("database_is_no_original", kind=kind)
