"""The gRPC server: where it listens, who may come in, and how long what may take."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from core.config.kinds import HostName, ListenPort, Port, TimeoutSeconds
from core.config.rules import Between, Peers
from core.config.service_identities import ServiceIdentities

MOST_WORKERS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreSettings:
    """The gRPC server.

    With a certificate its port speaks TLS; with `tls_client_ca_file` as well it lets nobody in
    who has no certificate of that authority. The files are read anew when they change.
    """

    host: HostName = "127.0.0.1"
    port: ListenPort = 50051
    tcp: bool = True
    """Whether the port is listened on; without it the Unix socket is the only way in."""
    reuse_port: bool = False
    """Whether several processes may listen on the port (SO_REUSEPORT): others than the workers of
    one supervisor, which always may."""
    workers: Annotated[int, Between(0, MOST_WORKERS)] = 1
    """How many processes serve; 0: as many as there are processors for this process. With more
    than one a supervisor starts them, replaces those that end, and tells the sum of their metrics.
    Pools and queues are each worker's own, hashing threads are shared out among them:
    `postgres.pool_max_size` times `core.workers` is what the database sees."""
    worker_port: Port | None = None
    """The first of as many ports as there are workers: each listens on its own as well, for callers
    who want to reach every one. The kernel spreads connections to `port` by chance."""
    socket: Path | None = None
    """A Unix socket to listen on (mode 0660), for a gateway in the same pod. One process's own:
    where this is `core.sock`, the workers after the first have `core.1.sock`, `core.2.sock` …"""
    tls_certificate_file: Path | None = None
    """The server's certificate and those between it and the root (PEM)."""
    tls_key_file: Path | None = None
    """The certificate's private key (PEM, without a password)."""
    tls_client_ca_file: Path | None = None
    """Certificates (PEM) that vouch for clients; every client of the port then needs one."""
    health_port: Port | None = None
    """A port, on `metrics_host`, where grpc.health.v1 alone is served, without TLS: the kubelet's
    gRPC probes speak none."""
    metrics_host: HostName = "127.0.0.1"
    metrics_port: ListenPort = 9464
    trusted_peers: Annotated[tuple[str, ...], Peers()] = ()
    """Who may say for which client address it calls: networks, URIs of client certificates, and
    `unix:`."""
    reflection: bool = False
    reflection_allowed: bool = False
    """Outside dev, `reflection` needs this second word."""
    default_deadline_seconds: TimeoutSeconds = 10.0
    """Given to a call that brings no deadline."""
    max_deadline_seconds: TimeoutSeconds = 60.0
    """A longer deadline is cut to this."""
    shutdown_grace_seconds: TimeoutSeconds = 10.0
    """How long calls under way may go on after SIGTERM."""
    max_message_bytes: Annotated[int, Between(1024, 16 * 1024 * 1024)] = 1024 * 1024
    """Longest request that is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """Services of the platform that come with a client certificate instead of a token."""

    identities: Annotated[tuple[str, ...], ServiceIdentities()] = ()
    """Each `URI NAME` or `URI NAME RPC RPC …`, an RPC being `UserService/GetUser`: whoever has a
    certificate with that URI is the service of that name, and may call what the contract grants
    to services, or of that the named RPCs alone."""
