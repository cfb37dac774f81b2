"""The measures of what nothing can be faster than."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from bench.floors.answers import GET_USER
from bench.floors.servers import answer_bytes
from bench.loads import hashing, pgbench
from bench.loads.wrk import RestRequest
from bench.service.calls import fixed
from bench.suite import generators
from bench.suite.measure import Measure
from bench.suite.options import Options
from bench.suite.stage import Stage

HASHING_THREADS: Final = 2
_ASKED: Final = (RestRequest(method="GET", path="/v1/users/me", token="t" * 420),)


def floors(stage: Stage, options: Options) -> Iterator[Measure]:
    """Yield hashing alone, hops with nothing behind them, and commits of a database alone."""
    yield from _hashing()
    yield from _doors(stage, options)
    address, many = f"127.0.0.1:{stage.fixed.shared}", options.many
    yield Measure(
        name="echo-grpc",
        title=f"grpc.aio echo ({many})",
        run=generators.grpc(
            stage.folder / "loads" / "echo",
            fixed(address, GET_USER, answer_bytes(GET_USER)),
            many,
        ),
        groups={"core": stage.fixed.pids},
    )
    if stage.inserts is not None:
        insert = partial(
            pgbench.insert,
            stage.folder / "loads" / "pgbench",
            stage.inserts,
            connections=options.few,
        )
        yield Measure(
            name="inserts",
            title=f"inserts with commit, pgbench ({options.few})",
            run=lambda seconds: insert(seconds=seconds),
            groups={"postgres": stage.beside["postgres"]},
        )


def _hashing() -> Iterator[Measure]:
    run = partial(hashing.verifications, threads=HASHING_THREADS)
    yield Measure(
        name="argon2-wheel",
        title=f"Argon2id alone, {HASHING_THREADS} threads, argon2-cffi's wheel",
        run=lambda seconds: run(seconds=seconds, build=None),
        groups={},
    )
    if hashing.BUILD.exists():
        yield Measure(
            name="argon2-build",
            title=f"Argon2id alone, {HASHING_THREADS} threads, compiled for this processor",
            run=lambda seconds: run(seconds=seconds, build=hashing.BUILD),
            groups={},
        )


def _doors(stage: Stage, options: Options) -> Iterator[Measure]:
    few, many = options.few, options.many
    doors = [
        ("echo-rest-few", "aiohttp → grpc.aio echo", stage.bare, few),
        ("echo-rest-many", "aiohttp → grpc.aio echo", stage.bare, many),
        ("gateway-echo", "our gateway → grpc.aio echo", stage.gateway, many),
    ]
    if stage.envoy is not None:
        doors.append(("envoy-echo", "Envoy → grpc.aio echo", stage.envoy, many))
    for name, title, door, connections in doors:
        yield Measure(
            name=name,
            title=f"{title} ({connections})",
            run=generators.rest(stage.folder / "loads" / name, door.url, _ASKED, connections),
            groups={"gateway": door.pids, "core": stage.fixed.pids},
        )
