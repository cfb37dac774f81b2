"""TLS in front of a server that speaks none: the process that does it, started and stopped."""

import sys
from pathlib import Path
from typing import Final

import devstack
from devstack.certificates import CertificateFiles
from devstack.ports import require_free
from devstack.process import Command, Daemon

_CHECKOUT: Final = Path(devstack.__file__).resolve().parent.parent
_SOURCES: Final = ("tls_terminator_program.py", "postgres_greeting.py")
_PROTOCOLS: Final = {"postgres": "postgres", "valkey": "redis"}
TERMINATORS: Final = frozenset(f"{server}-tls" for server in _PROTOCOLS)
"""The names of the processes."""


class TlsTerminator:
    """One such process; it listens where clients look for the server."""

    def __init__(
        self,
        state: Path,
        *,
        server: str,
        port: int,
        server_port: int,
        files: CertificateFiles,
    ) -> None:
        self._server = server
        self._port = port
        self._server_port = server_port
        self._files = files
        self._daemon = Daemon(f"{server}-tls", state)

    def start(self) -> None:
        """Start it; its certificate lies there."""
        command = self._command()
        if self._daemon.runs(command):
            return
        self._daemon.stop()
        variable = f"DEV_{self._server.upper()}_PORT"
        require_free(self._port, variable=variable, purpose=f"TLS for {self._server}")
        self._daemon.start(command)

    def _command(self) -> Command:
        options = {
            "--protocol": _PROTOCOLS[self._server],
            "--port": str(self._port),
            "--server-port": str(self._server_port),
            "--certificate": str(self._files.certificate),
            "--key": str(self._files.key),
        }
        arguments = [part for pair in options.items() for part in pair]
        return Command(
            argv=(sys.executable, "-m", "devstack.tls_terminator_program", *arguments),
            environment={"PATH": "/usr/bin:/bin"},
            directory=_CHECKOUT,
            version=_sources(),
        )


def stop_all(state: Path) -> None:
    """End them, and with them the connections that go through them."""
    for name in TERMINATORS:
        Daemon(name, state).stop()


def _sources() -> str:
    return "".join((_CHECKOUT / "devstack" / name).read_text() for name in _SOURCES)
