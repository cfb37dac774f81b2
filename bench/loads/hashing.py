"""`python -m bench.loads.hashing SECONDS THREADS [BUILDS]`: Argon2id and nothing else.

It is a process of its own, as a build of the library has to be chosen before the library is
imported: the fastest in the folder BUILDS, as a core chooses it, or else the wheel. Prints JSON:
hashes, seconds, and what did the work.
"""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from bench.errors import BenchError
from bench.loads.sample import Sample
from bench.usage import family_seconds
from core.crypto.argon2_builds import WHEEL, use_fastest_build

MEMORY_KIB, TIME_COST, PARALLELISM = 19_456, 2, 1
"""OWASP's for Argon2id, and the service's defaults."""
BUILD = Path("build/argon2")
"""Where a build of the library for this processor lies, if somebody has made one."""


def verifications(*, seconds: int, threads: int, build: Path | None) -> Sample:
    """Measure with the library of a folder, or with the installed one. Raises BenchError."""
    ended = subprocess.run(
        (
            *(sys.executable, "-m", "bench.loads.hashing", str(seconds), str(threads)),
            *([] if build is None else [str(build)]),
        ),
        check=False,
        capture_output=True,
        text=True,
    )
    if ended.returncode != 0:
        raise BenchError(f"hashing: {ended.stderr.strip()[-500:]}")
    told = json.loads(ended.stdout)
    if build is not None and told["build"] == WHEEL:
        raise BenchError(f"no library in {build} was used, but the wheel")
    return Sample(
        requests=told["hashes"],
        seconds=told["seconds"],
        cpu_ms={"hashing": 1000 * told["cpu_seconds"] / told["hashes"]},
    )


def main() -> int:
    """Verify one password again and again in each thread."""
    seconds, threads = int(sys.argv[1]), int(sys.argv[2])
    choice = use_fastest_build(Path(sys.argv[3]) if sys.argv[3:] else None)
    # Not before the choice.
    import argon2  # noqa: PLC0415

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
        "build": choice.name,
    }
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
