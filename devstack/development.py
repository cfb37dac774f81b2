"""What `make dev-up`, `dev-down` and `dev-clean` do, each safe to repeat."""

import fcntl
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devstack.environment_file import write_environment
from devstack.errors import NotReadyError, StateDirectoryError
from devstack.ports import require_free
from devstack.process import Daemon
from devstack.provisioning import Provisioned, provision
from devstack.service_environment import ServicePorts, core_environment
from devstack.service_processes import CHECKOUT, SERVICE_PROCESSES, ServiceProcess
from devstack.stack import ServerPorts, Stack

_READY_DEADLINE_SECONDS: Final = 60.0
_STEP_DEADLINE_SECONDS: Final = 180.0
_STEP_LOG_END_LINES: Final = 15

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Development:
    """The stack of one checkout, its state under `root`; with `tls` everything speaks TLS."""

    root: Path
    environment: Mapping[str, str]
    say: Say
    tls: bool = False

    def up(self) -> None:
        """Start what does not run, migrate, seed, and return when everything is ready."""
        with self._turn():
            stack = self._stack()
            ports = ServicePorts.for_development(self.environment, stack.certificates)
            for process in SERVICE_PROCESSES:
                self._require_ports(process, ports)
            access = self._serve(stack)
            # Before the processes: when one of them fails, this is how to look into the servers.
            write_environment(self.root / "env", stack, access, ports)
            self._migrate(stack, access)
            self._step("data seed", core_environment(stack, access))
            daemons = [self._start(process, stack, access, ports) for process in SERVICE_PROCESSES]
            for process, daemon in zip(SERVICE_PROCESSES, daemons, strict=True):
                self._await(process, daemon, ports)

    def servers(self) -> tuple[Stack, Provisioned]:
        """Start the servers alone, where they ran last, with all that the service expects."""
        with self._turn():
            try:
                stack = Stack.open(self.root)
            except StateDirectoryError:
                stack = self._stack()
            return stack, self._serve(stack)

    def down(self) -> None:
        """Stop everything in reverse order; data stays."""
        if self.root.exists():
            with self._turn():
                self._stop_processes()
                self._stack().stop()
        self.say("stopped; the data stays in .dev")

    def clean(self) -> None:
        """Stop everything and delete all data."""
        if self.root.exists():
            with self._turn():
                self._stop_processes()
                self._stack().remove()
        self.say("stopped, and all data removed")

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Let one such command at a time work on this state."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.root / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _stack(self) -> Stack:
        return Stack(self.root, ServerPorts.for_development(self.environment, tls=self.tls))

    def _serve(self, stack: Stack) -> Provisioned:
        stack.start()
        access = provision(stack)
        self.say(f"PostgreSQL  {stack.postgres.address}")
        self.say(f"Valkey      {stack.valkey.address}")
        self.say(f"OpenBao     {stack.openbao.address}")
        self.say(f"mail server {stack.smtp.address}, mail in {stack.smtp.mail_folder}")
        return access

    def _migrate(self, stack: Stack, access: Provisioned) -> None:
        self._step("migrate", core_environment(stack, access, login=access.migrator_files))

    def _step(self, arguments: str, environment: Mapping[str, str]) -> None:
        """Run a command of the core to its end; its output is shown only if it fails."""
        name = f"python -m core {arguments}"
        try:
            outcome = subprocess.run(
                [sys.executable, "-m", "core", *arguments.split()],
                cwd=CHECKOUT,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=_STEP_DEADLINE_SECONDS,
                text=True,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            reason = f"did not end within {_STEP_DEADLINE_SECONDS:.0f} s"
            said = (late.stdout or b"").decode(errors="replace")
            raise NotReadyError(name=name, reason=reason, log_end=_end(said)) from None
        if outcome.returncode != 0:
            reason = f"failed with exit status {outcome.returncode}"
            raise NotReadyError(name=name, reason=reason, log_end=_end(outcome.stdout))
        self.say(f"done        {name}")

    def _require_ports(self, process: ServiceProcess, ports: ServicePorts) -> None:
        if Daemon(process.name, self.root).pid is None:
            for variable, purpose in process.listens.items():
                require_free(ports.by_variable[variable], variable=variable, purpose=purpose)

    def _start(
        self, process: ServiceProcess, stack: Stack, access: Provisioned, ports: ServicePorts
    ) -> Daemon:
        daemon = Daemon(process.name, self.root)
        command = process.command(stack, access, ports)
        if not daemon.runs(command):
            daemon.stop()
            self._require_ports(process, ports)
            daemon.start(command)
        return daemon

    def _await(self, process: ServiceProcess, daemon: Daemon, ports: ServicePorts) -> None:
        daemon.wait_until(
            lambda: process.ready(ports), deadline_seconds=_READY_DEADLINE_SECONDS, what="ready"
        )
        where = ", ".join(ports.address(variable) for variable in process.listens)
        self.say(f"{process.name:<11} {where}")

    def _stop_processes(self) -> None:
        for process in reversed(SERVICE_PROCESSES):
            Daemon(process.name, self.root).stop()


def _end(output: str) -> str:
    return "\n".join(f"  {line}" for line in output.splitlines()[-_STEP_LOG_END_LINES:])
