"""Valkey stopped, paused and full, and put right at the end."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis as BlockingRedis

from tests.servers import Servers


@contextmanager
def paused_valkey(servers: Servers) -> Iterator[None]:
    servers.stack.valkey.pause()
    try:
        yield
    finally:
        servers.stack.valkey.resume()


@contextmanager
def stopped_valkey(servers: Servers) -> Iterator[None]:
    servers.stack.valkey.stop()
    try:
        yield
    finally:
        servers.stack.valkey.start()
        servers.stack.valkey.await_ready()


@contextmanager
def full_valkey(servers: Servers) -> Iterator[None]:
    with BlockingRedis.from_url(servers.stack.valkey.url()) as client:
        usual = client.config_get("maxmemory")
        client.config_set("maxmemory", 1)
        try:
            yield
        finally:
            client.config_set("maxmemory", usual["maxmemory"])
