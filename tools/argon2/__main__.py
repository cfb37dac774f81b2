"""`python -m tools.argon2`: compile the builds, check them against the wheel, put them in place.

Exit codes: 0 done; 1 something failed, and what was there is as it was; 3 there is nothing to
compile with on this machine, or nothing to gain, and the wheel goes on hashing.
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from core.crypto.argon2_builds import processor_flags, why_unequal
from tools.argon2.compiling import (
    CompilingFailed,
    NothingToCompile,
    compile_builds,
    find_compiler,
    store,
)

EXIT_FAILED: Final = 1
EXIT_NOTHING: Final = 3


def main() -> int:
    """Compile, check, store."""
    parser = argparse.ArgumentParser(prog="python -m tools.argon2", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/argon2"), help="where to")
    folder: Path = parser.parse_args().folder
    try:
        compiler = find_compiler()
        _say(f"compiling with {compiler}")
        for name, extension in compile_builds(compiler):
            _check_and_store(folder, name, extension)
    except NothingToCompile as cause:
        _say(f"{cause}: nothing is compiled, and the installed wheel goes on hashing")
        return EXIT_NOTHING
    except CompilingFailed as failure:
        _say(f"failed: {failure}")
        return EXIT_FAILED
    return 0


def _check_and_store(folder: Path, name: str, extension: bytes) -> None:
    if name in processor_flags():
        with TemporaryDirectory(prefix="argon2-") as aside:
            wrong = why_unequal(store(Path(aside), name, extension))
        if wrong is not None:
            raise CompilingFailed(f"the build for {name} is no good: {wrong}")
        checked = "hashes as the wheel does"
    else:
        checked = "not tried: this processor does not run it (a core tries it at its start)"
    _say(f"{store(folder, name, extension)}: {checked}")


def _say(words: str) -> None:
    sys.stderr.write(f"argon2: {words}\n")


if __name__ == "__main__":
    sys.exit(main())
