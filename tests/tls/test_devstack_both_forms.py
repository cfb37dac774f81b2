"""One state directory, with TLS and without, in turn: data, logins and keys stay."""

import dataclasses
from collections.abc import Iterator

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from devstack.guard import Guard
from devstack.provisioning import provision
from devstack.stack import ServerPorts, Stack

pytestmark = pytest.mark.long


@pytest.fixture
def guard() -> Iterator[Guard]:
    guard = Guard()
    try:
        yield guard
    finally:
        guard.release()


def test_data_outlives_the_way_from_plain_to_tls_and_back(guard: Guard) -> None:
    with_tls = ServerPorts.free(tls=True)
    without = dataclasses.replace(with_tls, behind_tls=None)
    plain = Stack(guard.root, without)
    plain.start()
    access = provision(plain)
    with psycopg.connect(plain.postgres.dsn("pandora")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
    with redis.Redis.from_url(plain.valkey.url()) as client:
        client.xadd("pandora.kept", {"event": "{}"})

    for ports in (with_tls, without, with_tls):
        stack = Stack(guard.root, ports)
        stack.start()
        # Whoever comes later finds the same form.
        assert Stack.open(guard.root).openbao.address == stack.openbao.address
        assert provision(stack) == access
        with psycopg.connect(stack.postgres.dsn("pandora")) as connection:
            assert connection.pgconn.ssl_in_use == (ports is with_tls)
            assert connection.execute("SELECT number FROM kept").fetchone() == (1,)
        with redis.Redis.from_url(stack.valkey.url(), retry=Retry(NoBackoff(), 0)) as client:
            assert client.xlen("pandora.kept") == 1

    Stack.open(guard.root).stop()
    assert not [file for file in (guard.root / "run").iterdir() if file.suffix == ".json"]
