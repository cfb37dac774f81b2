"""What the drivers are told: TLS that is checked, or none, and the same for every connection."""

import asyncio
import ssl
from pathlib import Path
from typing import Self

import pytest

from core.bootstrap.foundation import postgres_options, redis_endpoint
from core.config.loading import load
from core.domain.errors import DependencyUnavailable
from core.postgres.connection import PostgresLogin, connection_parameters
from core.postgres.dsn import dsn
from core.redis.connection import RedisCredentials, RedisEndpoint, open_client, ping
from core.vault.client import VaultClient
from core.vault.errors import VaultError
from core.vault.logins import KubernetesLogin
from core.vault.options import VaultOptions
from tests.certificates import LOOPBACK, Authority, Issued

LOGIN = PostgresLogin(username="user_service", password="x")


@pytest.mark.parametrize("environment", ["sandbox", "audit", "prod"])
def test_every_way_to_postgres_checks_the_servers_name(environment: str) -> None:
    options = postgres_options(load({"APP_ENV": environment}).postgres, process="core")
    parameters, text = connection_parameters(options, LOGIN), dsn(options, LOGIN)
    expected = {
        "sslmode": "verify-full",
        "sslnegotiation": "postgres",
        "sslrootcert": "/run/pandora/tls/ca.crt",
        "ssl_min_protocol_version": "TLSv1.2",
        "gssencmode": "disable",
    }
    for name, value in expected.items():
        assert parameters[name] == value
        assert f"{name}={value}" in text


def test_dev_says_aloud_that_it_speaks_without_tls() -> None:
    settings = load({"APP_ENV": "dev"})
    options = postgres_options(settings.postgres, process="core")
    assert connection_parameters(options, LOGIN)["sslmode"] == "disable"
    assert "sslmode=disable" in dsn(options, LOGIN)
    assert not redis_endpoint(settings).tls


def test_without_a_file_the_operating_systems_authorities_vouch() -> None:
    variables = {"PANDORA_POSTGRES__CA_FILE": "", "PANDORA_POSTGRES__SSLNEGOTIATION": "direct"}
    options = postgres_options(load({"APP_ENV": "prod", **variables}).postgres, process="core")
    assert (options.libpq["sslrootcert"], options.libpq["sslnegotiation"]) == ("system", "direct")


class TlsServer:
    """Answers whoever shakes hands with a line, and notes that they did."""

    def __init__(self, shown: Issued, folder: Path, line: bytes) -> None:
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(*shown.write(folder, "server"))
        self._line = line
        self.port = 0
        self.heard = 0
        """How often somebody has said something, which none does who does not trust it."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            self.heard += 1
            writer.write(self._line)
        writer.close()


async def _credentials() -> RedisCredentials:
    return RedisCredentials(username="pandora", password="x")


async def _talks(server: TlsServer, ca_file: Path, host: str = "127.0.0.1") -> bool:
    """Tell whether a client of Redis says anything to a server, which then refuses it."""
    heard = server.heard
    endpoint = RedisEndpoint(
        host=host,
        port=server.port,
        connect_timeout_seconds=10.0,
        command_timeout_seconds=10.0,
        tls=True,
        ca_file=ca_file,
    )
    client = open_client(endpoint, _credentials)
    with pytest.raises(DependencyUnavailable):
        await ping(client, timeout_seconds=20.0)
    await client.aclose()
    return server.heard > heard


@pytest.mark.asyncio
async def test_redis_is_trusted_by_the_file_alone_and_by_its_name(tmp_path: Path) -> None:
    authority, stranger = Authority(), Authority()
    ca, other = authority.write(tmp_path), stranger.write(tmp_path, "other")
    async with TlsServer(authority.issue(*LOOPBACK), tmp_path, b"-ERR no\r\n") as server:
        assert await _talks(server, ca)
        assert not await _talks(server, other)
        assert not await _talks(server, ca, host="127.0.0.2")
    async with TlsServer(authority.expired(*LOOPBACK), tmp_path, b"-ERR no\r\n") as server:
        assert not await _talks(server, ca)


@pytest.mark.asyncio
async def test_vault_is_trusted_by_the_file_alone_and_by_its_name(tmp_path: Path) -> None:
    authority, stranger = Authority(), Authority()
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    async with TlsServer(authority.issue(*LOOPBACK), tmp_path, answer) as server:

        def check(ca_file: Path | None, host: str = "127.0.0.1") -> None:
            options = VaultOptions(
                address=f"https://{host}:{server.port}",
                mount="secret",
                prefix="x",
                login=KubernetesLogin(mount="kubernetes", role="x", token_file=tmp_path / "none"),
                timeout_seconds=10.0,
                transit_mount="transit",
                transit_key="x",
                ca_file=ca_file,
            )
            client = VaultClient(options)
            try:
                client.check()
            finally:
                client.close()

        await asyncio.to_thread(check, authority.write(tmp_path))
        for ca_file, host in (
            (stranger.write(tmp_path, "other"), "127.0.0.1"),
            (None, "127.0.0.1"),
            (tmp_path / "ca.crt", "127.0.0.2"),
        ):
            with pytest.raises(VaultError):
                await asyncio.to_thread(check, ca_file, host)
