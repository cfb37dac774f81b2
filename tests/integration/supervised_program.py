"""A small program of several workers, which do as SCENE_FOLDER says; run with `python -m`.

`behaviour-NUMBER` holds one word: serve (also where there is no such file), refuse, crash, mute or
deaf. Each worker counts 1 at its start, 1 for every SIGUSR2, and 100 while it ends.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from supervision.child import Command, WorkerFailed
from supervision.families import Family, Labels, counter, gauge
from supervision.log import json_log
from supervision.metrics_port import MetricsPort
from supervision.sums import Rule
from supervision.supervisor import EndedBadly, Supervisor
from supervision.tally import Names, Tally
from supervision.worker import Worker

WORKERS = 2
END_SECONDS = 1.0
_NAMES = Names(prefix="worker", requests="things", rules={"height": Rule.HIGHEST})


def behaviour(folder: Path, number: int) -> str:
    """Return what a worker is to do."""
    file = folder / f"behaviour-{number}"
    return file.read_text() if file.exists() else "serve"


def work(worker: Worker, folder: Path) -> int:
    """Be a worker."""
    worker.listen()
    does = behaviour(folder, worker.number)
    if does == "refuse":
        worker.tell_failed("there is nothing to do")
        return 1
    if does == "crash":
        return 3
    counted = 1
    ending = threading.Event()

    def count(*_: object) -> None:
        nonlocal counted
        counted += 1

    def numbers() -> Sequence[Family]:
        height: dict[Labels, float] = {(): float(worker.number + 1)}
        return [
            counter("things", "Things.", {(("kind", "a"),): float(counted)}),
            gauge("height", "The highest.", height),
            gauge("weight", "All together.", height),
        ]

    signal.signal(signal.SIGUSR2, count)
    signal.signal(signal.SIGTERM, signal.SIG_IGN if does == "deaf" else lambda *_: ending.set())
    worker.orphaned.then(ending.set)
    worker.count_with(numbers)
    if does != "mute":
        worker.tell_serving()
    ending.wait()
    counted += 100
    worker.end()
    return 0


def supervise(port: int) -> int:
    """Be the supervisor."""
    argv = (sys.executable, "-m", "tests.integration.supervised_program")
    tally = Tally(_NAMES, WORKERS)
    command = Command(argv=argv, environment=dict(os.environ), count=WORKERS)

    async def run() -> None:
        metrics = MetricsPort(tally.families)
        await metrics.open("127.0.0.1", port)
        try:
            await Supervisor(
                command,
                tally,
                json_log("test"),
                end_seconds=END_SECONDS,
                passed_on=(signal.SIGUSR2,),
            ).run()
        finally:
            await metrics.close()

    try:
        asyncio.run(run())
    except (WorkerFailed, EndedBadly) as failure:
        sys.stderr.write(f"{type(failure).__name__}: {failure}\n")
        return 1
    return 0


if __name__ == "__main__":
    me, given = Worker.from_environment(os.environ), Path(os.environ["SCENE_FOLDER"])
    sys.exit(supervise(int(os.environ["SCENE_PORT"])) if me is None else work(me, given))
