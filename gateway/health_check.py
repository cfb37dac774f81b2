"""`python -m gateway.health_check`: exits with 0 if the gateway of this machine says it is alive.

For a container's health check, in an image that has no other program that could ask.
"""

import os
import ssl
import sys
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final

from gateway.config import ConfigError, load

_TIMEOUT_SECONDS: Final = 3.0
_OK: Final = 200
_USAGE: Final = 2
_ANY: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not bound to


def main(environ: Mapping[str, str]) -> int:
    """Ask; the exit code is 0 for a 200, 1 for anything else, 2 for a bad setting."""
    try:
        settings = load(environ)
    except ConfigError as error:
        sys.stderr.write(f"gateway: {error}\n")
        return _USAGE
    host = _ANY.get(settings.host, settings.host)
    is_tls = getattr(settings, "tls_certificate_file", None) is not None
    connection = _connection(host, settings.port, is_tls=is_tls)
    try:
        connection.request("GET", "/healthz")
        return int(connection.getresponse().status != _OK)
    except (OSError, HTTPException):
        return 1
    finally:
        connection.close()


def _connection(host: str, port: int, *, is_tls: bool) -> HTTPConnection:
    if not is_tls:
        return HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
    # It is ourselves on loopback, where the certificate's name cannot fit; nothing secret is said.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return HTTPSConnection(host, port, timeout=_TIMEOUT_SECONDS, context=context)


if __name__ == "__main__":
    sys.exit(main(os.environ))
