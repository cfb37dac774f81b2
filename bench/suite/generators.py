"""Generators of load with their arguments, waiting to be told for how many seconds."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.errors import BenchError
from bench.loads import h2load, wrk
from bench.loads.sample import Sample
from bench.service.people import People

Run = Callable[[int], Sample]
SPARE = 3
"""Refresh tokens for each connection: one on its way, others to take its place."""


def rest(folder: Path, url: str, asked: Sequence[wrk.RestRequest], connections: int) -> Run:
    """Send requests in turn."""

    def run(seconds: int) -> Sample:
        return wrk.rotate(folder, url, asked, connections=connections, seconds=seconds)

    return run


def refreshes(folder: Path, url: str, people: People, connections: int) -> Run:
    """Exchange refresh tokens of sessions that were not used before."""

    def run(seconds: int) -> Sample:
        tokens = people.refresh_tokens(SPARE * connections)
        return wrk.exchange(folder, url, tokens, connections=connections, seconds=seconds)

    return run


def grpc(folder: Path, asked: Sequence[h2load.GrpcCall], connections: int) -> Run:
    """Make calls, each again as soon as it was answered."""

    def run(seconds: int) -> Sample:
        return h2load.call_again(folder, asked, connections=connections, seconds=seconds)

    return run


def steady(folder: Path, asked: Sequence[h2load.GrpcCall], per_second: int) -> Run:
    """Make calls at a rate, over a connection each, whether those before were answered or not."""

    def run(seconds: int) -> Sample:
        return h2load.call_again(
            folder,
            asked,
            connections=len(asked),
            seconds=seconds,
            streams=100,
            per_second=per_second,
        )

    return run


def beside(load: Run, measured: Run, *, lead_seconds: int = 1) -> Run:
    """Measure one thing while another load runs, which begins before and ends after it.

    Raises:
        BenchError: the other load was refused, or did nothing.
    """

    def run(seconds: int) -> Sample:
        with ThreadPoolExecutor(1) as pool:
            other = pool.submit(load, seconds + 2 * lead_seconds)
            time.sleep(lead_seconds)
            sample = measured(seconds)
            alongside = other.result()
        if alongside.errors or not alongside.requests:
            raise BenchError(f"the load beside a measurement failed: {alongside}")
        return sample

    return run
