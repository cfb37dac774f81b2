"""Keeps a port from a second, unrelated instance, although its own workers share it.

Workers listen with SO_REUSEPORT, and whoever else of the same user sets that option as well would
get a part of the connections. So the supervisor looks whether somebody listens there already, and
holds a name that another supervisor of the same port would need.
"""

import socket
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Final

_NAME: Final = "\0pandora-supervisor:{host}:{port}"
"""An abstract Unix socket (unix(7)): gone with its process, and of one network namespace, as ports
are. Only Linux has them; elsewhere two instances that start in the same second are not noticed."""


class PortTaken(Exception):
    """Somebody else has the port, or the host is none of this machine's."""


class PortGuard:
    """Holds ports until it is closed."""

    def __init__(self, host: str, ports: Iterable[int]) -> None:
        """Look at each port, and hold it.

        Raises:
            PortTaken: one of them cannot be had.
        """
        with ExitStack() as held:
            for port in ports:
                _refuse_a_listener(host, port)
                if sys.platform == "linux":
                    held.enter_context(_hold(host, port))
            self._held = held.pop_all()

    def close(self) -> None:
        """Let them go."""
        self._held.close()


def _refuse_a_listener(host: str, port: int) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            # With it, connections that end are no obstacle; without SO_REUSEPORT a listener is.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise PortTaken(_words(host, port)) from error


def _hold(host: str, port: int) -> socket.socket:
    name = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        name.bind(_NAME.format(host=host, port=port))
    except OSError as error:
        name.close()
        raise PortTaken(_words(host, port)) from error
    return name


def _words(host: str, port: int) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"cannot listen on {shown}:{port}"
