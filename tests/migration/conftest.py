"""Databases for migrating: empty, as the provider hands them over."""

import uuid
from collections.abc import Iterator

import pytest

from tests.servers import Database, Servers


@pytest.fixture
def unmigrated(servers: Servers) -> Iterator[Database]:
    """A database with roles and rights, and no table."""
    name = f"test_{uuid.uuid4().hex}"
    servers.stack.databases.ensure(name)
    try:
        yield servers.database(name)
    finally:
        servers.stack.databases.drop(name)
