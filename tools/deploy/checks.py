"""Runs the tools that know the files' own formats; each check returns the lines that are wrong."""

import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import yaml

from tools.deploy.manifests import TOOLS, environments, render

KUBERNETES: Final = ("1.37", "1.36", "1.35")
"""The current version and the two before it, which are those that are maintained."""
WORKFLOWS: Final = Path(".github/workflows")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
DOCKERFILES: Final = ("Dockerfile.core", "Dockerfile.gateway")


def _run(tool: str, *arguments: str | Path) -> list[str]:
    answer = subprocess.run([TOOLS / tool, *arguments], capture_output=True, text=True, check=False)
    if answer.returncode == 0:
        return []
    return [f"{tool}: {line}" for line in (answer.stdout + answer.stderr).splitlines()]


def dockerfiles(*files: str | Path) -> list[str]:
    """Return what hadolint says."""
    return _run("hadolint", *(files or DOCKERFILES))


def compose_schema(file: Path = Path("compose.yaml")) -> list[str]:
    """Return what breaks the schema of the Compose Specification."""
    return _run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", file)


def kubernetes_schema(file: Path, version: str) -> list[str]:
    """Return what breaks the schemas of a version of Kubernetes, unknown fields included."""
    return _run("kubernetes-validate", "--quiet", "--strict", "--kubernetes-version", version, file)


def manifests() -> list[str]:
    """Return what is wrong with the overlays, for any of the versions."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for environment in environments():
            file = Path(folder, f"{environment}.yaml")
            file.write_text(yaml.safe_dump_all(render(environment)))
            found += [line for version in KUBERNETES for line in kubernetes_schema(file, version)]
    return found


def workflow_syntax(*files: Path) -> list[str]:
    """Return what actionlint says of the workflows."""
    return _run("actionlint", "-no-color", *(files or sorted(WORKFLOWS.glob("*.yaml"))))


def workflow_security(*files: Path) -> list[str]:
    """Return what zizmor finds offline, but for what .github/zizmor.yml lets be."""
    config = Path(".github/zizmor.yml")
    return _run("zizmor", "--offline", "--quiet", "--config", config, *(files or (WORKFLOWS,)))


def unpinned() -> Iterator[str]:
    """Yield whatever a file takes by a name that may change its meaning: no digest stands by it."""
    for file in DOCKERFILES:
        for line in Path(file).read_text().splitlines():
            if line.startswith("ARG BASE_IMAGE=") and "@sha256:" not in line:
                yield line.partition("=")[2]
    services: Mapping[str, Mapping[str, str]] = yaml.safe_load(Path("compose.yaml").read_text())[
        "services"
    ]
    for service in services.values():
        image = service.get("image", "")
        if image and "@sha256:" not in image and "pandora-user-" not in image:
            yield image
    for workflow in sorted(WORKFLOWS.glob("*.yaml")):
        for line in workflow.read_text().splitlines():
            name = line.strip().removeprefix("- ").partition("uses: ")[2].split(" ")[0]
            if name and not name.startswith("./") and not _COMMIT.fullmatch(name.partition("@")[2]):
                yield name


CHECKS: Final[Mapping[str, Callable[[], list[str]]]] = {
    "Dockerfiles (hadolint)": dockerfiles,
    "compose.yaml (Compose Specification)": compose_schema,
    f"manifests (Kubernetes {', '.join(KUBERNETES)})": manifests,
    "workflows (actionlint)": workflow_syntax,
    "workflows (zizmor)": workflow_security,
}
