"""The servers together, under one state directory."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from devstack import openbao, postgres, smtp, valkey
from devstack.databases import Databases
from devstack.errors import StateDirectoryError
from devstack.openbao import OpenBaoServer
from devstack.ports import free_port, from_environment
from devstack.postgres import PostgresServer
from devstack.private_file import write_private
from devstack.smtp import SmtpServer
from devstack.valkey import ValkeyServer

SERVERS: Final = frozenset({"postgres", "valkey", "openbao"})
"""The names of the servers' processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerPorts:
    """Where each server listens on the loopback address."""

    postgres: int
    valkey: int
    openbao: int
    smtp: int

    @classmethod
    def free(cls) -> "ServerPorts":
        """Return ports that nobody uses."""
        return cls(postgres=free_port(), valkey=free_port(), openbao=free_port(), smtp=free_port())

    @classmethod
    def for_development(cls, environment: Mapping[str, str]) -> "ServerPorts":
        """Return the fixed ports of `make dev-up`, each overridable by its variable."""
        return cls(
            postgres=from_environment(postgres.PORT_VARIABLE, 55432, environment),
            valkey=from_environment(valkey.PORT_VARIABLE, 56379, environment),
            openbao=from_environment(openbao.PORT_VARIABLE, 58200, environment),
            smtp=from_environment(smtp.PORT_VARIABLE, 51025, environment),
        )


class Stack:
    """PostgreSQL, Valkey, OpenBao and a mail server with their data, records and logs under `root`.

    A handle, not an owner: any process may open the same root and stop what another started.
    """

    def __init__(self, root: Path, ports: ServerPorts) -> None:
        self.root = root.resolve()
        self._claim()
        self._ports = ports
        self.postgres = PostgresServer(self.root, ports.postgres)
        self.valkey = ValkeyServer(self.root, ports.valkey)
        self.openbao = OpenBaoServer(self.root, ports.openbao)
        self.smtp = SmtpServer(self.root, ports.smtp)
        self.databases = Databases(self.postgres)

    @classmethod
    def open(cls, root: Path) -> "Stack":
        """Return a handle on the stack that was last started under `root`.

        Raises:
            StateDirectoryError: None ever was, or not all of today's.
        """
        try:
            ports = ServerPorts(**json.loads((root / "ports.json").read_text()))
        except FileNotFoundError:
            raise StateDirectoryError(f"no servers were ever started under {root}") from None
        except TypeError:
            raise StateDirectoryError(f"other servers were started under {root}") from None
        return cls(root, ports)

    def start(self) -> None:
        """Start what does not run, and return when all of them answer."""
        write_private(self.root / "ports.json", json.dumps(asdict(self._ports)))
        # The others start while PostgreSQL initialises its data.
        self.openbao.start()
        self.valkey.start()
        self.smtp.start()
        self.postgres.start()
        for server in (self.postgres, self.valkey, self.openbao, self.smtp):
            server.await_ready()

    def stop(self) -> None:
        """Stop them; their data stays."""
        for server in (self.smtp, self.openbao, self.valkey, self.postgres):
            server.stop()

    def remove(self) -> None:
        """Stop them and delete everything under `root`, and what PostgreSQL has elsewhere."""
        for server in (self.smtp, self.openbao, self.valkey, self.postgres):
            server.remove()
        shutil.rmtree(self.root)

    def _claim(self) -> None:
        """Make the root, passable for PostgreSQL's account; refuse another user's."""
        root_user = os.geteuid() == 0
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = self.root.stat().st_uid
        if owner != os.geteuid():
            raise StateDirectoryError(
                f"{self.root} belongs to the user with id {owner}; start as that user, "
                "or remove the directory"
            )
        self.root.chmod(0o711 if root_user else 0o700)
