"""The servers together, under one state directory."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from devstack import openbao, postgres, smtp, tls_terminator, valkey
from devstack.certificate_authority import CertificateAuthority
from devstack.certificates import Certificates
from devstack.databases import Databases
from devstack.errors import StateDirectoryError
from devstack.openbao import OpenBaoServer
from devstack.ports import free_port, from_environment
from devstack.postgres import PostgresServer
from devstack.private_file import write_private
from devstack.smtp import SmtpServer
from devstack.tls_terminator import TlsTerminator
from devstack.valkey import ValkeyServer

SERVERS: Final = frozenset({"postgres", "valkey", "openbao"})
"""The names of the servers' processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortsBehindTls:
    """Where those listen that something else speaks TLS for."""

    postgres: int
    valkey: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerPorts:
    """Where each server is to be found on the loopback address; with `behind_tls` by TLS alone."""

    postgres: int
    valkey: int
    openbao: int
    smtp: int
    behind_tls: PortsBehindTls | None = None

    @classmethod
    def free(cls, *, tls: bool = False) -> "ServerPorts":
        """Return ports that nobody uses."""
        behind = PortsBehindTls(postgres=free_port(), valkey=free_port()) if tls else None
        return cls(
            postgres=free_port(),
            valkey=free_port(),
            openbao=free_port(),
            smtp=free_port(),
            behind_tls=behind,
        )

    @classmethod
    def for_development(cls, environment: Mapping[str, str], *, tls: bool = False) -> "ServerPorts":
        """Return the fixed ports of `make dev-up`, each overridable by its variable."""
        behind = PortsBehindTls(
            postgres=from_environment(postgres.SERVER_PORT_VARIABLE, 55433, environment),
            valkey=from_environment(valkey.SERVER_PORT_VARIABLE, 56380, environment),
        )
        return cls(
            behind_tls=behind if tls else None,
            postgres=from_environment(postgres.PORT_VARIABLE, 55432, environment),
            valkey=from_environment(valkey.PORT_VARIABLE, 56379, environment),
            openbao=from_environment(openbao.PORT_VARIABLE, 58200, environment),
            smtp=from_environment(smtp.PORT_VARIABLE, 51025, environment),
        )

    @classmethod
    def read(cls, file: Path) -> "ServerPorts":
        """Return what was written as JSON; raises TypeError if it names other servers."""
        values = json.loads(file.read_text())
        behind = values.pop("behind_tls", None)
        return cls(**values, behind_tls=PortsBehindTls(**behind) if behind else None)


class Stack:
    """PostgreSQL, Valkey, OpenBao and a mail server with their data, records and logs under `root`.

    A handle, not an owner: any process may open the same root and stop what another started.
    """

    def __init__(self, root: Path, ports: ServerPorts) -> None:
        self.root = root.resolve()
        self._claim()
        self._ports = ports
        behind = ports.behind_tls
        self.certificates = Certificates(self.root / "tls") if behind else None
        ca_file = self.certificates.authority if self.certificates else None
        self.postgres = PostgresServer(
            self.root, ports.postgres, server_port=behind.postgres if behind else 0, ca_file=ca_file
        )
        self.valkey = ValkeyServer(
            self.root, ports.valkey, server_port=behind.valkey if behind else 0, ca_file=ca_file
        )
        self.openbao = OpenBaoServer(self.root, ports.openbao, certificates=self.certificates)
        self.smtp = SmtpServer(self.root, ports.smtp)
        self.databases = Databases(self.postgres)

    @classmethod
    def open(cls, root: Path) -> "Stack":
        """Return a handle on the stack that was last started under `root`.

        Raises:
            StateDirectoryError: None ever was, or not all of today's.
        """
        try:
            ports = ServerPorts.read(root / "ports.json")
        except FileNotFoundError:
            raise StateDirectoryError(f"no servers were ever started under {root}") from None
        except TypeError:
            raise StateDirectoryError(f"other servers were started under {root}") from None
        return cls(root, ports)

    def start(self) -> None:
        """Start what does not run, and return when all of them answer."""
        write_private(self.root / "ports.json", json.dumps(asdict(self._ports)))
        if self.certificates is None:
            tls_terminator.stop_all(self.root)
        # The others start while PostgreSQL initialises its data.
        self.openbao.start()
        self.valkey.start()
        self.smtp.start()
        self.postgres.start()
        self.renew_certificates()
        for terminator in self._terminators():
            terminator.start()
        for server in (self.postgres, self.valkey, self.openbao, self.smtp):
            server.await_ready()

    def renew_certificates(self) -> None:
        """Let OpenBao issue what is missing or near its end; every server shows it at once."""
        if self.certificates is not None:
            self.openbao.await_ready()
            authority = CertificateAuthority(self.openbao.client(), self.certificates)
            if openbao.NAME in authority.ensure():
                self.openbao.show_new_certificate()

    def stop(self) -> None:
        """Stop them; their data stays."""
        tls_terminator.stop_all(self.root)
        for server in (self.smtp, self.openbao, self.valkey, self.postgres):
            server.stop()

    def remove(self) -> None:
        """Stop them and delete everything under `root`, and what PostgreSQL has elsewhere."""
        tls_terminator.stop_all(self.root)
        for server in (self.smtp, self.openbao, self.valkey, self.postgres):
            server.remove()
        shutil.rmtree(self.root)

    def _terminators(self) -> list[TlsTerminator]:
        behind = self._ports.behind_tls
        if behind is None or self.certificates is None:
            return []
        return [
            TlsTerminator(
                self.root,
                server=server,
                port=port,
                server_port=server_port,
                files=self.certificates.of(server),
            )
            for server, port, server_port in (
                ("postgres", self._ports.postgres, behind.postgres),
                ("valkey", self._ports.valkey, behind.valkey),
            )
        ]

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
