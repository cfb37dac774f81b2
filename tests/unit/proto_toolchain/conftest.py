"""Copies of the real protos, with and without a git repository around them."""

import shutil
from pathlib import Path

import pytest

from tests.unit.proto_toolchain.checkout import ROOT, Step, commit, git
from tools.proto.__main__ import main


@pytest.fixture(autouse=True)
def _no_outer_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    # A git hook that runs the tests says in these which repository it belongs to.
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Protos, their settings and their generated code, outside any repository."""
    copy = tmp_path / "sources"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("proto", "gen"):
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for name in ("buf.yaml", "buf.gen.yaml"):
        shutil.copyfile(ROOT / name, copy / name)
    return copy


@pytest.fixture
def repository(sources: Path) -> Path:
    """The same with one commit on main."""
    git(sources, "init", "--initial-branch=main")
    commit(sources, "contract")
    return sources


@pytest.fixture
def step(sources: Path, capsys: pytest.CaptureFixture[str]) -> Step:
    def run(name: str, root: Path | None = None) -> tuple[int, str]:
        status = main([name, "--root", str(root or sources)])
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    return run
