"""What images, workflows and compose.yaml have to agree on with the rest: `make deploy-check`.

The file is not collected by itself, for some of it needs the tools of build/deploy.
"""

import ast
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.config.loading import load as load_core
from gateway.config import load as load_gateway
from tools.deploy import checks
from tools.deploy.image_builder import Build, Builder, NoBuilder
from tools.deploy.images import main

_OWN = {"core", "gateway", "supervision", "pandora", "buf", "gen"}
_PINNED = re.compile(r"^([a-z0-9][a-z0-9.-]*)==(\S+)", re.MULTILINE)


def _locked(name: str) -> dict[str, str]:
    return dict(_PINNED.findall(Path(f"requirements/{name}.lock").read_text()))


def _workflows() -> dict[str, dict[str, Any]]:
    return {
        path.name: yaml.safe_load(path.read_text())
        for path in sorted(Path(".github/workflows").glob("*.yaml"))
    }


def _jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for file, workflow in _workflows().items():
        for name, job in workflow["jobs"].items():
            yield f"{file}: {name}", job


def test_every_make_target_that_a_workflow_names_exists() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", Path("Makefile").read_text(), re.MULTILINE))
    named = set()
    for _, job in _jobs():
        for step in job.get("steps", []):
            named |= set(re.findall(r"\bmake ([a-z-]+)", step.get("run", "")))
        entries = job.get("strategy", {}).get("matrix", {}).get("target", [])
        named |= {entry.split()[0] for entry in entries}

    assert {"check", "test", "images", "deploy-check", "faults"} <= named
    assert named <= targets


def test_every_job_is_bounded_and_may_do_little() -> None:
    for name, workflow in _workflows().items():
        assert workflow["permissions"] == {}, name
    for name, job in _jobs():
        assert "permissions" in job, name
        assert "timeout-minutes" in job or "uses" in job, name


def test_no_checkout_leaves_its_token_behind() -> None:
    for name, job in _jobs():
        for step in job.get("steps", []):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False, name


def test_what_is_not_pinned_by_digest_is_listed_and_nothing_else() -> None:
    document = Path("docs/delivery.md").read_text()
    section = document.partition("## Not pinned by digest")[2].partition("\n## ")[0]
    listed = set(re.findall(r"^- `([^`]+)`", section, re.MULTILINE))

    assert listed == set(checks.unpinned())


@pytest.mark.parametrize("program", ["core", "gateway"])
def test_an_image_holds_the_versions_that_were_tested(program: str) -> None:
    assert _locked(program).items() <= _locked("runtime").items()


def test_the_two_images_hold_every_dependency_of_the_service() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    lists = [Path(f"requirements/{name}.in").read_text() for name in ("core", "gateway")]
    named = {re.split(r"[^a-z0-9-]", line)[0] for text in lists for line in text.split()}

    assert named == {re.split(r"[^a-z0-9-]", line)[0] for line in project["dependencies"]}


@pytest.mark.parametrize("program", ["core", "gateway"])
def test_whatever_a_program_imports_is_in_its_image(program: str) -> None:
    owners = importlib.metadata.packages_distributions()
    locked = _locked(program)
    imported = {
        name.partition(".")[0]
        for path in Path(program).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in _imported(node)
    }
    outside = imported - _OWN - sys.stdlib_module_names - {"google"}

    for name in outside:
        assert {owner.lower().replace("_", "-") for owner in owners[name]} & locked.keys(), name


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
        return [node.module]
    return []


def test_every_variable_of_compose_is_a_setting_that_the_program_accepts() -> None:
    services = yaml.safe_load(Path("compose.yaml").read_text())["services"]
    own = {name: each for name, each in services.items() if "pandora-user-" in each["image"]}

    assert {"core", "gateway", "relay", "consumer", "mail", "sealer", "maintain"} <= own.keys()
    for name, service in own.items():
        load = load_gateway if name == "gateway" else load_core
        load(service["environment"])


def test_what_compose_mounts_of_this_checkout_exists() -> None:
    services = yaml.safe_load(Path("compose.yaml").read_text())["services"]
    mounts = [each for service in services.values() for each in service.get("volumes", [])]

    folders = [each.partition(":")[0] for each in mounts if each.startswith("./")]

    assert folders
    assert all(Path(folder).is_dir() for folder in folders)


def test_without_a_builder_the_message_says_what_to_install(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([], {"PATH": "/nowhere"}) == 1
    assert "Debian's package buildah" in capsys.readouterr().err
    with pytest.raises(NoBuilder, match="podman"):
        Builder.here({"IMAGE_BUILDER": "podman"})


def test_buildah_is_told_to_keep_the_health_check() -> None:
    build = Build(file="Dockerfile.core", name="x:y", arguments={"A": "b"}, secrets={})

    assert "--format=docker" in Builder("buildah").command(build)
    assert "--build-arg=A=b" in Builder("docker").command(build)


def test_hadolint_bites(tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text("FROM debian\nRUN apt-get install gcc\n")

    assert any("DL3006" in line for line in checks.dockerfiles(file))


def test_the_compose_schema_bites(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(Path("compose.yaml").read_text().replace("tmpfs:", "tempfs:", 1))

    assert checks.compose_schema(file)


def test_actionlint_and_zizmor_bite(tmp_path: Path) -> None:
    file = tmp_path / "pull-request.yaml"
    text = Path(".github/workflows/main.yaml").read_text()
    file.write_text(text.replace("needs: checks", "needs: nothing"))
    assert checks.workflow_syntax(file)

    file.write_text(text.replace("with: {persist-credentials: false}", "with: {}"))
    assert any("persist" in line for line in checks.workflow_security(file))
