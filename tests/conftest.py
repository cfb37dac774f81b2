"""Fixtures for every test; nothing starts unless a test asks for it."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from devstack.guard import Guard
from devstack.provisioning import Provisioned
from devstack.stack import Stack
from devstack.temporary import temporary_stack
from tests.servers import TLS, Database, Servers, cloned_database, shared_servers, start_servers

_ROOT = pytest.StashKey[Path]()
_GUARD = pytest.StashKey[Guard]()
_WORKER_KEY = "servers_root"


class _WorkerNode(Protocol):
    """What xdist hands over when it is about to start a worker."""

    config: pytest.Config
    workerinput: dict[str, str]


def pytest_configure(config: pytest.Config) -> None:
    handed_over: dict[str, str] | None = getattr(config, "workerinput", None)
    if handed_over is not None:
        config.stash[_ROOT] = Path(handed_over[_WORKER_KEY])
        return
    guard = config.stash[_GUARD] = Guard()
    config.stash[_ROOT] = guard.root


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: _WorkerNode) -> None:
    node.workerinput[_WORKER_KEY] = str(node.config.stash[_ROOT])


def pytest_unconfigure(config: pytest.Config) -> None:
    guard = config.stash.get(_GUARD, None)
    if guard is not None:
        guard.release()


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> Servers:
    """The run's PostgreSQL, Valkey and OpenBao. Never stop or pause them: `private_servers`."""
    return shared_servers(pytestconfig.stash[_ROOT])


@pytest.fixture(scope="session")
def stack(servers: Servers) -> Stack:
    return servers.stack


@pytest.fixture(scope="session")
def access(servers: Servers) -> Provisioned:
    """Logins, bootstrap files and the prefix of the service's secrets."""
    return servers.access


@pytest.fixture
def database(servers: Servers) -> Iterator[Database]:
    """A migrated database of the test's own."""
    with cloned_database(servers) as database:
        yield database


@pytest.fixture(scope="module")
def module_database(servers: Servers) -> Iterator[Database]:
    """A migrated database that the tests of one module share."""
    with cloned_database(servers) as database:
        yield database


@pytest.fixture
def vault_path() -> str:
    """A prefix in OpenBao's KV mount that no other test uses; `provision` can fill it."""
    return f"test/{uuid.uuid4().hex}"


@pytest.fixture
def redis_prefix() -> str:
    """A beginning for key names that no other test uses and the service's user may touch."""
    return f"pandora.test.{uuid.uuid4().hex}."


@pytest.fixture
def private_servers() -> Iterator[Servers]:
    """Servers of the test's own, to be stopped, killed and paused as it likes."""
    with temporary_stack(tls=TLS) as stack:
        yield start_servers(stack)


@pytest.fixture
def private_stack(private_servers: Servers) -> Stack:
    return private_servers.stack
