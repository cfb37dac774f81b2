"""The socket that the gateway listens on: its own, or one that a supervisor has handed over.

A socket that is handed over outlives the processes that accept from it, and so do the connections
in its queue: a new version can take over without a client that finds nobody.
"""

import os
import socket
import ssl
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from gateway.setting_source import ConfigError

# sd_listen_fds(3): the number of sockets, from this descriptor on, and for whom they are meant.
_FIRST_DESCRIPTOR: Final = 3
_COUNT: Final = "LISTEN_FDS"
_FOR_PROCESS: Final = "LISTEN_PID"

_BACKLOG: Final = 1024
"""Connections that the kernel holds until they are accepted."""


def inherited(environ: Mapping[str, str]) -> socket.socket | None:
    """Take the socket that was handed over to this process; None where there is none.

    Raises ConfigError for more than one, and for one that does not listen on a stream.
    """
    if environ.get(_FOR_PROCESS) != str(os.getpid()):
        return None
    if environ.get(_COUNT) != "1":
        raise ConfigError(f"{_COUNT} must be 1: the gateway serves one socket")
    refusal = ConfigError(f"{_COUNT}: descriptor {_FIRST_DESCRIPTOR} is no listening socket")
    try:
        given = socket.socket(fileno=_FIRST_DESCRIPTOR)
        listens = given.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError:
        raise refusal from None
    if not listens:
        raise refusal
    given.setblocking(False)  # noqa: FBT003 - the standard library's word
    return given


def site(
    runner: web.ServerRunner,
    *,
    given: socket.socket | None,
    host: str,
    port: int,
    reuse_port: bool,
    tls: ssl.SSLContext | None = None,
) -> web.BaseSite:
    """Make what accepts connections: from the given socket, or from one of its own.

    With a context they are TLS connections, and nothing else is spoken.
    """
    if given is not None:
        return web.SockSite(runner, given, ssl_context=tls, backlog=_BACKLOG)
    return web.TCPSite(
        runner, host, port, ssl_context=tls, reuse_port=reuse_port or None, backlog=_BACKLOG
    )
