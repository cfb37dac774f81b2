"""Every test of this folder runs twice: on the database in memory, and on the real one."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.contract.records import Records
from tests.contract.storage import InMemory, OnPostgres, Storage
from tests.fakes.database import FakeDatabase
from tests.postgres_client import empty, open_database
from tests.servers import Database


@pytest.fixture
def records() -> Records:
    return Records()


@pytest.fixture(params=["memory", "postgres"])
def emptied(request: pytest.FixtureRequest) -> Database | None:
    """A migrated database without rows, or None for the one in memory."""
    if request.param == "memory":
        return None
    database = request.getfixturevalue("module_database")
    assert isinstance(database, Database)
    empty(database.admin_dsn)
    return database


@pytest_asyncio.fixture
async def storage(emptied: Database | None) -> AsyncIterator[Storage]:
    if emptied is None:
        yield InMemory(FakeDatabase())
        return
    async with open_database(emptied.service_dsn) as database:
        yield OnPostgres(database, emptied.owner_dsn)
