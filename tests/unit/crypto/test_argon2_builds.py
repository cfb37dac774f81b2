"""The fastest build that this processor runs hashes, unless anything at all speaks against it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import argon2
import pytest

from core.crypto.argon2_builds import (
    BUILDS,
    WHEEL,
    BuildChoice,
    build_in_use,
    choose_build,
    processor_flags,
    why_unequal,
)
from tests.unit.crypto.stand_in_builds import crashing, honest, lying, put

ALL_FLAGS = frozenset(BUILDS)


def test_the_first_build_that_the_processor_runs_is_chosen(tmp_path: Path) -> None:
    folder = tmp_path / "builds"
    files = {name: put(folder, name, honest()) for name in BUILDS}
    assert choose_build(folder, ALL_FLAGS) == BuildChoice(name="avx512f", file=files["avx512f"])
    assert choose_build(folder, {"avx2", "sse2"}) == BuildChoice(
        name="avx2",
        file=files["avx2"],
        passed_over={"avx512f": "this processor does not run it"},
    )


def test_a_processor_without_the_flags_hashes_with_the_wheel(tmp_path: Path) -> None:
    folder = tmp_path / "builds"
    for name in BUILDS:
        # It is not even tried: the first instruction would end whoever tries.
        put(folder, name, crashing())
    choice = choose_build(folder, {"sse2", "avx"})
    assert (choice.name, choice.file) == (WHEEL, None)
    assert set(choice.passed_over.values()) == {"this processor does not run it"}


def test_without_a_folder_or_with_an_empty_one_the_wheel_hashes(tmp_path: Path) -> None:
    assert choose_build(None, ALL_FLAGS) == BuildChoice()
    for folder in (tmp_path / "missing", tmp_path):
        choice = choose_build(folder, ALL_FLAGS)
        assert (choice.name, choice.file) == (WHEEL, None)
        assert set(choice.passed_over.values()) == {"not at hand: No such file or directory"}


def test_a_build_that_gives_another_hash_is_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "builds"
    put(folder, "avx512f", lying())
    other = put(folder, "avx2", honest())
    choice = choose_build(folder, ALL_FLAGS)
    assert choice.file == other
    assert choice.passed_over == {
        "avx512f": "its check failed: the test vector of RFC 9106 gives another hash"
    }


def test_a_build_that_crashes_ends_its_check_and_nothing_else(tmp_path: Path) -> None:
    put(tmp_path / "builds", "avx2", crashing())
    choice = choose_build(tmp_path / "builds", ALL_FLAGS)
    assert choice.name == WHEEL
    assert choice.passed_over["avx2"].startswith("its check was ended by signal ")


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"#!/bin/sh\n"], ids=["empty", "cut", "text"])
def test_what_is_no_extension_module_is_passed_over(tmp_path: Path, content: bytes) -> None:
    reason = why_unequal(put(tmp_path / "builds", "avx2", content))
    assert reason is not None
    assert reason.startswith("its check failed: ")


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777, 0o1777])
@pytest.mark.parametrize("place", [".", "avx2", "avx2/_ffi.abi3.so"])
def test_what_others_may_write_is_never_loaded(tmp_path: Path, place: str, mode: int) -> None:
    folder = tmp_path / "builds"
    put(folder, "avx2", honest())
    (folder / place).chmod(mode)
    choice = choose_build(folder, ALL_FLAGS)
    assert choice.name == WHEEL
    assert choice.passed_over["avx2"] == f"{folder / place} is writable by others"


def test_a_folder_that_others_could_replace_is_not_trusted(tmp_path: Path) -> None:
    put(tmp_path / "builds", "avx2", honest())
    tmp_path.chmod(0o777)
    choice = choose_build(tmp_path / "builds", ALL_FLAGS)
    assert choice.passed_over["avx2"] == f"{tmp_path} is writable by others"
    tmp_path.chmod(0o1777)
    assert choose_build(tmp_path / "builds", ALL_FLAGS).name == "avx2"


def test_what_belongs_to_somebody_else_is_never_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = put(tmp_path / "builds", "avx2", honest())
    owner = os.geteuid()
    if owner == 0:
        os.chown(file, 12345, 12345)
    else:
        # Only root can give a file away; so it is the process that becomes somebody else.
        monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    choice = choose_build(tmp_path / "builds", ALL_FLAGS)
    assert choice.passed_over["avx2"].endswith(" belongs to another user")


def test_a_link_out_of_the_folder_is_never_followed(tmp_path: Path) -> None:
    elsewhere = put(tmp_path / "elsewhere", "avx2", honest())
    (tmp_path / "builds").mkdir(mode=0o755)
    (tmp_path / "builds/avx2").symlink_to(elsewhere.parent)
    choice = choose_build(tmp_path / "builds", ALL_FLAGS)
    assert choice.passed_over["avx2"] == f"{tmp_path / 'builds/avx2'} is a symbolic link"


def test_the_flags_are_those_that_every_processor_has(tmp_path: Path) -> None:
    told = tmp_path / "cpuinfo"
    told.write_text("model name\t: x\nflags\t\t: sse2 avx2 avx512f\n\nflags\t\t: sse2 avx2\n")
    assert processor_flags(told) == {"sse2", "avx2"}
    told.write_text("Features\t: fp asimd\n")
    assert processor_flags(told) == frozenset()
    assert processor_flags(tmp_path / "missing") == frozenset()


_PROCESS = """
import json, pathlib, sys
from core.crypto import argon2_builds
flags = frozenset(argon2_builds.BUILDS)
argon2_builds.processor_flags = lambda: flags
if sys.argv[2] == "late":
    import argon2
chosen = argon2_builds.use_fastest_build(pathlib.Path(sys.argv[1]))
import argon2
hasher = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
told = hasher.hash("right")
print(json.dumps({
    "name": chosen.name,
    "same": chosen is argon2_builds.build_in_use(),
    "passed_over": dict(chosen.passed_over),
    "file": sys.modules["_argon2_cffi_bindings._ffi"].__file__,
    "hash": told,
    "verified": hasher.verify(told, "right"),
}))
"""


def _process(folder: Path, when: str) -> dict[str, object]:
    ended = subprocess.run(
        [sys.executable, "-c", _PROCESS, str(folder), when],
        capture_output=True,
        text=True,
        check=True,
    )
    told: dict[str, object] = json.loads(ended.stdout)
    return told


def test_a_process_hashes_with_what_was_chosen(tmp_path: Path) -> None:
    file = put(tmp_path / "builds", "avx2", honest())
    told = _process(tmp_path / "builds", "first")
    assert (told["name"], told["file"]) == ("avx2", str(file))
    assert told["same"] is told["verified"] is True
    assert argon2.PasswordHasher().verify(str(told["hash"]), "right")
    assert build_in_use() == BuildChoice()


def test_once_the_bindings_are_loaded_they_stay(tmp_path: Path) -> None:
    put(tmp_path / "builds", "avx2", honest())
    told = _process(tmp_path / "builds", "late")
    assert told["name"] == WHEEL
    assert told["passed_over"] == {
        "avx512f": "not at hand: No such file or directory",
        "avx2": "argon2 was imported before",
    }
    assert str(tmp_path) not in str(told["file"])
