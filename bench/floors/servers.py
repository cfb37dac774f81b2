"""Starts the floors: cores that do nothing, bare handlers before them, Envoy, the gateway."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.floors import envoy
from bench.floors.answers import GET_USER, answers
from bench.processes import listens, process, wait_until
from devstack.ports import free_port
from devstack.readiness import http_ok
from pandora.user.v1 import user_service_pb2
from tests.e2e.processes import plain_environment
from tools.proto.image import compile_image

_PROTOS: Final = Path(__file__).resolve().parents[2] / "proto"
_PYTHON: Final = (sys.executable, "-m")
_TOKEN_BYTES: Final = 420
"""About what an access token of the service has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """Cores that do nothing; `shared` is the port that all of them listen on."""

    shared: int
    own: tuple[int, ...]
    pids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Processes behind one HTTP port."""

    port: int
    pids: tuple[int, ...]

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def fixed_cores(folder: Path, *, workers: int) -> Iterator[Cores]:
    """Run cores that answer fixed bytes."""
    shared, own = free_port(), tuple(free_port() for _ in range(workers))
    with ExitStack() as ends:
        started = [
            ends.enter_context(
                process(
                    folder,
                    f"fixed-core-{number}",
                    *(*_PYTHON, "bench.floors.fixed_core", str(shared), str(port)),
                )
            )
            for number, port in enumerate(own)
        ]
        wait_until(lambda: all(map(listens, own)), "the fixed cores listen", *started)
        yield Cores(shared=shared, own=own, pids=tuple(one.pid for one in started))


@contextmanager
def bare_handlers(folder: Path, cores: Cores, *, workers: int, answer: str) -> Iterator[Door]:
    """Run aiohttp handlers that share a port, each with a channel to each core."""
    port, spec = free_port(), folder / "bare.json"
    folder.mkdir(parents=True, exist_ok=True)
    request = user_service_pb2.GetUserRequest(user_id="me").SerializeToString().hex()
    content = {
        "port": port,
        "cores": [f"127.0.0.1:{core}" for core in cores.own],
        "rpc": GET_USER,
        "request": request,
        "answer": answer,
        "token_bytes": _TOKEN_BYTES,
    }
    spec.write_text(json.dumps(content))
    with ExitStack() as ends:
        started = [
            ends.enter_context(
                process(folder, f"bare-{n}", *_PYTHON, "bench.floors.bare_gateway", str(spec))
            )
            for n in range(workers)
        ]
        wait_until(lambda: listens(port), "the bare handler listens", *started)
        yield Door(port=port, pids=tuple(one.pid for one in started))


@contextmanager
def gateways(folder: Path, cores: Cores, *, workers: int) -> Iterator[Door]:
    """Run gateways before the cores that do nothing, each gateway before one of them."""
    port = free_port()
    with ExitStack() as ends:
        started = [
            ends.enter_context(
                process(
                    folder,
                    f"gateway-{number}",
                    *(*_PYTHON, "gateway"),
                    environment=_gateway_environment(port, cores.own[number % len(cores.own)]),
                )
            )
            for number in range(workers)
        ]
        ready = f"http://127.0.0.1:{port}/readyz"
        wait_until(lambda: http_ok(ready), "the gateway is ready", *started)
        yield Door(port=port, pids=tuple(one.pid for one in started))


@contextmanager
def envoys(folder: Path, cores: Cores, program: Path, *, workers: int) -> Iterator[Door]:
    """Run Envoy's transcoder before a core that does nothing, with as many threads."""
    folder.mkdir(parents=True, exist_ok=True)
    image, config, port = folder / "image.binpb", folder / "envoy.json", free_port()
    compile_image(_PROTOS, image.resolve())
    addresses = [f"127.0.0.1:{own}" for own in cores.own]
    config.write_text(json.dumps(envoy.configuration(image.resolve(), port=port, cores=addresses)))
    options = ("--concurrency", str(workers), "--log-level", "error", "--use-dynamic-base-id")
    with process(folder, "envoy", str(program), "-c", str(config), *options) as started:
        wait_until(lambda: listens(port), "Envoy listens", started)
        yield Door(port=port, pids=(started.pid,))


def answer_bytes(path: str) -> int:
    """Return the length of the message that a core that does nothing answers."""
    return answers()[path].ByteSize()


def _gateway_environment(port: int, core: int) -> dict[str, str]:
    """Return the settings of a gateway in development; its log of requests is written."""
    return plain_environment() | {
        "APP_ENV": "dev",
        "GATEWAY_PORT": str(port),
        "PANDORA_GATEWAY__REUSE_PORT": "true",
        "PANDORA_GATEWAY__METRICS_PORT": str(free_port()),
        "PANDORA_GATEWAY__CORE_ADDRESS": f"127.0.0.1:{core}",
        # wrk keeps its connections for as long as it runs.
        "PANDORA_GATEWAY__CONNECTION_MAX_REQUESTS": "100000000",
    }


def pids_of(doors: Sequence[Door]) -> tuple[int, ...]:
    """Return the processes behind all of them."""
    return tuple(pid for door in doors for pid in door.pids)
