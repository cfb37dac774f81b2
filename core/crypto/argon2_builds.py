"""Which build of argon2-cffi-bindings hashes: the fastest that this processor runs, or the wheel.

The wheel is compiled for every x86-64 processor and so stops at SSE2. Libargon2 has faster paths,
chosen when it is compiled. `make argon2` compiles them into a folder of their own, each into a
subfolder named by the flag of /proc/cpuinfo that it needs; the wheel stays installed beside them.

`_argon2_cffi_bindings` takes everything from its one extension module, `_ffi`. Another build of
that module, registered under its name before anybody imports the package, is what the package
finds. So `use_fastest_build` comes first in a process, before anything imports argon2; this module
does not. What is loaded here runs with all rights of the process: it has to lie where nobody but
root and the process's own user can write, and has to hash as the wheel does, which a child process
tries. A build that ends that child, by an illegal instruction for example, is not loaded.
"""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core.crypto.trusted_file import why_untrusted

WHEEL: Final = "wheel"
BUILDS: Final = ("avx512f", "avx2")
"""The flags that builds are named by, the fastest first."""
EXTENSION: Final = "_ffi.abi3.so"

_PACKAGE: Final = "_argon2_cffi_bindings"
_MODULE: Final = f"{_PACKAGE}._ffi"
_CPU_INFO: Final = Path("/proc/cpuinfo")
_CHECK_SECONDS: Final = 30.0
"""Longest wait for a check, which takes a tenth of a second on a processor that is not busy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildChoice:
    """A build by its name, where it lies (None: the wheel), and why others were passed over."""

    name: str = WHEEL
    file: Path | None = None
    passed_over: Mapping[str, str] = field(default_factory=dict)


def processor_flags(cpu_info: Path = _CPU_INFO) -> frozenset[str]:
    """Return what all processors of this machine can do; nothing where Linux does not say so."""
    try:
        lines = cpu_info.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return frozenset()
    told = [set(line.partition(":")[2].split()) for line in lines if line.startswith("flags")]
    return frozenset(set.intersection(*told)) if told else frozenset()


def choose_build(folder: Path | None, flags: Collection[str]) -> BuildChoice:
    """Return the fastest build of a folder that may be loaded; the wheel where there is none."""
    if folder is None:
        return BuildChoice()
    passed_over: dict[str, str] = {}
    for name in BUILDS:
        file = folder.resolve() / name / EXTENSION
        reason = _why_not(name, file, flags)
        if reason is None:
            return BuildChoice(name=name, file=file, passed_over=passed_over)
        passed_over[name] = reason
    return BuildChoice(passed_over=passed_over)


def use_fastest_build(folder: Path | None) -> BuildChoice:
    """Choose a build and make it the one that this process hashes with; `build_in_use` tells it."""
    choice = choose_build(folder, processor_flags())
    if choice.file is not None and _PACKAGE in sys.modules:
        late = {**choice.passed_over, choice.name: "argon2 was imported before"}
        choice = BuildChoice(passed_over=late)
    if choice.file is not None:
        load_extension(choice.file)
    _in_use[0] = choice
    return choice


def build_in_use() -> BuildChoice:
    """Return what this process hashes with."""
    return _in_use[0]


def load_extension(file: Path) -> object:
    """Load an extension module as the one of argon2-cffi-bindings; return it.

    Raises:
        ImportError: it is none.
    """
    spec = importlib.util.spec_from_file_location(_MODULE, file)
    if spec is None or spec.loader is None:
        raise ImportError("not an extension module", path=str(file))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[_MODULE] = module
    return module


def why_unequal(file: Path) -> str | None:
    """Try a build in a child process, beside the wheel; return what is wrong with it, or None."""
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "core.crypto.argon2_self_check", file],
            env={key: value for key, value in os.environ.items() if key.startswith("PYTHON")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_CHECK_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "its check takes too long"
    if ended.returncode < 0:
        return f"its check was ended by signal {-ended.returncode}"
    if ended.returncode:
        last = ended.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        return f"its check failed: {last}"
    return None


def _why_not(name: str, file: Path, flags: Collection[str]) -> str | None:
    try:
        untrusted = why_untrusted(file, within=file.parents[1])
    except OSError as error:
        return f"not at hand: {error.strerror}"
    if untrusted is not None:
        return untrusted
    return why_unequal(file) if name in flags else "this processor does not run it"


_in_use = [BuildChoice()]
"""As global as what it speaks of: an extension module is loaded once in a process, for all."""
