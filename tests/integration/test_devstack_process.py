"""Processes that outlive their starter, and what is said when one does not start."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.errors import NotReadyError, PortInUseError
from devstack.ports import free_port, from_environment, require_free
from devstack.process import Command, Daemon


def _python(folder: Path, code: str, **environment: str) -> Command:
    return Command(
        argv=(sys.executable, "-c", code),
        environment={"PATH": "/usr/bin:/bin", **environment},
        directory=folder,
    )


_SLEEPER = "import signal; print('up', flush=True); signal.pause()"
_STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {_SLEEPER}"


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    daemon = Daemon("sleeper", tmp_path)
    yield daemon
    daemon.kill()


def _await_up(daemon: Daemon) -> None:
    daemon.wait_until(lambda: "up" in daemon.log_end(), deadline_seconds=20, what="up")


def test_a_process_is_found_again_by_another_handle(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start(_python(tmp_path, _SLEEPER))
    again = Daemon("sleeper", tmp_path)
    assert again.pid == daemon.pid
    again.stop()
    assert daemon.pid is None


def test_a_process_is_its_own_session(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start(_python(tmp_path, _SLEEPER))
    assert daemon.pid is not None
    assert os.getsid(daemon.pid) == daemon.pid


def test_only_the_same_command_counts_as_running(daemon: Daemon, tmp_path: Path) -> None:
    command = _python(tmp_path, _SLEEPER)
    assert not daemon.runs(command)
    daemon.start(command)
    assert daemon.runs(command)
    assert not daemon.runs(_python(tmp_path, _SLEEPER, PORT="1"))


@pytest.fixture
def stranger() -> Iterator[int]:
    """The pid of a process that no record may lead to."""
    process = subprocess.Popen([sys.executable, "-c", _SLEEPER], stdout=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def test_a_pid_that_belongs_to_another_process_now_is_left_alone(
    daemon: Daemon, tmp_path: Path, stranger: int
) -> None:
    daemon.start(_python(tmp_path, _SLEEPER))
    daemon.kill()
    record = tmp_path / "run" / "sleeper.json"
    known = json.loads(record.read_text())
    boot = known["identity"].partition("/")[0]
    earlier = {"pid": stranger, "identity": f"{boot}/1"}
    record.write_text(json.dumps(known | earlier))
    assert daemon.pid is None
    daemon.kill()
    daemon.stop()
    assert Path(f"/proc/{stranger}/stat").read_text().split()[2] != "Z"


def test_a_process_that_ended_before_it_was_recorded_does_not_run(
    daemon: Daemon, tmp_path: Path
) -> None:
    daemon.start(_python(tmp_path, _SLEEPER))
    daemon.kill()
    record = tmp_path / "run" / "sleeper.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"identity": None}))
    assert daemon.pid is None


def test_a_process_that_ignores_the_request_is_killed(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start(_python(tmp_path, _STUBBORN))
    _await_up(daemon)
    daemon.stop(patience_seconds=0.2)
    assert daemon.pid is None


def test_a_frozen_process_still_hears_the_request(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start(_python(tmp_path, _SLEEPER))
    _await_up(daemon)
    pid = daemon.pid
    daemon.pause()
    assert Path(f"/proc/{pid}/stat").read_text().split()[2] == "T"
    daemon.stop(signal.SIGTERM, patience_seconds=20)
    assert daemon.pid is None


def test_killing_a_process_kills_its_children(daemon: Daemon, tmp_path: Path) -> None:
    family = (
        "import subprocess, sys; "
        f"child = subprocess.Popen([sys.executable, '-c', {_SLEEPER!r}]); "
        "print('child', child.pid, flush=True); child.wait()"
    )
    daemon.start(_python(tmp_path, family))
    _await_up(daemon)
    words = daemon.log_end().split()
    child = int(words[words.index("child") + 1])
    daemon.kill()
    stat = Path(f"/proc/{child}/stat")
    assert not stat.exists() or stat.read_text().split()[2] == "Z"


def test_an_early_end_is_told_with_the_last_words_of_this_start(
    daemon: Daemon, tmp_path: Path
) -> None:
    daemon.start(_python(tmp_path, "raise SystemExit('long ago')"))
    with pytest.raises(NotReadyError, match=r"sleeper ended.*\n  long ago"):
        daemon.wait_until(lambda: False, deadline_seconds=20, what="ready")
    daemon.start(_python(tmp_path, "raise SystemExit('no such setting')"))
    with pytest.raises(
        NotReadyError, match=r"sleeper ended; its log ends with:\n  no such setting$"
    ):
        daemon.wait_until(lambda: False, deadline_seconds=20, what="ready")


def test_a_late_process_is_told_with_its_last_words(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start(_python(tmp_path, _SLEEPER))
    _await_up(daemon)
    with pytest.raises(NotReadyError, match=r"did not become ready within 0 s.*\n  up"):
        daemon.wait_until(lambda: False, deadline_seconds=0, what="ready")


def test_a_port_in_use_is_named_with_its_variable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=f"port {port} .*GATEWAY_PORT"):
            require_free(port, variable="GATEWAY_PORT", purpose="the gateway")


def test_a_free_port_can_be_listened_on() -> None:
    with socket.create_server(("127.0.0.1", free_port())):
        pass


def test_ports_come_from_the_environment() -> None:
    assert from_environment("CORE_PORT", 50051, {"CORE_PORT": "1234"}) == 1234
    assert from_environment("CORE_PORT", 50051, {}) == 50051
    assert from_environment("CORE_PORT", 50051, {"CORE_PORT": ""}) == 50051
    for wrong in ("0", "65536", "-1", "http", "80 81"):
        with pytest.raises(ValueError, match="CORE_PORT must be a port"):
            from_environment("CORE_PORT", 50051, {"CORE_PORT": wrong})
