"""`python -m gateway`: serves until SIGTERM or SIGINT, then drains and exits with 0."""

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import Mapping
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
from gateway.tls import CIPHER_SUITES

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
    try:
        settings, given = load(environ), inherited(environ)
    except ConfigError as error:
        print(f"gateway: {error}", file=sys.stderr)
        return _USAGE
    try:
        uvloop.run(serve(settings, given))
    except (OSError, *_CANNOT_SERVE) as error:
        print(f"gateway: cannot start: {error}", file=sys.stderr)
        return _FAILED
    return 0


async def serve(settings: Settings, given: socket.socket | None) -> None:
    """Serve until a signal comes, on the given socket where there is one."""
    require_strict_parser()
    log = logging.configure(settings.log_level, settings.environment)
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    gateway = Gateway(settings, load_services(), log)
    try:
        await gateway.start(given)
        # Descriptors and converters live as long as the process: no collection need look at them.
        gc.collect()
        gc.freeze()
        # A request leaves hardly a circle behind, but many objects: to look after every 700 of them
        # costs each request some per cent.
        gc.set_threshold(*_COLLECTIONS)
        await stop.wait()
    finally:
        await gateway.stop()


if __name__ == "__main__":
    sys.exit(main(os.environ))
