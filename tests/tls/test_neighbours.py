"""A core that cannot be sure whom it talks to does not start, and says which neighbour and why."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from devstack.certificates import Certificates, Identity
from devstack.ports import HOST
from devstack.stack import Stack
from tests.e2e.site import Site, new_site
from tests.servers import Servers
from tests.tls.bad_certificates import (
    StrangeAuthority,
    another_certificate,
    issue_for_elsewhere,
    server_port,
)

pytestmark = pytest.mark.long

_STEPS: Final = {
    "postgres": "connect PostgreSQL: postgres is out of reach",
    "valkey": "connect Redis: redis is out of reach",
    "openbao": "read secrets from Vault: Vault at",
}


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A site, and what must never be seen of it, read while OpenBao can be asked."""

    site: Site
    secrets: frozenset[str] = field(repr=False)


@pytest.fixture(scope="module")
def scene(tls_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with new_site(tls_servers, tmp_path_factory.mktemp("site")) as site:
        yield Scene(site=site, secrets=frozenset(site.secret_texts()))


@pytest.mark.parametrize("neighbour", _STEPS)
def test_a_neighbour_with_a_strangers_certificate_is_not_talked_to(
    scene: Scene, tls_stack: Stack, certificates: Certificates, neighbour: str
) -> None:
    with another_certificate(tls_stack, certificates, neighbour) as files:
        StrangeAuthority().issue(Identity(name=neighbour), files)
        if neighbour == "openbao":
            tls_stack.openbao.reload_certificate()
        _assert_refused(scene, neighbour, {}, "certificate not trusted")


@pytest.mark.parametrize("neighbour", _STEPS)
def test_a_neighbour_with_a_certificate_for_another_host_is_not_talked_to(
    scene: Scene, tls_stack: Stack, certificates: Certificates, neighbour: str
) -> None:
    with another_certificate(tls_stack, certificates, neighbour) as files:
        issue_for_elsewhere(tls_stack, files)
        if neighbour == "openbao":
            tls_stack.openbao.reload_certificate()
        _assert_refused(scene, neighbour, {}, "certificate of another host")


@pytest.mark.parametrize("neighbour", ["postgres", "valkey"])
def test_a_neighbour_that_speaks_no_tls_is_not_talked_to(
    scene: Scene, tls_stack: Stack, neighbour: str
) -> None:
    variable = {"postgres": "PANDORA_POSTGRES__PORT", "valkey": "PANDORA_REDIS__PORT"}[neighbour]
    changes = {variable: str(server_port(tls_stack, neighbour))}
    # A server of Redis's protocol only waits for what it takes for a command to end.
    why = "it speaks no TLS" if neighbour == "postgres" else "TimeoutError"
    _assert_refused(scene, neighbour, changes, why)


@pytest.mark.parametrize(
    ("neighbour", "changes", "why"),
    [
        ("postgres", {"PANDORA_POSTGRES__SSLMODE": "disable"}, "it wants TLS"),
        ("valkey", {"PANDORA_REDIS__TLS": "false"}, "ConnectionError"),
    ],
)
def test_a_core_that_speaks_no_tls_is_let_in_nowhere(
    scene: Scene, neighbour: str, changes: dict[str, str], why: str
) -> None:
    _assert_refused(scene, neighbour, changes, why)


def test_vault_is_told_no_login_in_the_clear(scene: Scene, tls_stack: Stack) -> None:
    address = f"http://{HOST}:{tls_stack.openbao.port}"
    ended = scene.site.run("core", "serve", PANDORA_VAULT__ADDRESS=address)
    assert ended.returncode == 1
    assert re.fullmatch(r"cannot start: read secrets from Vault: .+\n", ended.stderr)


def test_a_core_whose_authority_is_another_trusts_nobody(scene: Scene, tmp_path: Path) -> None:
    strange = str(StrangeAuthority().write_root(tmp_path / "root.pem"))
    for neighbour, section in (("openbao", "VAULT"), ("postgres", "POSTGRES"), ("valkey", "REDIS")):
        _assert_refused(scene, neighbour, {f"PANDORA_{section}__CA_FILE": strange}, "not trusted")


def _assert_refused(scene: Scene, neighbour: str, changes: dict[str, str], why: str) -> None:
    ended = scene.site.run("core", "serve", **changes)
    assert ended.returncode == 1
    assert not [text for text in scene.secrets if text in ended.stdout + ended.stderr]
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"cannot start: {_STEPS[neighbour]}")
    assert why in line
    assert all("event" in json.loads(each) for each in ended.stdout.splitlines())
