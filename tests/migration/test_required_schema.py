"""A service that starts on an older schema says so, instead of failing at the first request."""

import psycopg
import pytest

from core.postgres import migration
from core.postgres.schema import SchemaBehind
from tests.postgres_client import open_database
from tests.servers import Database

pytestmark = pytest.mark.asyncio


async def test_a_database_without_tables_is_refused(unmigrated: Database) -> None:
    async with open_database(unmigrated.service_dsn) as database:
        with pytest.raises(SchemaBehind, match="at revision none"):
            await database.require_schema()


async def test_a_schema_that_lacks_the_last_migration_is_refused(unmigrated: Database) -> None:
    migration.upgrade(unmigrated.owner_dsn)
    migration.downgrade(unmigrated.owner_dsn, "-1")
    async with open_database(unmigrated.service_dsn) as database:
        with pytest.raises(SchemaBehind, match="core migrate"):
            await database.require_schema()


async def test_the_newest_schema_serves_and_so_does_a_newer_one(unmigrated: Database) -> None:
    migration.upgrade(unmigrated.owner_dsn)
    async with open_database(unmigrated.service_dsn) as database:
        await database.require_schema()
        with psycopg.connect(unmigrated.admin_dsn) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        await database.require_schema()
