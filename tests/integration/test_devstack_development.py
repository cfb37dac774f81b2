"""What `make dev-up` and `make dev-down` promise, with the real service."""

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from devstack.development import Development
from devstack.errors import NotReadyError
from devstack.guard import Guard
from devstack.ports import free_port
from devstack.process import Daemon
from devstack.service_environment import (
    CORE_METRICS_PORT,
    CORE_PORT,
    GATEWAY_METRICS_PORT,
    GATEWAY_PORT,
    RELAY_METRICS_PORT,
)
from devstack.service_processes import SERVICE_PROCESSES
from devstack.stack import SERVERS

pytestmark = pytest.mark.long

_PORTS = (
    *("DEV_POSTGRES_PORT", "DEV_VALKEY_PORT", "DEV_OPENBAO_PORT"),
    *(CORE_PORT, GATEWAY_PORT, CORE_METRICS_PORT, GATEWAY_METRICS_PORT, RELAY_METRICS_PORT),
)
_PROCESSES = SERVERS | {process.name for process in SERVICE_PROCESSES}


@pytest.fixture(scope="module")
def development() -> Iterator[Development]:
    guard = Guard()
    try:
        ports = {variable: str(free_port()) for variable in _PORTS}
        yield Development(root=guard.root, environment=ports, say=print)
    finally:
        guard.release()


def _pids(development: Development) -> dict[str, int | None]:
    return {name: Daemon(name, development.root).pid for name in _PROCESSES}


def _sourced(file: Path) -> dict[str, str]:
    """Return what a shell has in its environment after sourcing the file."""
    shell = subprocess.run(
        ["/bin/sh", "-c", 'set -a && . "$1" && env -0', "sh", str(file)],
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(entry.split("=", 1) for entry in shell.stdout.split("\0") if entry)


def _post(variables: dict[str, str], path: str, body: dict[str, str]) -> dict[str, object]:
    answer = requests.post(f"{variables['GATEWAY_URL']}{path}", json=body, timeout=10)
    answer.raise_for_status()
    content: dict[str, object] = answer.json()
    return content


def test_sessions_outlive_down_and_up(development: Development) -> None:
    development.up()
    file = development.root / "env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    variables = _sourced(file)
    login = _post(
        variables,
        "/v1/auth/login",
        {"email": variables["DEV_ADMIN_EMAIL"], "password": variables["DEV_ADMIN_PASSWORD"]},
    )
    development.down()
    assert set(_pids(development).values()) == {None}
    development.up()
    assert _sourced(file) == variables
    token = str(login["refresh_token"])
    assert _post(variables, "/v1/auth/refresh", {"refresh_token": token})["access_token"]


def test_up_again_restarts_only_what_died(development: Development) -> None:
    development.up()
    before = _pids(development)
    Daemon("gateway", development.root).kill()
    development.up()
    after = _pids(development)
    assert after["gateway"] not in {None, before["gateway"]}
    assert {name: after[name] for name in _PROCESSES - {"gateway"}} == {
        name: before[name] for name in _PROCESSES - {"gateway"}
    }


def test_no_process_finds_a_secret_in_its_environment(
    development: Development, monkeypatch: pytest.MonkeyPatch
) -> None:
    development.up()
    variables = _sourced(development.root / "env")
    secrets = {variables["DEV_ADMIN_PASSWORD"], variables["DATABASE_URL"]}
    secrets |= {file.read_text() for file in (development.root / "admin").iterdir()}
    secrets |= {file.read_text() for file in (development.root / "vault").glob("*/secret_id")}
    # Whoever has sourced the file starts again what died.
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    Daemon("core", development.root).kill()
    development.up()
    for name, pid in _pids(development).items():
        seen = Path(f"/proc/{pid}/environ").read_text()
        assert not [secret for secret in secrets if secret in seen], name


def test_a_step_that_fails_is_told_in_its_own_words(
    development: Development, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "PANDORA_CORE__NO_SUCH_SETTING", "1")
    with pytest.raises(NotReadyError, match=r"migrate failed.*\n.*PANDORA_CORE__NO_SUCH_SETTING"):
        development.up()
