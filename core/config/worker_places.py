"""How many workers there are, and where each of them listens."""

import os
from dataclasses import replace
from pathlib import Path

from core.config.core_settings import CoreSettings


def worker_count(setting: int) -> int:
    """Return how many processes serve: what was set, or one for each processor we may use."""
    return setting or len(os.sched_getaffinity(0))


def worker_socket(first: Path, number: int) -> Path:
    """Return the Unix socket of a worker: `core.sock`, `core.1.sock`, `core.2.sock` and so on."""
    return first.with_name(f"{first.stem}.{number}{first.suffix}") if number else first


def sockets(settings: CoreSettings) -> tuple[Path, ...]:
    """Return every Unix socket that is listened on; none where there is to be none."""
    if settings.socket is None:
        return ()
    count = worker_count(settings.workers)
    return tuple(worker_socket(settings.socket, number) for number in range(count))


def own_settings(settings: CoreSettings, number: int) -> CoreSettings:
    """Return the settings of one worker: the port is shared, its socket and other port are not."""
    return replace(
        settings,
        reuse_port=True,
        socket=None if settings.socket is None else worker_socket(settings.socket, number),
        worker_port=None if settings.worker_port is None else settings.worker_port + number,
    )
