"""`make argon2` says clearly where nothing can be compiled; that it compiles, it shows itself."""

import platform
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from core.crypto.argon2_builds import EXTENSION
from tools.argon2.compiling import NothingToCompile, find_compiler, store

PINNED = re.compile(r"^argon2-cffi-bindings==(\S+) (?:\\\n +--hash=\S+ ?)+", re.MULTILINE)
REQUIREMENTS = Path(__file__).resolve().parents[3] / "requirements"


def test_without_a_compiler_it_says_so_and_leaves_everything_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "builds"
    ended = subprocess.run(
        [sys.executable, "-m", "tools.argon2", "--folder", folder],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 3
    assert ended.stderr == (
        "argon2: no C compiler is at hand (looked for cc, gcc, clang): nothing is compiled, "
        "and the installed wheel goes on hashing\n"
    )
    assert not folder.exists()


def test_a_compiler_of_ones_own_choice_has_to_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(NothingToCompile, match="looked for no-such-compiler"):
        find_compiler()


def test_without_pythons_headers_nothing_is_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", sys.executable)
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    with pytest.raises(NothingToCompile, match="headers"):
        find_compiler()
    (tmp_path / "Python.h").touch()
    assert find_compiler() == sys.executable


def test_on_another_kind_of_processor_there_is_nothing_to_gain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(NothingToCompile, match="no faster build for aarch64"):
        find_compiler()


def test_a_build_is_stored_whole_and_for_nobody_else_to_write(tmp_path: Path) -> None:
    folder = tmp_path / "builds"
    store(folder, "avx2", b"first")
    file = store(folder, "avx2", b"second")
    assert file == folder / "avx2" / EXTENSION
    assert file.read_bytes() == b"second"
    assert [each.name for each in file.parent.iterdir()] == [EXTENSION]
    assert {path.stat().st_mode & 0o777 for path in (folder, file.parent, file)} == {0o755}


def test_what_is_compiled_is_the_version_of_the_wheel_under_a_hash_of_the_wheels_own_list() -> None:
    def pinned(lock: str) -> tuple[str, frozenset[str]]:
        text = (REQUIREMENTS / lock).read_text()
        found = PINNED.search(text)
        assert found is not None
        return found[1], frozenset(re.findall(r"sha256:\w{64}", found[0]))

    assert pinned("argon2.lock") == pinned("core.lock")


def test_no_lock_names_a_registry() -> None:
    for lock in ("argon2.lock", "argon2-tools.lock"):
        assert "://" not in (REQUIREMENTS / lock).read_text()
