"""`make dev-up TLS=1`: what `.dev/env` says is enough to get in, and plain again keeps the data."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import redis
import requests

from devstack.development import Development
from devstack.guard import Guard
from devstack.ports import free_port
from devstack.service_processes import SERVICE_PROCESSES

pytestmark = pytest.mark.long

_SERVERS = ("POSTGRES", "POSTGRES_SERVER", "VALKEY", "VALKEY_SERVER", "OPENBAO", "SMTP")
_HEALTH = "grpc.health.v1.Health/Check"


@pytest.fixture
def development() -> Iterator[Development]:
    guard = Guard()
    try:
        variables = [f"DEV_{name}_PORT" for name in _SERVERS]
        variables += [port for process in SERVICE_PROCESSES for port in process.listens]
        ports = {variable: str(free_port()) for variable in variables}
        yield Development(root=guard.root, environment=ports, say=print)
    finally:
        guard.release()


def _sourced(development: Development) -> dict[str, str]:
    """Return what a shell has in its environment after sourcing the file."""
    shell = subprocess.run(
        ["/bin/sh", "-c", 'set -a && . "$1" && env -0', "sh", str(development.root / "env")],
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(entry.split("=", 1) for entry in shell.stdout.split("\0") if entry)


def _log_in(variables: dict[str, str]) -> int:
    answer = requests.post(
        f"{variables['GATEWAY_URL']}/v1/auth/login",
        json={
            "email": variables["DEV_ADMIN_EMAIL"],
            "password": variables["DEV_ADMIN_PASSWORD"],
        },
        verify=variables.get("DEV_CA_FILE", True),
        timeout=10,
    )
    return answer.status_code


def test_everything_is_reached_by_tls_and_then_plain_again(development: Development) -> None:
    replace(development, tls=True).up()
    variables = _sourced(development)
    assert variables["GATEWAY_URL"].startswith("https://")
    assert variables["VAULT_ADDR"].startswith("https://")
    assert variables["REDIS_URL"].startswith("rediss://")
    assert _log_in(variables) == 200
    with psycopg.connect(variables["DATABASE_URL"]) as connection:
        assert connection.pgconn.ssl_in_use
        people = connection.execute("SELECT count(*) FROM users").fetchone()
    with redis.Redis.from_url(variables["REDIS_URL"]) as client:
        assert client.ping()
    grpcurl = Path(sys.executable).parent / "grpcurl"
    way = [
        f"-cacert={variables['DEV_CA_FILE']}",
        f"-cert={variables['DEV_CLIENT_CERTIFICATE_FILE']}",
        f"-key={variables['DEV_CLIENT_KEY_FILE']}",
    ]
    for flags, passes in ((way, True), (way[:1], False), (["-plaintext"], False)):
        asked = subprocess.run(
            [grpcurl, *flags, "-max-time=10", variables["CORE_ADDRESS"], _HEALTH],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ("SERVING" in asked.stdout) is passes, asked.stderr

    development.up()
    variables = _sourced(development)
    assert variables["GATEWAY_URL"].startswith("http://")
    assert _log_in(variables) == 200
    with psycopg.connect(variables["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == people
