"""A mail server that delivers nothing: what it takes lies in files that people and tests read."""

import shutil
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import devstack
from devstack.ports import HOST, require_free
from devstack.process import Command, Daemon

PORT_VARIABLE: Final = "DEV_SMTP_PORT"
_START_DEADLINE_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpDoor:
    """What is asked of whoever hands in mail: TLS by this certificate, and a login in this file.

    The files are in PEM, and one line `username:password`; without them anybody may hand in mail
    in the clear. With `implicit_tls` the connection begins with TLS, else it turns to it.
    """

    certificate: Path | None = None
    private_key: Path | None = None
    login: Path | None = None
    implicit_tls: bool = False


OPEN: Final = SmtpDoor()


class SmtpServer:
    """One mail server; each mail that it takes is one file `*.eml` in `mail_folder`."""

    def __init__(self, state: Path, port: int, *, door: SmtpDoor = OPEN) -> None:
        self.port = port
        self.address = f"{HOST}:{port}"
        self.mail_folder = state / "mail"
        self._door = door
        self._daemon = Daemon("smtp", state)

    @property
    def running(self) -> bool:
        """Whether the server process is there (it may be paused)."""
        return self._daemon.pid is not None

    def start(self) -> None:
        """Start the server; wait with `await_ready`."""
        command = self._command()
        if self._daemon.runs(command):
            return
        self.stop()
        require_free(self.port, variable=PORT_VARIABLE, purpose="the mail server")
        self._daemon.start(command)

    def await_ready(self) -> None:
        """Return once the server answers; raises NotReadyError."""
        self._daemon.wait_until(
            self._answers, deadline_seconds=_START_DEADLINE_SECONDS, what="ready"
        )

    def stop(self) -> None:
        """Stop the server; the mail stays."""
        self._daemon.stop()

    def kill(self) -> None:
        """End the server as a crash would."""
        self._daemon.kill()

    def pause(self) -> None:
        """Freeze the server: connections stay open, nothing answers."""
        self._daemon.pause()

    def resume(self) -> None:
        """Go on after `pause`."""
        self._daemon.resume()

    def remove(self) -> None:
        """Stop the server and delete the mail."""
        self.stop()
        shutil.rmtree(self.mail_folder, ignore_errors=True)

    def _command(self) -> Command:
        self.mail_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        options = {
            "--port": str(self.port),
            "--folder": str(self.mail_folder),
            "--certificate": self._door.certificate,
            "--private-key": self._door.private_key,
            "--login": self._door.login,
        }
        given = [part for name, value in options.items() if value for part in (name, str(value))]
        flags = ["--implicit-tls"] if self._door.implicit_tls else []
        program = Path(devstack.__file__).parent / "smtp_program.py"
        return Command(
            argv=(sys.executable, "-m", "devstack.smtp_program", *given, *flags),
            environment={"PATH": "/usr/bin:/bin"},
            directory=Path(devstack.__file__).resolve().parent.parent,
            version=program.read_text(),
        )

    def _answers(self) -> bool:
        try:
            # Enough for any door: behind TLS even the greeting would need a certificate to trust.
            with socket.create_connection((HOST, self.port), timeout=2):
                return True
        except OSError:
            return False
