"""The gateway's HTTPS door, its mTLS way to the core, and certificates that are replaced."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc

from gateway.certificates import CertificateError
from gateway.channel import CoreChannels
from gateway.tls import CoreTlsFiles, core_tls, server_context
from tests.certificates import LOOPBACK, Authority, Issued
from tests.integration.gateway_stage import PATIENCE_SECONDS, Answer, Stage, open_stage

pytestmark = pytest.mark.asyncio

CHECK = "/grpc.health.v1.Health/Check"
WATCH = "/grpc.health.v1.Health/Watch"
UP, DOWN = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@asynccontextmanager
async def _https(folder: Path, authority: Authority) -> AsyncIterator[Stage]:
    certificate, key = authority.issue(*LOOPBACK).write(folder)
    settings = {"TLS_CERTIFICATE_FILE": str(certificate), "TLS_KEY_FILE": str(key)}
    async with open_stage(settings) as stage:
        yield stage


def _client(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority.pem.decode())


async def _get(stage: Stage, context: ssl.SSLContext, name: str = "localhost") -> Answer:
    async with asyncio.timeout(PATIENCE_SECONDS):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", stage.gateway.port, ssl=context, server_hostname=name
        )
        try:
            writer.write(REQUEST)
            return await Answer.read(reader)
        finally:
            writer.close()
            await writer.wait_closed()


async def test_clients_are_served_by_tls_1_2_and_1_3(tmp_path: Path) -> None:
    authority = Authority()
    async with _https(tmp_path, authority) as stage:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = _client(authority)
            context.minimum_version = context.maximum_version = version
            assert (await _get(stage, context)).status == 200


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_what_is_weak_or_unproven_is_refused(tmp_path: Path) -> None:
    authority = Authority()
    old, weak = _client(authority), _client(authority)
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    weak.set_ciphers("ECDHE-ECDSA-AES128-SHA:AES128-SHA:@SECLEVEL=0")
    weak.maximum_version = ssl.TLSVersion.TLSv1_2
    async with _https(tmp_path, authority) as stage:
        for context in (old, weak, _client(Authority())):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await _get(stage, context)
        with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
            await _get(stage, _client(authority), name="elsewhere.example")
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await stage.send(REQUEST)


async def test_a_new_certificate_is_shown_to_the_next_client_and_costs_no_request(
    tmp_path: Path,
) -> None:
    authority = Authority()
    async with _https(tmp_path, authority) as stage:
        stop = asyncio.Event()

        async def keep_asking() -> int:
            count = 0
            while not stop.is_set():
                assert (await _get(stage, _client(authority))).status == 200
                count += 1
            return count

        load = [asyncio.create_task(keep_asking()) for _ in range(3)]
        shown = set()
        for _ in range(4):
            authority.issue(*LOOPBACK).write(tmp_path)
            shown.add(await _shown(stage))
        (tmp_path / "tls.key").write_bytes(b"half a k")
        shown.add(await _shown(stage))
        stop.set()
        counts = await asyncio.gather(*load)
    assert len(shown) == 4
    assert all(counts)
    assert len(stage.lines("certificate refused")) == 1


async def _shown(stage: Stage) -> str:
    return await asyncio.to_thread(
        ssl.get_server_certificate, ("127.0.0.1", stage.gateway.port), timeout=PATIENCE_SECONDS
    )


@pytest.mark.parametrize("expired", [True, False])
async def test_a_first_certificate_that_cannot_be_used_stops_the_start(
    tmp_path: Path, *, expired: bool
) -> None:
    authority = Authority()
    certificate, key = authority.expired(*LOOPBACK).write(tmp_path)
    if not expired:
        authority.issue(*LOOPBACK).write(tmp_path)
        key.write_bytes(authority.issue().key)
    with pytest.raises(CertificateError, match="out of date" if expired else "is not the key of"):
        server_context(certificate, key)


class TlsCore(health_pb2_grpc.HealthServicer):
    """A gRPC server that asks for certificates, and channels that have one."""

    def __init__(self, folder: Path, shown: Issued, authority: Authority) -> None:
        self.folder = folder
        self.authority = authority
        self.release = asyncio.Event()
        self.callers: list[str] = []
        self.server = grpc.aio.server()
        health_pb2_grpc.add_HealthServicer_to_server(self, self.server)  # type: ignore[no-untyped-call]
        credentials = grpc.ssl_server_credentials(
            [(shown.key, shown.certificate)], authority.pem, require_client_auth=True
        )
        self.port = self.server.add_secure_port("127.0.0.1:0", credentials)

    async def Check(  # noqa: N802
        self, _: Message, context: grpc.aio.ServicerContext[Message, Message]
    ) -> health_pb2.HealthCheckResponse:
        self.callers += [uri.decode() for uri in context.auth_context()["peer_uri"]]
        return health_pb2.HealthCheckResponse(status=UP)

    async def Watch(  # noqa: N802
        self, _: Message, __: grpc.aio.ServicerContext[Message, Message]
    ) -> AsyncIterator[health_pb2.HealthCheckResponse]:
        yield health_pb2.HealthCheckResponse(status=UP)
        await self.release.wait()
        yield health_pb2.HealthCheckResponse(status=DOWN)

    def channels(self, client: Issued | None, server_name: str | None = None) -> CoreChannels:
        """Open the gateway's channels with a certificate, or without one."""
        certificate, key = (None, None) if client is None else client.write(self.folder, "client")
        ca = self.authority.write(self.folder)
        tls = core_tls(CoreTlsFiles(ca=ca, certificate=certificate, key=key))
        return CoreChannels(f"127.0.0.1:{self.port}", 2, tls=tls, server_name=server_name)


@asynccontextmanager
async def _core(folder: Path, shown: Issued, authority: Authority) -> AsyncIterator[TlsCore]:
    core = TlsCore(folder, shown, authority)
    await core.server.start()
    try:
        yield core
    finally:
        core.release.set()
        await core.server.stop(None)


async def _check(channels: CoreChannels) -> bool:
    call = channels.unary(CHECK, health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse)
    try:
        await call(health_pb2.HealthCheckRequest(), metadata=(), timeout_seconds=PATIENCE_SECONDS)
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.UNAVAILABLE:
            raise
        return False
    finally:
        await channels.close()
    return True


async def test_the_way_to_the_core_needs_a_certificate_on_both_ends(tmp_path: Path) -> None:
    authority = Authority()
    own = authority.named("spiffe://pandora.exchange/gateway")
    async with _core(tmp_path, authority.issue(*LOOPBACK), authority) as core:
        assert await _check(core.channels(own))
        assert core.callers == ["spiffe://pandora.exchange/gateway"]
        assert not await _check(core.channels(None))
        assert not await _check(core.channels(Authority().issue()))
        assert not await _check(core.channels(own, server_name="elsewhere.example"))
        assert not await _check(CoreChannels(f"127.0.0.1:{core.port}", 1))
    async with _core(tmp_path, Authority().issue(*LOOPBACK), authority) as stranger:
        assert not await _check(stranger.channels(own))
    async with _core(tmp_path, authority.issue(x509.DNSName("core")), authority) as named:
        assert await _check(named.channels(own, server_name="core"))
        assert not await _check(named.channels(own))


async def test_a_new_client_certificate_is_used_and_a_stream_under_way_ends_as_it_would(
    tmp_path: Path,
) -> None:
    authority = Authority()
    async with _core(tmp_path, authority.issue(*LOOPBACK), authority) as core:
        channels = core.channels(authority.named("spiffe://pandora.exchange/one"))
        check = channels.unary(CHECK, health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse)
        watch = channels.stream(
            WATCH, health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse
        )
        request = health_pb2.HealthCheckRequest()
        stream = watch(request, metadata=(), timeout_seconds=PATIENCE_SECONDS)
        answers = [await anext(aiter(stream))]
        for name in ("one", "two", "two"):
            if name == "two":
                authority.named(f"spiffe://pandora.exchange/{name}").write(tmp_path, "client")
                channels.follow()
            await check(request, metadata=(), timeout_seconds=PATIENCE_SECONDS)
        core.release.set()
        answers += [answer async for answer in stream]
        await channels.close()
    assert answers == [health_pb2.HealthCheckResponse(status=status) for status in (UP, DOWN)]
    assert core.callers == [f"spiffe://pandora.exchange/{name}" for name in ("one", "two", "two")]
