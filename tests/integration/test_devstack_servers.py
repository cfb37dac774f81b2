"""Three real servers, each with its own lock on the door."""

import hvac
import psycopg
import pytest
import redis

from devstack.databases import DATABASE
from devstack.provisioning import Provisioned
from devstack.stack import Stack
from tests.servers import Database


def test_service_connects_to_a_migrated_database(database: Database) -> None:
    with psycopg.connect(database.service_dsn) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (0,)
