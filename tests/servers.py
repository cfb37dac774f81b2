"""The servers that all tests of one run share, and databases cloned for single tests.

The process that runs the tests (under xdist its controller) makes a guard, which owns a temporary
directory. The first test that needs a server starts all of them there, whichever worker it runs
in; the others find them. The guard ends them with the run, also when the run is killed.
"""

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from devstack.migrated import TEMPLATE, build_template
from devstack.provisioning import Provisioned, provision
from devstack.stack import ServerPorts, Stack

TLS: Final = os.environ.get("PANDORA_TEST_TLS", "") == "1"
"""Whether everything in this run speaks TLS; `make tls-long` asks for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """A started stack and the way into it."""

    stack: Stack
    access: Provisioned

    def database(self, name: str) -> "Database":
        """Return the logins to a database, whether it exists or not."""
        server, owner, service = self.stack.postgres, self.access.owner, self.access.service
        maintainer = self.access.maintainer
        return Database(
            name=name,
            admin_dsn=server.dsn(name),
            owner_dsn=server.dsn(name, user=owner.username, password=owner.password),
            service_dsn=server.dsn(name, user=service.username, password=service.password),
            maintainer_dsn=server.dsn(name, user=maintainer.username, password=maintainer.password),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """One database and four ways in.

    Superuser, owner (migrates), service (what core uses), maintainer (`core maintain`).
    """

    name: str
    admin_dsn: str = field(repr=False)
    owner_dsn: str = field(repr=False)
    service_dsn: str = field(repr=False)
    maintainer_dsn: str = field(repr=False)


def shared_servers(root: Path) -> Servers:
    """Return the servers under `root`, started and provisioned by whoever comes first."""
    with (root / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        started = root / "started"
        if started.exists():
            stack = Stack.open(root)
            return Servers(stack=stack, access=provision(stack))
        servers = start_servers(Stack(root, ServerPorts.free(tls=TLS)))
        started.touch()
        return servers


def start_servers(stack: Stack) -> Servers:
    """Start a stack, provision it and build the template database."""
    stack.start()
    access = provision(stack)
    build_template(stack.postgres, stack.databases, access)
    return Servers(stack=stack, access=access)


@contextmanager
def cloned_database(servers: Servers) -> Iterator[Database]:
    """Clone the migrated template for as long as the block runs."""
    name = f"test_{uuid.uuid4().hex}"
    servers.stack.databases.clone(TEMPLATE, name)
    try:
        yield servers.database(name)
    finally:
        servers.stack.databases.drop(name)
