"""A start goes step by step; one that fails ends with a clear line and a code that says so."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from devstack.ports import HOST, free_port
from devstack.private_file import write_private
from devstack.service_environment import CORE_METRICS_PORT, CORE_PORT, GATEWAY_PORT
from tests.e2e.processes import Process
from tests.e2e.service import Service
from tests.e2e.site import Site, new_site
from tests.servers import Servers

SERVE: Final = ("core", "serve")
RELAY: Final = ("core", "relay")
GATEWAY: Final = ("gateway",)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A start that cannot succeed: what is wrong with its surroundings, and what it says."""

    program: tuple[str, ...] = SERVE
    changes: Callable[[Site], dict[str, str]]
    says: str
    exit_code: int = 1
    takes_port: str | None = field(default=None)


def _set(**changes: str) -> Callable[[Site], dict[str, str]]:
    return lambda _: changes


def _unused(variable: str) -> Callable[[Site], dict[str, str]]:
    return lambda _: {variable: str(free_port())}


def _no_vault(_: Site) -> dict[str, str]:
    return {"PANDORA_VAULT__ADDRESS": f"http://{HOST}:{free_port()}"}


def _wrong_secret_id(site: Site) -> dict[str, str]:
    file = site.folder / "secret-id"
    write_private(file, "2f6ba1c0-5d4e-4f3a-9b60-000000000000")
    return {"PANDORA_VAULT__SECRET_ID_FILE": str(file)}


FAILURES: Final = {
    "an unknown environment": Failure(
        changes=_set(APP_ENV="staging"),
        says=r"configuration refused: APP_ENV must be one of dev, sandbox, audit, prod; .*",
    ),
    "a setting that is no number": Failure(
        changes=_set(PANDORA_CORE__METRICS_PORT="ninety"),
        says=r"configuration refused: PANDORA_CORE__METRICS_PORT .*",
    ),
    "a setting that does not exist": Failure(
        changes=_set(PANDORA_CORE__PROT="50051"),
        says=r"configuration refused: .*PANDORA_CORE__PROT.*",
    ),
    "no Vault": Failure(
        changes=_no_vault, says=r"read secrets from Vault: Vault at http://\S+ cannot be reached"
    ),
    "a wrong secret id": Failure(
        changes=_wrong_secret_id,
        says=r"read secrets from Vault: Vault refuses the login with /\S+",
    ),
    "no PostgreSQL": Failure(
        changes=_unused("PANDORA_POSTGRES__PORT"),
        says=r"connect PostgreSQL: postgres is out of reach \(.+\)",
    ),
    "no Redis": Failure(
        changes=_unused("PANDORA_REDIS__PORT"),
        says=r"connect Redis: redis is out of reach \(.+\)",
    ),
    "a port that is taken": Failure(
        changes=_set(),
        takes_port=CORE_PORT,
        says=r"start the gRPC server: cannot listen on 127\.0\.0\.1:\d+",
    ),
    "a metrics port that is taken": Failure(
        changes=_set(), takes_port=CORE_METRICS_PORT, says=r"open the metrics port: .*\d+.*"
    ),
    "no PostgreSQL for the relay": Failure(
        program=RELAY,
        changes=_unused("PANDORA_POSTGRES__PORT"),
        says=r"connect PostgreSQL: postgres is out of reach \(.+\)",
    ),
    "an unknown environment of the gateway": Failure(
        program=GATEWAY,
        changes=_set(APP_ENV="staging"),
        says=r"APP_ENV must be one of dev, sandbox, audit, prod",
        exit_code=2,
    ),
    "a setting of the gateway that does not exist": Failure(
        program=GATEWAY,
        changes=_set(PANDORA_GATEWAY__PROT="8080"),
        says=r"PANDORA_GATEWAY__PROT is not a setting",
        exit_code=2,
    ),
    "a port of the gateway that is taken": Failure(
        program=GATEWAY,
        changes=_set(),
        takes_port=GATEWAY_PORT,
        says=r"cannot start: .*address already in use.*",
    ),
}


@pytest.fixture(scope="module")
def broken_site(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site on which nothing ever comes to run."""
    with new_site(servers, tmp_path_factory.mktemp("broken")) as site:
        yield site


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_a_start_that_fails_says_which_step_and_why(failure: Failure, broken_site: Site) -> None:
    with socket.socket() as taken:
        if failure.takes_port is not None:
            taken.bind((HOST, broken_site.ports.by_variable[failure.takes_port]))
            taken.listen()
        ended = broken_site.run(*failure.program, **failure.changes(broken_site))

    _assert_refused(ended.stdout, ended.stderr, failure.says, broken_site)
    assert ended.returncode == failure.exit_code


def test_a_password_that_postgres_refuses_is_said_without_the_password(site: Site) -> None:
    site.replace_secret("postgres", {"username": "pandora_service", "password": "not-this-one"})
    ended = site.run(*SERVE)

    _assert_refused(ended.stdout, ended.stderr, r"connect PostgreSQL: postgres is .*", site)
    assert "not-this-one" not in ended.stdout + ended.stderr
    assert ended.returncode == 1


def test_a_sealed_vault_stops_the_start(own_servers: Servers, tmp_path: Path) -> None:
    with new_site(own_servers, tmp_path) as site:
        own_servers.stack.openbao.client().sys.seal()
        ended = site.run(*SERVE)

    assert re.fullmatch(
        r"cannot start: read secrets from Vault: Vault at \S+ is sealed or not ready\n",
        ended.stderr,
    )
    assert ended.returncode == 1


def test_the_core_starts_in_the_documents_order(service: Service) -> None:
    log = service.core.log
    assert log[0]["event"] == "settings_loaded"
    steps = [
        (line["event"], line["step"]) for line in log if line["event"].startswith("startup_step")
    ]
    names = [
        "read secrets from Vault",
        "connect PostgreSQL",
        "connect Redis",
        "start tracing",
        "prepare keys and hashing",
        "open the metrics port",
        "read the country file",
        "start the gRPC server",
        "register health checks",
    ]
    told = [(event, name) for name in names for event in ("startup_step", "startup_step_done")]
    assert steps == told
    events = [line["event"] for line in log]
    last_step = max(index for index, event in enumerate(events) if event == "startup_step_done")
    assert events.index("serving_requests") > last_step


def test_a_relay_starts_while_redis_is_away(site: Site) -> None:
    relay: Process = site.start(*RELAY, PANDORA_REDIS__PORT=str(free_port()))
    relay.wait_until(lambda: any(line["event"] == "relaying" for line in relay.log))
    relay.stop()


def _assert_refused(stdout: str, stderr: str, says: str, site: Site) -> None:
    (line,) = stderr.splitlines()
    assert re.fullmatch(rf"(cannot start|gateway): {says}", line)
    written = [json.loads(text) for text in stdout.splitlines()]
    assert all(each.keys() >= {"timestamp", "level", "event"} for each in written)
    assert "Traceback" not in stdout + stderr
    assert not [text for text in site.secret_texts() if text in stdout + stderr]
