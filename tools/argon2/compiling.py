"""From the pinned source distribution to one extension module for each kind of processor.

With the standard library alone, and pip: the image's build stage runs it as well.
"""

import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from core.crypto.argon2_builds import BUILDS, EXTENSION

COMPILERS: Final = ("cc", "gcc", "clang")
_MACHINES: Final = ("x86_64", "amd64")
_REQUIREMENTS: Final = Path(__file__).resolve().parents[2] / "requirements"
_PIP: Final = ("-m", "pip", "--disable-pip-version-check", "--quiet")
_SAFE_MODE: Final = 0o755


class NothingToCompile(Exception):
    """This machine cannot compile, or no build of ours is meant for it: the wheel goes on."""


class CompilingFailed(Exception):
    """It should have worked; the message is what pip said last."""


def find_compiler() -> str:
    """Return the C compiler that will be used: CC, or the first of the usual ones.

    Raises:
        NothingToCompile: there is none, or Python's headers are missing, or the processor is of
            another kind.
    """
    machine = platform.machine()
    if machine.lower() not in _MACHINES:
        raise NothingToCompile(f"there is no faster build for {machine}")
    wanted = [named] if (named := os.environ.get("CC")) else list(COMPILERS)
    found = next((path for each in wanted if (path := shutil.which(each))), None)
    if found is None:
        raise NothingToCompile(f"no C compiler is at hand (looked for {', '.join(wanted)})")
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        raise NothingToCompile("Python's headers are not at hand (Debian: python3-dev)")
    return found


def compile_builds(compiler: str) -> Iterator[tuple[str, bytes]]:
    """Yield each build's name and extension module.

    Raises:
        CompilingFailed: a package is not to be had or not what its hash says, or does not compile.
    """
    with TemporaryDirectory(prefix="argon2-") as folder:
        home = Path(folder)
        python = _build_tools(home / "tools")
        _pip(
            python,
            *("download", "--no-deps", "--no-build-isolation", "--no-binary", ":all:"),
            *("--require-hashes", "--dest", home / "source"),
            *("--requirement", _REQUIREMENTS / "argon2.lock"),
        )
        (source,) = (home / "source").iterdir()
        for name in BUILDS:
            yield name, _compile(python, source, name, home / name, compiler)


def store(folder: Path, name: str, extension: bytes) -> Path:
    """Put a build in its place, whole or not at all; return where that is."""
    place = folder / name
    for each in (folder, place):
        each.mkdir(parents=True, exist_ok=True)
        each.chmod(_SAFE_MODE)
    fresh = place / f"{EXTENSION}.new"
    fresh.write_bytes(extension)
    fresh.chmod(_SAFE_MODE)
    return fresh.replace(place / EXTENSION)


def _build_tools(folder: Path) -> Path:
    """Make a virtual environment of the pinned build tools; return its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin/python"
    _pip(
        python,
        *("install", "--only-binary", ":all:", "--require-hashes"),
        *("--requirement", _REQUIREMENTS / "argon2-tools.lock"),
    )
    return python


def _compile(python: Path, source: Path, name: str, to: Path, compiler: str) -> bytes:
    _pip(
        python,
        *("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--no-cache-dir"),
        *("--wheel-dir", to, source),
        CC=compiler,
        CFLAGS=f"-O3 -m{name}",
        PATH=f"{python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    )
    (wheel,) = to.glob("*.whl")
    with zipfile.ZipFile(wheel) as parts:
        names = [each for each in parts.namelist() if Path(each).name == EXTENSION]
        if len(names) != 1:
            suffix = sysconfig.get_config_var("EXT_SUFFIX")
            raise CompilingFailed(f"the wheel has no {EXTENSION} (this Python makes {suffix})")
        return parts.read(names[0])


def _pip(python: Path, *arguments: str | Path, **environment: str) -> None:
    ended = subprocess.run(
        [python, *_PIP, *arguments],
        env={**os.environ, "PIP_NO_INPUT": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        sys.stderr.write(ended.stderr)
        raise CompilingFailed(f"pip {arguments[0]} failed, as said above")
