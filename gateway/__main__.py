"""`python -m gateway`: serves until SIGTERM or SIGINT, then drains and exits with 0."""

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from io import TextIOWrapper
from typing import Final

import uvloop

from gateway.app import Gateway
from gateway.certificates import CertificateError
from gateway.config import ConfigError, Settings, load
from gateway.contract import ContractError, load_services
from gateway.converters.well_known import UnsupportedTypeError
from gateway.listening import inherited
from gateway.observability import logging
from gateway.parser import LenientParserError, require_strict_parser
from gateway.path_template import TemplateError
from gateway.routes import RouteConflictError
from gateway.supervisor_process import supervise
from gateway.tls import CIPHER_SUITES
from supervision.shared_output import SharedOutput
from supervision.worker import Worker

_COLLECTIONS: Final = (20_000, 20, 50)
_USAGE: Final = 2
_FAILED: Final = 1
_CANNOT_SERVE: Final = (
    CertificateError,
    ContractError,
    LenientParserError,
    RouteConflictError,
    TemplateError,
    UnsupportedTypeError,
)


def main(environ: Mapping[str, str]) -> int:
    """Run; the exit code is 0 after a signal, 2 for a bad setting, 1 for a start that failed."""
    # The C library writes lines of its own to standard error, which are no JSON.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    os.environ["GRPC_SSL_CIPHER_SUITES"] = CIPHER_SUITES
    worker = Worker.from_environment(os.environ)
    try:
        settings, given = _given(environ)
    except ConfigError as error:
        print(f"gateway: {error}", file=sys.stderr)
        return _USAGE
    if worker is not None:
        worker.listen()
        settings = replace(settings, reuse_port=True)
        sys.stdout = TextIOWrapper(SharedOutput(sys.stdout), encoding="utf-8")
    elif settings.workers > 1:
        return supervise(settings)
    try:
        uvloop.run(serve(settings, given, worker))
    except (OSError, *_CANNOT_SERVE) as error:
        if worker is not None:
            worker.tell_failed(str(error))
        else:
            print(f"gateway: cannot start: {error}", file=sys.stderr)
        return _FAILED
    return 0


async def serve(
    settings: Settings, given: socket.socket | None, worker: Worker | None = None
) -> None:
    """Serve until a signal comes, on the given socket where there is one.

    A worker serves until its supervisor is gone as well.
    """
    require_strict_parser()
    log = logging.configure(settings.log_level, settings.environment, sys.stdout)
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    gateway = Gateway(settings, load_services(), log)
    try:
        await gateway.start(given, worker)
        if worker is not None:
            worker.orphaned.then(partial(_tell, loop, stop))
            worker.tell_serving()
        # Descriptors and converters live as long as the process: no collection need look at them.
        gc.collect()
        gc.freeze()
        # A request leaves hardly a circle behind, but many objects: to look after every 700 of them
        # costs each request some per cent.
        gc.set_threshold(*_COLLECTIONS)
        await stop.wait()
    finally:
        await gateway.stop()
        if worker is not None:
            await asyncio.to_thread(worker.end)


def _given(environ: Mapping[str, str]) -> tuple[Settings, socket.socket | None]:
    """Return the settings and the socket that was handed over; raise ConfigError for a bad one."""
    settings, given = load(environ), inherited(environ)
    if given is not None and settings.workers > 1:
        raise ConfigError("a socket that is handed over is for one worker")
    return settings, given


def _tell(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Set an event from any thread; nothing where its loop is closed."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(stop.set)


if __name__ == "__main__":
    sys.exit(main(os.environ))
