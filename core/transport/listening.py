"""Where the server listens: a port, by TLS or without, and a Unix socket."""

import os
import socket
from collections.abc import Container
from contextlib import suppress
from ipaddress import IPv6Address
from pathlib import Path
from typing import TypeAlias

import grpc
import grpc.aio

from core.transport.certificates import Certificate, CertificateSource

GrpcServer: TypeAlias = grpc.aio.Server

_DESCRIPTORS = Path("/proc/self/fd")
_SOCKET_MODE = 0o660
"""Whoever is of the socket's group may call, such as the gateway in the same pod."""


class PortUnavailable(Exception):
    """The server cannot listen where it was told to."""


def listen(
    server: grpc.aio.Server, *, host: str, port: int, certificates: CertificateSource | None = None
) -> int:
    """Bind the server to an address, before it is started; return the port (0 asks for any).

    With certificates it speaks TLS alone, 1.2 or newer: gRPC knows nothing older.

    Raises:
        PortUnavailable: another process has the port, or the host is none of this machine's.
    """
    address = f"{_bracketed(host)}:{port}"
    try:
        if certificates is None:
            return server.add_insecure_port(address)
        return server.add_secure_port(address, _credentials(certificates))
    except RuntimeError as error:
        raise PortUnavailable(f"cannot listen on {address}") from error


def listen_on_socket(server: grpc.aio.Server, path: Path) -> None:
    """Bind the server to a Unix socket, which it takes from whoever had it.

    Raises:
        PortUnavailable: there is no such folder, or it may not be written to.
    """
    # Between the making of the socket and a change of its mode anybody could come in.
    before = os.umask(0o777 & ~_SOCKET_MODE)
    try:
        server.add_insecure_port(f"unix:{path}")
        path.chmod(_SOCKET_MODE)
    except (RuntimeError, OSError) as error:
        raise PortUnavailable(f"cannot listen on the socket {path}") from error
    finally:
        os.umask(before)


def stop_accepting(ports: Container[int | None]) -> None:
    """Let nobody come to these ports of this process any more; who is connected stays.

    gRPC sends its clients away first and closes its listening sockets then: who comes back at once
    can meet one that is about to close, although another process listens on the same port. Where
    the system shows a process its descriptors (Linux) the sockets are shut before.
    """
    for entry in _DESCRIPTORS.iterdir() if _DESCRIPTORS.is_dir() else ():
        with suppress(OSError):
            _shut(os.dup(int(entry.name)), ports)


def _shut(descriptor: int, ports: Container[int | None]) -> None:
    try:
        found = socket.socket(fileno=descriptor)
    except OSError:
        os.close(descriptor)  # it is none
        return
    with found:
        is_internet = found.family in {socket.AF_INET, socket.AF_INET6}
        listens = is_internet and found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        if listens and found.getsockname()[1] in ports:
            found.shutdown(socket.SHUT_RDWR)


def _credentials(certificates: CertificateSource) -> grpc.ServerCredentials:
    served = certificates.newest()

    def changed() -> grpc.ServerCertificateConfiguration | None:
        nonlocal served
        newest = certificates.newest()
        if newest is served:
            return None
        served = newest
        return _configuration(newest)

    return grpc.dynamic_ssl_server_credentials(
        _configuration(served),
        changed,  # type: ignore[arg-type] # None stands for «as before»; the stubs leave it out
        require_client_authentication=served.client_ca is not None,
    )


def _configuration(certificate: Certificate) -> grpc.ServerCertificateConfiguration:
    pairs = [(certificate.key, certificate.chain)]
    return grpc.ssl_server_certificate_configuration(pairs, certificate.client_ca)


def _bracketed(host: str) -> str:
    try:
        return f"[{IPv6Address(host)}]"
    except ValueError:
        return host
