"""Servers that are stopped, killed and frozen come back as a test needs them."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
import requests
from redis.backoff import NoBackoff
from redis.retry import Retry

from devstack.provisioning import provision
from devstack.stack import ServerPorts, Stack
from devstack.temporary import temporary_stack

_ONCE = Retry(NoBackoff(), 0)


@pytest.fixture(scope="module")
def lone_stack() -> Iterator[Stack]:
    with temporary_stack() as stack:
        provision(stack)
        yield stack


def test_data_and_secrets_outlive_a_restart(lone_stack: Stack) -> None:
    before = provision(lone_stack)
    with redis.Redis.from_url(lone_stack.valkey.url()) as client:
        client.xadd("pandora.kept", {"event": "{}"})
    lone_stack.stop()
    assert not lone_stack.postgres.running
    assert not lone_stack.valkey.running
    assert not lone_stack.openbao.running
    lone_stack.start()
    assert provision(lone_stack) == before
    with redis.Redis.from_url(lone_stack.valkey.url()) as client:
        assert client.xlen("pandora.kept") == 1
    url = lone_stack.valkey.url(user=before.redis.username, password=before.redis.password)
    with redis.Redis.from_url(url) as service:
        assert service.xlen("pandora.kept") == 1


def test_a_killed_postgres_recovers_what_was_committed(lone_stack: Stack) -> None:
    dsn = lone_stack.postgres.dsn("postgres")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
        lone_stack.postgres.kill()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    lone_stack.postgres.start()
    lone_stack.postgres.await_ready()
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (1,)


def test_a_frozen_postgres_answers_nothing_until_it_goes_on(lone_stack: Stack) -> None:
    with psycopg.connect(lone_stack.postgres.dsn("postgres"), autocommit=True) as connection:
        lone_stack.postgres.pause()
        try:
            with pytest.raises(psycopg.OperationalError, match="timeout"):
                psycopg.connect(lone_stack.postgres.dsn("postgres"), connect_timeout=2)
        finally:
            lone_stack.postgres.resume()
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_frozen_valkey_answers_nothing_until_it_goes_on(lone_stack: Stack) -> None:
    with redis.Redis.from_url(lone_stack.valkey.url(), socket_timeout=0.3, retry=_ONCE) as client:
        client.ping()
        lone_stack.valkey.pause()
        try:
            with pytest.raises(redis.TimeoutError):
                client.ping()
        finally:
            lone_stack.valkey.resume()
        assert client.ping()


def test_a_frozen_openbao_can_be_stopped_and_is_unsealed_at_its_start(lone_stack: Stack) -> None:
    lone_stack.openbao.pause()
    lone_stack.openbao.stop()
    assert not lone_stack.openbao.running
    lone_stack.openbao.start()
    lone_stack.openbao.await_ready()
    health = requests.get(f"{lone_stack.openbao.address}/v1/sys/health", timeout=5).json()
    assert (health["initialized"], health["sealed"]) == (True, False)


def test_postgres_starts_below_a_folder_that_only_its_owner_may_enter(tmp_path: Path) -> None:
    # As a checkout in root's home, which the account that runs PostgreSQL cannot reach.
    (tmp_path / "closed").mkdir(mode=0o700)
    stack = Stack(tmp_path / "closed" / "a folder", ServerPorts.free())
    try:
        stack.postgres.start()
        stack.postgres.await_ready()
        data = stack.postgres.data
        assert data.exists()
    finally:
        stack.remove()
    assert not data.exists()
    assert not stack.root.exists()


_OWNER = """
from devstack.temporary import temporary_stack
with temporary_stack() as stack:
    print(stack.root, stack.valkey.port, flush=True)
    input()
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_of_a_temporary_stack_whose_owner_dies(end: signal.Signals) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", _OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert owner.stdout is not None
        root, port = owner.stdout.readline().split()
    finally:
        owner.send_signal(end)
        owner.communicate(timeout=60)
    deadline = time.monotonic() + 60
    while Path(root).exists():
        assert time.monotonic() < deadline, f"{root} is still there"
        time.sleep(0.05)
    with redis.Redis(port=int(port), retry=_ONCE) as client, pytest.raises(redis.ConnectionError):
        client.ping()
