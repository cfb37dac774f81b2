"""PostgreSQL on TCP with scram-sha-256 for everyone, its data kept under the state directory."""

import hashlib
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg

from devstack import account, postgres_install
from devstack.errors import NotReadyError
from devstack.ports import HOST, require_free
from devstack.private_file import kept_password, write_private
from devstack.process import Command, Daemon
from devstack.process_table import working_in

SUPERUSER: Final = "postgres"
PORT_VARIABLE: Final = "DEV_POSTGRES_PORT"
_START_DEADLINE_SECONDS: Final = 60.0
_ORPHANS_PATIENCE_SECONDS: Final = 10.0
_ORPHANS_POLL_SECONDS: Final = 0.05
# A socket's path may have 107 bytes (sun_path in unix(7)); PostgreSQL appends its own name.
_SOCKET_FOLDER_LIMIT: Final = 107 - len("/.s.PGSQL.65535.lock")


class PostgresServer:
    """One PostgreSQL cluster."""

    def __init__(self, state: Path, port: int) -> None:
        self.port = port
        self.address = f"{HOST}:{port}"
        self._state = state
        self._daemon = Daemon("postgres", state)
        self._account = account.for_postgres()
        self.home = self._home()

    @property
    def data(self) -> Path:
        """The cluster's data directory."""
        return self.home / "data"

    @property
    def socket_folder(self) -> Path | None:
        """Where the Unix socket lies; None when the path is too long for one."""
        folder = self.home / "socket"
        return folder if len(bytes(folder)) <= _SOCKET_FOLDER_LIMIT else None

    @property
    def running(self) -> bool:
        """Whether the server process is there (it may be paused)."""
        return self._daemon.pid is not None

    def dsn(self, database: str, *, user: str = SUPERUSER, password: str | None = None) -> str:
        """Return a connection URL; without a password it is the superuser's."""
        secret = password or kept_password(self._password_file)
        return f"postgresql://{user}:{quote(secret, safe='')}@{self.address}/{database}"

    def start(self) -> None:
        """Start the server (initialising its data the first time); wait with `await_ready`."""
        programs = postgres_install.programs(self._account)
        command = self._command(programs)
        if self._daemon.runs(command):
            return
        self.stop()
        require_free(self.port, variable=PORT_VARIABLE, purpose="PostgreSQL")
        self._clear_after_crash()
        if not (self.data / "PG_VERSION").exists():
            self._initialise(programs)
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
            "port": str(self.port),
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
            environment=_ENVIRONMENT,
            directory=self.home,
            account=self._account,
        )

    def _clear_after_crash(self) -> None:
        """Remove the lock file of a dead server once none of its processes is left.

        PostgreSQL itself would take the dead server for a living one until its parent has reaped
        it, and in a container the parent may never do so.

        Raises:
            NotReadyError: A process still uses the data; two servers at once would destroy it.
        """
        lock_file = self.data / "postmaster.pid"
        deadline = time.monotonic() + _ORPHANS_PATIENCE_SECONDS
        while lock_file.exists():
            left = working_in(self.data)
            if not left:
                lock_file.unlink()
            elif time.monotonic() > deadline:
                reason = f"cannot start: processes {left} still use {self.data}"
                raise NotReadyError(name="postgres", reason=reason, log_end=self._daemon.log_end())
            else:
                time.sleep(_ORPHANS_POLL_SECONDS)

    def _initialise(self, programs: Path) -> None:
        password_file = self.home / "initial-password"
        for folder in (self.home, self.home / "data", self.home / "socket"):
            if self._account is None:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            else:
                folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
                self._account.own(folder)
        write_private(password_file, kept_password(self._password_file))
        if self._account is not None:
            shutil.chown(password_file, self._account.uid, self._account.gid)
        try:
            outcome = subprocess.run(
                [
                    programs / "initdb",
                    f"--pgdata={self.data}",
                    f"--username={SUPERUSER}",
                    f"--pwfile={password_file}",
                    "--auth-host=scram-sha-256",
                    "--auth-local=scram-sha-256",
                    "--encoding=UTF8",
                    # The machine's locales differ; this one is part of PostgreSQL itself.
                    "--locale=C",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                ],
                cwd=self.home,
                env=_ENVIRONMENT,
                user=self._account.uid if self._account else None,
                group=self._account.gid if self._account else None,
                extra_groups=[] if self._account else None,
                check=False,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        finally:
            password_file.unlink()
        if outcome.returncode != 0:
            shutil.rmtree(self.data, ignore_errors=True)
            raise NotReadyError(name="initdb", reason="failed", log_end=outcome.stdout.strip())

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self.dsn("postgres"), connect_timeout=2) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
