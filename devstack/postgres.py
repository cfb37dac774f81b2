"""PostgreSQL on TCP with scram-sha-256 for everyone, its data kept under the state directory."""

import hashlib
import shutil
import signal
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

import psycopg

from devstack import account, postgres_data, postgres_install
from devstack.ports import HOST, require_free
from devstack.private_file import kept_password
from devstack.process import Command, Daemon

PORT_VARIABLE: Final = "DEV_POSTGRES_PORT"
SERVER_PORT_VARIABLE: Final = "DEV_POSTGRES_SERVER_PORT"
"""Behind TLS the first names the port of TLS, the second the server's own."""
_START_DEADLINE_SECONDS: Final = 60.0
# A socket's path may have 107 bytes (sun_path in unix(7)); PostgreSQL appends its own name.
_SOCKET_FOLDER_LIMIT: Final = 107 - len("/.s.PGSQL.65535.lock")


class PostgresServer:
    """One PostgreSQL cluster.

    `port` is where clients come. Behind TLS the server itself listens on `server_port`, and clients
    trust who is vouched for in `ca_file`.
    """

    def __init__(
        self, state: Path, port: int, *, server_port: int = 0, ca_file: Path | None = None
    ) -> None:
        self.port = port
        self.address = f"{HOST}:{port}"
        self._server_port = server_port or port
        self._ca_file = ca_file
        self._state = state
        self._daemon = Daemon("postgres", state)
        self._account = account.for_postgres()
        self.home = self._home()

    @property
    def data(self) -> Path:
        """The cluster's data directory."""
        return postgres_data.cluster(self.home)

    @property
    def socket_folder(self) -> Path | None:
        """Where the Unix socket lies; None when the path is too long for one."""
        folder = postgres_data.socket_folder(self.home)
        return folder if len(bytes(folder)) <= _SOCKET_FOLDER_LIMIT else None

    @property
    def running(self) -> bool:
        """Whether the server process is there (it may be paused)."""
        return self._daemon.pid is not None

    def dsn(
        self, database: str, *, user: str = postgres_data.SUPERUSER, password: str | None = None
    ) -> str:
        """Return a connection URL; without a password it is the superuser's."""
        secret = password or kept_password(self._password_file)
        url = f"postgresql://{user}:{quote(secret, safe='')}@{self.address}/{database}"
        return url if self._ca_file is None else f"{url}?{self.parameters}"

    @property
    def parameters(self) -> str:
        """The part of a URL that says whether to use TLS, and whom to trust."""
        if self._ca_file is None:
            return "sslmode=disable"
        trust = {"sslmode": "verify-full", "sslrootcert": str(self._ca_file)}
        return urlencode(trust, quote_via=quote)

    def start(self) -> None:
        """Start the server (initialising its data the first time); wait with `await_ready`."""
        programs = postgres_install.programs(self._account)
        command = self._command(programs)
        if self._daemon.runs(command):
            return
        self.stop()
        variable = PORT_VARIABLE if self._server_port == self.port else SERVER_PORT_VARIABLE
        require_free(self._server_port, variable=variable, purpose="PostgreSQL")
        if self.data.exists():
            postgres_data.clear_after_crash(self.home)
        else:
            postgres_data.initialise(
                self.home, programs, self._account, password=kept_password(self._password_file)
            )
        self._daemon.start(command)

    def await_ready(self) -> None:
        """Return once the server answers queries; raises NotReadyError."""
        self._daemon.wait_until(
            self._answers, deadline_seconds=_START_DEADLINE_SECONDS, what="ready"
        )

    def stop(self) -> None:
        """Stop in PostgreSQL's «fast» way: sessions are ended, data is written out."""
        self._daemon.stop(signal.SIGINT)

    def kill(self) -> None:
        """End the server and its sessions as a crash would; the next start recovers."""
        self._daemon.kill()

    def pause(self) -> None:
        """Freeze the server: it accepts nothing and answers nothing, connections stay open."""
        self._daemon.pause()

    def resume(self) -> None:
        """Go on after `pause`."""
        self._daemon.resume()

    def remove(self) -> None:
        """Stop the server and delete its data."""
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    @property
    def _password_file(self) -> Path:
        return self._state / "admin" / "postgres"

    def _home(self) -> Path:
        beside = self._state / "postgres"
        name = hashlib.sha256(bytes(self._state)).hexdigest()[:16]
        apart = postgres_install.SHARED_DATA / name
        if self._account is None or (beside / "data").exists():
            return beside
        # Under root the data belongs to another account, which must be able to walk there.
        if (apart / "data").exists() or not self._account.reaches(f"-x {self._state}"):
            return apart
        return beside

    def _command(self, programs: Path) -> Command:
        options = {
            "listen_addresses": HOST,
            "port": str(self._server_port),
            "unix_socket_directories": str(self.socket_folder or ""),
            "max_connections": "200",
            "fsync": "on",
            "log_line_prefix": "%m [%p] %q%u@%d ",
        }
        return Command(
            argv=(
                str(programs / "postgres"),
                "-D",
                str(self.data),
                *(f"--{name}={value}" for name, value in options.items()),
            ),
            environment=postgres_data.ENVIRONMENT,
            directory=self.home,
            account=self._account,
        )

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self.dsn("postgres"), connect_timeout=2) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True
