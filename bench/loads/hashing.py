"""`python -m bench.loads.hashing SECONDS THREADS`: Argon2id and nothing else, as fast as it goes.

It is a process of its own, so that a build of the library in a folder on PYTHONPATH is the one that
is measured. Prints JSON: hashes, seconds, and which file did the work.
"""

import json
import os
import subprocess
import sys
import threading
import time
from importlib import import_module
from pathlib import Path

from bench.errors import BenchError
from bench.loads.sample import Sample
from bench.usage import family_seconds

MEMORY_KIB, TIME_COST, PARALLELISM = 19_456, 2, 1
"""OWASP's for Argon2id, and the service's defaults."""
BUILD = Path("build/argon2")
"""Where a build of the library for this processor lies, if somebody has made one."""


def verifications(*, seconds: int, threads: int, build: Path | None) -> Sample:
    """Measure with the library of a folder, or with the installed one. Raises BenchError."""
    before = os.environ.get("PYTHONPATH")
    path = os.pathsep.join(str(part) for part in (build and build.resolve(), before) if part)
    ended = subprocess.run(
        (sys.executable, "-m", "bench.loads.hashing", str(seconds), str(threads)),
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    if ended.returncode != 0:
        raise BenchError(f"hashing: {ended.stderr.strip()[-500:]}")
    told = json.loads(ended.stdout)
    if build is not None and not Path(told["library"]).is_relative_to(build.resolve()):
        raise BenchError(f"the library in {build} was not used, but {told['library']}")
    return Sample(
        requests=told["hashes"],
        seconds=told["seconds"],
        cpu_ms={"hashing": 1000 * told["cpu_seconds"] / told["hashes"]},
    )


def main() -> int:
    """Verify one password again and again in each thread."""
    # Those that the path of this process leads to.
    import argon2  # noqa: PLC0415

    bindings = import_module("_argon2_cffi_bindings")

    seconds, threads = int(sys.argv[1]), int(sys.argv[2])
    hasher = argon2.PasswordHasher(
        time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=PARALLELISM, type=argon2.Type.ID
    )
    stored, counts = hasher.hash("correct horse"), [0] * threads
    began, cpu_before = time.monotonic(), family_seconds(os.getpid())

    def work(number: int) -> None:
        while time.monotonic() - began < seconds:
            hasher.verify(stored, "correct horse")
            counts[number] += 1

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    told = {
        "hashes": sum(counts),
        "seconds": time.monotonic() - began,
        "cpu_seconds": family_seconds(os.getpid()) - cpu_before,
        "library": bindings.__file__,
    }
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
