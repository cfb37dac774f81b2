"""Which port each server listens on, and the check that nobody else holds it."""

import errno
import secrets
import socket
from collections import deque
from collections.abc import Mapping
from typing import Final

from devstack.errors import PortInUseError

HOST: Final = "127.0.0.1"
_HIGHEST: Final = 65_535
# Below the range from which Linux takes the local ports of outgoing connections (32768 up), so
# that no connection sits on a port between the moment it is chosen and the moment it is used.
_FREE_RANGE: Final = range(20_000, 32_000)
_GIVEN: Final[deque[int]] = deque(maxlen=len(_FREE_RANGE) // 4)


def from_environment(variable: str, default: int, environment: Mapping[str, str]) -> int:
    """Return the port that the environment names, else the default.

    Raises:
        ValueError: The variable holds no port number.
    """
    text = environment.get(variable, "") or str(default)
    if not (text.isdecimal() and 0 < int(text) <= _HIGHEST):
        raise ValueError(f"{variable} must be a port number from 1 to 65535, not {text!r}")
    return int(text)


def free_port() -> int:
    """Return a port on the loopback address that nothing listens on.

    Those that were given out lately are not given again: somebody may be about to use them.
    """
    while True:
        port = secrets.choice(_FREE_RANGE)
        if port not in _GIVEN and is_free(port):
            _GIVEN.append(port)
            return port


def require_free(port: int, *, variable: str, purpose: str) -> None:
    """Check that `port` can be listened on.

    Raises:
        PortInUseError: It cannot.
    """
    if not is_free(port):
        raise PortInUseError(port=port, variable=variable, purpose=purpose)


def is_free(port: int) -> bool:
    """Tell whether nothing listens on a port, neither on loopback nor on every address."""
    # Both ways of listening: a program on every address also stands in the way of loopback.
    for address in (HOST, ""):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # As every server does: a connection's remains (TIME_WAIT) are no obstacle.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    return False
                raise
    return True
