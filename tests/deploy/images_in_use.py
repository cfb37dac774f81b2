"""The images as they are built, each running its own process: `make image-test`.

The file is not collected by itself, for it needs buildah and the images.
"""

import os
import time
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from devstack.readiness import grpc_serving, http_ok
from tests.deploy.container import Container, container
from tests.e2e.site import Site, new_site
from tests.servers import Servers
from tools.deploy.image_root import USER_ID
from tools.deploy.images import PROGRAMS, image_name

MOST_BYTES: Final = 150 * 2**20
_START_SECONDS: Final = 30
_HEALTH: Final = {"core": ("core", "health"), "gateway": ("gateway.health_check",)}
_PLACES: Final = ("/x", "/etc/x", "/usr/bin/x", "/srv/pandora/x.py", "/srv/pandora/site/x.py")
_TRY: Final = """
import os, sys
refused = []
for place in sys.argv[1:]:
    try:
        open(place, 'w').close()
    except PermissionError:
        refused.append(place)
print(os.getuid(), os.getgid(), *refused)
"""


@pytest.fixture(scope="module")
def site(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Where the containers' processes find everything; their user may read the logins."""
    folder = tmp_path_factory.mktemp("site")
    with new_site(servers, folder) as site:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, USER_ID, USER_ID)
        yield site


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def subject(program: str, site: Site) -> Iterator[Container]:
    environment = {
        name: value
        for name, value in site.environment(program).items()
        if name.startswith(("PANDORA_", "APP_ENV", "CORE_PORT", "GATEWAY_PORT"))
    }
    with container(image_name(program), environment, site.folder) as subject:
        yield subject


def _await(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the container's process does not become ready"
        time.sleep(0.1)


def test_its_process_becomes_healthy_and_ends_well(
    subject: Container, program: str, site: Site
) -> None:
    check = ("/usr/bin/python3", "-m", *_HEALTH[program])
    assert subject.config["Healthcheck"]["Test"] == ["CMD", *check]
    assert subject.run(*check).returncode == 1

    with subject.running():
        if program == "core":
            _await(lambda: grpc_serving(site.core_address))
        else:
            _await(lambda: http_ok(f"{site.gateway_url}/healthz"))
        assert subject.run(*check).returncode == 0

    assert subject.run(*check).returncode == 1


def test_it_runs_as_nobody_and_can_write_nowhere(subject: Container) -> None:
    answer = subject.run("/usr/bin/python3", "-c", _TRY, *_PLACES)

    assert subject.config["User"] == f"{USER_ID}:{USER_ID}"
    assert answer.stdout.split() == [str(USER_ID), str(USER_ID), *_PLACES], answer.stderr


def test_it_holds_nothing_to_build_or_to_install_with(subject: Container) -> None:
    programs = {path.name for path in (subject.root / "usr/bin").iterdir()}
    pip = subject.run("/usr/bin/python3", "-m", "pip")

    assert programs == {"python3", "python3.11"}
    assert "No module named pip" in pip.stderr
    for name in ("sh", "bash", "apt", "apt-get", "dpkg", "gcc", "ld", "pip", "ensurepip"):
        found = [path for path in subject.root.rglob(name) if path.is_file()]
        assert not found, name


def test_it_is_small_and_says_what_it_is(subject: Container, program: str) -> None:
    files = [path for path in subject.root.rglob("*") if not path.is_symlink() and path.is_file()]
    size = sum(path.stat().st_size for path in files)
    print(f"{program}: {size / 2**20:.1f} MiB")
    labels = subject.config["Labels"]

    assert size < MOST_BYTES
    assert subject.config["StopSignal"] == "SIGTERM"
    assert labels["org.opencontainers.image.title"] == f"pandora-user-{program}"
    assert {"version", "revision", "created"} <= {
        label.rpartition(".")[2] for label, value in labels.items() if value != "unknown"
    }


def test_no_secret_of_the_build_is_left(subject: Container) -> None:
    for name in ("etc/pip.conf", "run/secrets", "root", "build"):
        assert not (subject.root / name).exists()
    assert not [key for key in subject.config["Env"] if "PIP" in key]


def test_the_core_migrates(site: Site) -> None:
    environment = {
        name: value
        for name, value in site.environment("core").items()
        if name.startswith(("PANDORA_", "APP_ENV"))
    }
    with container(image_name("core"), environment, site.folder) as subject:
        answer = subject.run("/usr/bin/python3", "-m", "core", "migrate")

    assert answer.returncode == 0, answer.stderr
