"""Everything that runs while a measurement does, as processes of their own on the loopback."""

import asyncio
import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from bench import envoy
from bench.calls import Call, calls
from bench.load import BenchError, Target, memory_mebibytes
from devstack.ports import free_port
from devstack.temporary import temporary_stack
from gateway.config import load
from tests.e2e.accounts import open_accounts
from tests.e2e.processes import plain_environment
from tests.e2e.service import running_service
from tests.e2e.site import Site, new_site
from tests.servers import start_servers
from tools.proto.image import compile_image

FIXED: Final = "do-nothing core"
REAL: Final = "real core"
GATEWAY: Final = "gateway"
BARE: Final = "bare aiohttp"
ENVOY: Final = "Envoy"

_PROTOS: Final = Path(__file__).resolve().parents[1] / "proto"
_PATIENCE_SECONDS: Final = 30.0
_PYTHON: Final = (sys.executable, "-m")
Started = subprocess.Popen[bytes]
_UNLIMITED: Final = {
    f"PANDORA_LIMITS__{kind}": "1000000/second" for kind in ("READ", "SERVICE", "TOKEN")
} | {"PANDORA_LIMITS__EXEMPT_NETWORKS": "127.0.0.0/8"}


@contextmanager
def real_core(folder: Path) -> Iterator[Site]:
    """Run a core on PostgreSQL, Valkey and OpenBao of its own."""
    with temporary_stack() as stack:
        servers = start_servers(stack)
        with (
            new_site(servers, folder, settings=_UNLIMITED) as site,
            running_service(site, without={"relay", "mail", "gateway"}, is_seeded=False),
        ):
            yield site


@contextmanager
def do_nothing_core(folder: Path) -> Iterator[str]:
    """Run a core that answers fixed bytes; yields its address."""
    port = free_port()
    with process(folder, "core", *_PYTHON, "bench.fixed_core", str(port)) as core:
        await_port(core, port)
        yield f"127.0.0.1:{port}"


def calls_of(site: Site) -> tuple[Call, ...]:
    """Make a user and a service that the real core knows, and their calls."""

    async def make() -> tuple[Call, ...]:
        async with open_accounts(site) as accounts, accounts.database.transaction() as unit:
            account = await accounts.create(unit)
            service = await accounts.service_token(unit, "bench")
            await unit.commit()
        return calls(user_token=account.access_token, service_token=service)

    return asyncio.run(make())


@contextmanager
def targets(
    folder: Path, core: str, address: str, asked: Sequence[Call], envoy_program: Path
) -> Iterator[tuple[list[Target], float]]:
    """Run the three HTTP servers before a core; yields them, and the idle gateway's MiB."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as ends:
        environment = _gateway_environment(address)
        gateway = ends.enter_context(
            process(folder, "gateway", *_PYTHON, "gateway", environment=environment)
        )
        port = int(environment["GATEWAY_PORT"])
        await_port(gateway, port)
        idle = memory_mebibytes(gateway.pid)
        found = [Target(name=GATEWAY, core=core, port=port, pid=gateway.pid)]

        spec = folder / "bare.json"
        bare_port = free_port()
        answers = [_get(port, call) for call in asked]
        channels = load(environment).core_channels
        spec.write_text(json.dumps(_spec(address, bare_port, channels, asked, answers)))
        bare = ends.enter_context(
            process(folder, "bare", *_PYTHON, "bench.bare_gateway", str(spec))
        )
        await_port(bare, bare_port)
        found.append(Target(name=BARE, core=core, port=bare_port, pid=bare.pid))

        config, image, envoy_port = folder / "envoy.json", folder / "image.binpb", free_port()
        compile_image(_PROTOS, image.resolve())
        config.write_text(
            json.dumps(envoy.configuration(image.resolve(), port=envoy_port, core=address))
        )
        options = ("--concurrency", "1", "--log-level", "error", "--use-dynamic-base-id")
        arguments = (str(envoy_program), "-c", str(config), *options)
        transcoder = ends.enter_context(process(folder, "envoy", *arguments))
        await_port(transcoder, envoy_port)
        found.append(Target(name=ENVOY, core=core, port=envoy_port, pid=transcoder.pid))
        yield found, idle


@contextmanager
def process(
    folder: Path, name: str, *command: str, environment: Mapping[str, str] | None = None
) -> Iterator[Started]:
    """Run a program until the block ends; what it writes goes to a file."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.log").open("wb") as log:
        started = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(environment or plain_environment()),
        )
        try:
            yield started
        finally:
            started.terminate()
            started.wait(_PATIENCE_SECONDS)


def await_port(started: Started, port: int) -> None:
    """Return when somebody listens. Raises BenchError."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        if started.poll() is not None or time.monotonic() > deadline:
            raise BenchError(f"{started.args!r} does not listen")
        time.sleep(0.05)


def _gateway_environment(core: str) -> dict[str, str]:
    """Return the settings of a gateway in development; its log of requests is written."""
    return plain_environment() | {
        "APP_ENV": "dev",
        "GATEWAY_PORT": str(free_port()),
        "PANDORA_GATEWAY__METRICS_PORT": str(free_port()),
        "PANDORA_GATEWAY__CORE_ADDRESS": core,
        # wrk keeps its connections for as long as it runs.
        "PANDORA_GATEWAY__CONNECTION_MAX_REQUESTS": "100000000",
    }


def _spec(
    core: str, port: int, channels: int, asked: Sequence[Call], answers: Sequence[str]
) -> Mapping[str, object]:
    return {
        "core": core,
        "port": port,
        "channels": channels,
        "calls": [
            {
                "path": call.path,
                "rpc": call.rpc,
                "request": call.request.SerializeToString().hex(),
                "token": call.token,
                "answer": answer,
            }
            for call, answer in zip(asked, answers, strict=True)
        ],
    }


def _get(port: int, call: Call) -> str:
    """Return what the gateway answers to a call, which it does once its core is there."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{call.path}",
        method=call.method,
        data=call.body_text.encode() or None,
        headers={"Authorization": f"Bearer {call.token}", "Content-Type": "application/json"},
    )
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310
                text: str = answer.read().decode()
                return text
        except OSError as error:
            if time.monotonic() > deadline:
                raise BenchError(f"{call.name}: {error}") from error
            time.sleep(0.1)
