"""The whole core behind mTLS, and clients with certificates of every kind."""

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc.aio

from core.config.core_settings import CoreSettings
from core.config.service_identities import ServiceIdentity
from tests.certificates import LOOPBACK, Authority, Issued
from tests.unit.transport.core_server import Core, running_core

TRADING = "spiffe://pandora.exchange/trading"
GATEWAY = "spiffe://pandora.exchange/gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsCore:
    """A core whose port asks for certificates of one authority."""

    core: Core
    authority: Authority
    folder: Path
    socket: Path

    def replace_certificate(self, issued: Issued) -> None:
        """Put another certificate where the core's lies."""
        issued.write(self.folder)

    @asynccontextmanager
    async def channel(
        self,
        client: Issued | None = None,
        *,
        trusts: bytes | None = None,
        host: str = "127.0.0.1",
    ) -> AsyncIterator[grpc.aio.Channel]:
        """Come to the port with a certificate, or without one."""
        credentials = grpc.ssl_channel_credentials(
            trusts or self.authority.pem,
            None if client is None else client.key,
            None if client is None else client.certificate,
        )
        port = self.core.address.rpartition(":")[2]
        alone = (("grpc.use_local_subchannel_pool", 1),)
        async with grpc.aio.secure_channel(f"{host}:{port}", credentials, options=alone) as channel:
            yield channel


@asynccontextmanager
async def tls_core(
    folder: Path,
    *,
    identities: Sequence[str] = (),
    trusted_peers: tuple[str, ...] = (),
    shown: Issued | None = None,
    asks_for_certificates: bool = True,
) -> AsyncIterator[TlsCore]:
    """Serve a world of fakes at a port by TLS, and through a socket for who tests."""
    authority = Authority()
    certificate, key = (shown or authority.issue(*LOOPBACK)).write(folder)
    client_ca = authority.write(folder) if asks_for_certificates else None
    # A socket's path has 107 bytes at most, and folders of tests are deep.
    with tempfile.TemporaryDirectory(prefix="core") as place:
        path = Path(place) / "core.sock"
        settings = CoreSettings(
            tls_certificate_file=certificate,
            tls_key_file=key,
            tls_client_ca_file=client_ca,
            socket=path,
            trusted_peers=trusted_peers,
        )
        parsed = [ServiceIdentity.parse(text) for text in identities]
        async with running_core(settings, parsed) as core:
            yield TlsCore(core=core, authority=authority, folder=folder, socket=path)
