"""Tells the metrics over HTTP on a port of their own, which is never the public one."""

import asyncio
import threading
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server


class MetricsPortUnavailable(Exception):
    """The metrics cannot be told where they should be."""


class MetricsServer:
    """A server in a thread of its own: it answers also while the event loop is busy."""

    def __init__(self, server: WSGIServer, thread: threading.Thread) -> None:
        self._server = server
        self._thread = thread

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.server_port

    async def close(self) -> None:
        """Stop listening."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


async def start_metrics_server(
    registry: CollectorRegistry, *, host: str, port: int
) -> MetricsServer:
    """Listen on an address; port 0 takes any free one.

    Raises:
        MetricsPortUnavailable: the address is taken, or is not this machine's.
    """
    try:
        # In a thread, because the server asks for the host's name, and DNS may be slow.
        server, thread = await asyncio.to_thread(start_http_server, port, host, registry)
    except OSError as error:
        raise MetricsPortUnavailable(
            f"metrics cannot listen on port {port}: {error.strerror or error}"
        ) from error
    return MetricsServer(server, thread)
