"""Processes that outlive the command that started them, and are found again by a record."""

import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from devstack.account import Account
from devstack.errors import NotReadyError, StopFailedError
from devstack.private_file import write_private
from devstack.process_table import descendants, identity, send, stopped

_POLL_SECONDS: Final = 0.02
_SIGNAL_PATIENCE_SECONDS: Final = 5.0
_LOG_LIMIT_BYTES: Final = 8 * 1024 * 1024
_LOG_END_LINES: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to run, where, with which whole environment, and as whom (None: as oneself)."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    directory: Path
    account: Account | None = None
    version: str = ""

    @property
    def fingerprint(self) -> str:
        """Changes when a running process would have to be restarted to be what is asked for."""
        told = [self.argv, sorted(self.environment.items()), str(self.directory), self.version]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


class _Detached(subprocess.Popen[bytes]):
    """A child that is meant to outlive its handle: dropping the handle is no mistake."""

    def __del__(self) -> None:
        """Do as Popen does (note the child, to reap it once it has ended), without its warning."""
        super().__del__(_warn=_say_nothing)  # type: ignore[call-arg]


def _say_nothing(*_: object, **__: object) -> None:
    return


class Daemon:
    """One process under a state directory: `run/<name>.json` is its record, `log/` has its words.

    A record holds the pid together with the start time, so a pid that the system has given to
    another process since is never signalled.
    """

    def __init__(self, name: str, state: Path) -> None:
        self.name = name
        self.log = state / "log" / f"{name}.log"
        self._record = state / "run" / f"{name}.json"
        self._child: _Detached | None = None
        self._log_start = 0

    @property
    def pid(self) -> int | None:
        """The process id while it runs, else None."""
        if self._child is not None:
            self._child.poll()  # reaps it if it ended
        try:
            record = json.loads(self._record.read_text())
        except FileNotFoundError:
            return None
        pid, started = int(record["pid"]), record["identity"]
        # A process that ended before it could be recorded has no identity to be found again by.
        return pid if started is not None and identity(pid) == started else None

    def runs(self, command: Command) -> bool:
        """Tell whether the process runs and was started by exactly this command."""
        if self.pid is None:
            return False
        return bool(json.loads(self._record.read_text())["fingerprint"] == command.fingerprint)

    def start(self, command: Command) -> None:
        """Start the process in a session of its own, with its output in the log."""
        for folder in (self.log.parent, self._record.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        output = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._log_start = os.fstat(output).st_size
            account = command.account
            self._child = _Detached(
                account.command(*command.argv) if account else command.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=command.directory,
                env=dict(command.environment),
                start_new_session=True,
            )
        finally:
            os.close(output)
        record = {
            "pid": self._child.pid,
            "identity": identity(self._child.pid),
            "fingerprint": command.fingerprint,
        }
        write_private(self._record, json.dumps(record))

    def wait_until(self, ready: Callable[[], bool], *, deadline_seconds: float, what: str) -> None:
        """Poll `ready` until it is true.

        Raises:
            NotReadyError: The process ended first, or the deadline passed; with the log's end.
        """
        deadline = time.monotonic() + deadline_seconds
        while not ready():
            if self.pid is None:
                raise NotReadyError(name=self.name, reason="ended", log_end=self.log_end())
            if time.monotonic() > deadline:
                reason = f"did not become {what} within {deadline_seconds:.0f} s"
                raise NotReadyError(name=self.name, reason=reason, log_end=self.log_end())
            time.sleep(_POLL_SECONDS)

    def log_end(self) -> str:
        """Return the last lines written since this handle started the process."""
        try:
            with self.log.open("rb") as log:
                log.seek(self._log_start)
                lines = log.read().decode(errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        return "\n".join(f"  {line}" for line in lines[-_LOG_END_LINES:])

    def stop(
        self, first: signal.Signals = signal.SIGTERM, *, patience_seconds: float = 15.0
    ) -> None:
        """Ask the process to end; after `patience_seconds` kill it and its children.

        Raises:
            StopFailedError: It is still there even then.
        """
        pid = self.pid
        if pid is None:
            self._record.unlink(missing_ok=True)
            return
        send(pid, first)
        self.resume()  # a paused process would sleep through the request
        if not self._gone_within(patience_seconds):
            self.kill()
        self._record.unlink(missing_ok=True)

    def kill(self) -> None:
        """End the process and its descendants at once, as a crash of the machine would."""
        pid = self.pid
        if pid is None:
            return
        # The parent first: it must not start new children, nor tidy up after the old ones.
        family = [pid, *descendants(pid)]
        known = {member: identity(member) for member in family}
        for member in family:
            send(member, signal.SIGKILL)
        deadline = time.monotonic() + _SIGNAL_PATIENCE_SECONDS
        while any(seen and identity(member) == seen for member, seen in known.items()):
            if self._child is not None:
                self._child.poll()
            if time.monotonic() > deadline:
                raise StopFailedError(f"{self.name} (pid {pid}) outlived SIGKILL")
            time.sleep(_POLL_SECONDS)

    def tell(self, number: signal.Signals) -> None:
        """Send a signal to the process if it runs."""
        pid = self.pid
        if pid is not None:
            send(pid, number)

    def pause(self) -> None:
        """Freeze the process and its descendants: connections stay open, nothing answers.

        Returns when all of them stand still; a signal alone takes effect some time later.

        Raises:
            StopFailedError: One of them goes on.
        """
        pid = self.pid
        if pid is None:
            return
        deadline = time.monotonic() + _SIGNAL_PATIENCE_SECONDS
        send(pid, signal.SIGSTOP)
        # Asked again each time: until the parent stands still it may start another child.
        while running := [member for member in (pid, *descendants(pid)) if not stopped(member)]:
            if time.monotonic() > deadline:
                raise StopFailedError(f"{self.name}: {running} go on after SIGSTOP")
            for member in running:
                send(member, signal.SIGSTOP)
            time.sleep(_POLL_SECONDS)

    def resume(self) -> None:
        """Let a paused process and its descendants go on."""
        pid = self.pid
        if pid is not None:
            for member in (*descendants(pid), pid):
                send(member, signal.SIGCONT)

    def _gone_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.pid is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True
