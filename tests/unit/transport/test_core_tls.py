"""Who comes to the core's port by TLS, who does not, and what a new certificate changes."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from grpc_health.v1 import health_pb2, health_pb2_grpc

from core.config.ciphers import CIPHER_SUITES
from core.config.core_settings import CoreSettings
from core.middleware.assembly import FOREIGN_SERVICES
from core.middleware.errors import Errors
from core.middleware.pipeline import Pipeline
from core.transport.certificates import CertificateFiles, CertificateRefused, CertificateSource
from core.transport.listening import PortUnavailable, listen, listen_on_socket
from core.transport.server import build_health_server
from tests.certificates import LOOPBACK, Authority
from tests.unit.middleware.door import recording_logger
from tests.unit.transport.tls_core import TRADING, TlsCore, tls_core

pytestmark = pytest.mark.asyncio

PATIENCE_SECONDS = 20.0


async def _serves(channel: grpc.aio.Channel) -> bool:
    """Ask for health; False where no connection comes about."""
    health = health_pb2_grpc.HealthStub(channel)  # type: ignore[no-untyped-call]
    try:
        answer = await health.Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE_SECONDS)
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.UNAVAILABLE:
            raise
        return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


async def test_a_certificate_of_the_authority_comes_in(tmp_path: Path) -> None:
    async with tls_core(tmp_path) as tls, tls.channel(tls.authority.named(TRADING)) as channel:
        assert await _serves(channel)


async def test_no_certificate_is_asked_for_where_no_authority_is_named(tmp_path: Path) -> None:
    async with tls_core(tmp_path, asks_for_certificates=False) as tls, tls.channel() as channel:
        assert await _serves(channel)


async def test_whoever_brings_no_good_certificate_is_refused(tmp_path: Path) -> None:
    stranger = Authority("test authority")
    async with tls_core(tmp_path) as tls:
        uri = x509.UniformResourceIdentifier(TRADING)
        later = tls.authority.issue(uri, starts_in=timedelta(hours=1))
        for client in (None, stranger.named(TRADING), tls.authority.expired(uri), later):
            async with tls.channel(client) as channel:
                assert not await _serves(channel)
        async with grpc.aio.insecure_channel(tls.core.address) as channel:
            assert not await _serves(channel)


async def test_a_core_that_cannot_prove_its_name_is_not_spoken_to(tmp_path: Path) -> None:
    async with tls_core(tmp_path) as tls:
        client = tls.authority.named(TRADING)
        async with tls.channel(client, trusts=Authority().pem) as channel:
            assert not await _serves(channel)
        tls.replace_certificate(tls.authority.issue(x509.DNSName("elsewhere.example")))
        async with tls.channel(client) as channel:
            assert not await _serves(channel)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
async def test_nothing_older_than_tls_1_2_is_spoken(
    tmp_path: Path, version: ssl.TLSVersion
) -> None:
    async with tls_core(tmp_path, asks_for_certificates=False) as tls:
        with pytest.raises(ssl.SSLError):
            await asyncio.to_thread(_shake_hands, tls, version, "ALL")
        for good in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            assert await asyncio.to_thread(_shake_hands, tls, good, "ALL")


@pytest.mark.parametrize("cipher", ["ECDHE-ECDSA-AES128-SHA", "AES128-SHA", "AES256-GCM-SHA384"])
async def test_no_weak_cipher_is_spoken(tmp_path: Path, cipher: str) -> None:
    assert cipher not in CIPHER_SUITES.split(":")
    async with tls_core(tmp_path, asks_for_certificates=False) as tls:
        with pytest.raises(ssl.SSLError):
            await asyncio.to_thread(_shake_hands, tls, ssl.TLSVersion.TLSv1_2, cipher)


def _shake_hands(tls: TlsCore, version: ssl.TLSVersion, ciphers: str) -> str | None:
    context = ssl.create_default_context(cadata=tls.authority.pem.decode())
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    host, _, port = tls.core.address.rpartition(":")
    with (
        socket.create_connection((host, int(port)), PATIENCE_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=host) as shaken,
    ):
        return shaken.version()


async def test_a_new_certificate_is_shown_to_the_next_client_and_costs_no_call(
    tmp_path: Path,
) -> None:
    async with tls_core(tmp_path) as tls:
        client = tls.authority.named(TRADING)
        async with tls.channel(client) as old:
            assert await _serves(old)
            stop, calls = asyncio.Event(), 0

            async def keep_calling() -> None:
                nonlocal calls
                while not stop.is_set():
                    async with tls.channel(client) as fresh:
                        assert await _serves(fresh)
                    assert await _serves(old)
                    calls += 2

            load = [asyncio.create_task(keep_calling()) for _ in range(4)]
            seen = set()
            for _ in range(5):
                tls.replace_certificate(tls.authority.issue(*LOOPBACK))
                seen.add(await asyncio.to_thread(_shown, tls))
            stop.set()
            await asyncio.gather(*load)
    assert len(seen) == 5
    assert calls > 0


def _shown(tls: TlsCore) -> bytes:
    """Return the certificate that the port shows."""
    host, _, port = tls.core.address.rpartition(":")
    pem = ssl.get_server_certificate((host, int(port)), timeout=PATIENCE_SECONDS)
    return pem.encode()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda tls: (tls.folder / "tls.key").write_bytes(Authority().issue().key),
        lambda tls: (tls.folder / "tls.crt").write_bytes(b"-----BEGIN CERTIFICATE-----\nMII"),
        lambda tls: (tls.folder / "tls.crt").unlink(),
        lambda tls: (tls.folder / "ca.crt").write_bytes(b""),
        lambda tls: tls.replace_certificate(tls.authority.expired(*LOOPBACK)),
    ],
    ids=["another's key", "half a certificate", "no file", "no authority", "expired"],
)
async def test_a_certificate_that_cannot_be_used_leaves_the_old_one_in_use(
    tmp_path: Path, spoil: Callable[[TlsCore], object]
) -> None:
    async with tls_core(tmp_path) as tls:
        spoil(tls)
        async with tls.channel(tls.authority.named(TRADING)) as channel:
            assert await _serves(channel)


async def test_changed_files_that_cannot_be_used_are_counted_once(tmp_path: Path) -> None:
    authority = Authority()
    first = authority.issue(*LOOPBACK)
    certificate, key = first.write(tmp_path)
    source = CertificateSource(
        CertificateFiles(certificate=certificate, key=key), lambda: datetime.now(UTC)
    )
    key.write_bytes(authority.issue().key)
    assert [source.newest().expires_at for _ in range(3)] == [first.expires_at] * 3
    assert source.failures == 1
    second = authority.issue(*LOOPBACK, life=timedelta(hours=2))
    second.write(tmp_path)
    assert source.newest().expires_at == second.expires_at
    assert source.failures == 1


@pytest.mark.parametrize("lacking", ["tls.crt", "tls.key"])
async def test_the_first_certificate_has_to_be_a_good_one(tmp_path: Path, lacking: str) -> None:
    issued = Authority().issue(*LOOPBACK)
    certificate, key = issued.write(tmp_path)
    files = CertificateFiles(certificate=certificate, key=key)
    (tmp_path / lacking).write_bytes(b"nothing")
    with pytest.raises(CertificateRefused, match=lacking) as refusal:
        CertificateSource(files, lambda: datetime.now(UTC))
    assert "\n" not in str(refusal.value)


async def test_an_expired_certificate_stops_the_start(tmp_path: Path) -> None:
    issued = Authority().expired(*LOOPBACK)
    certificate, key = issued.write(tmp_path)
    files = CertificateFiles(certificate=certificate, key=key)
    with pytest.raises(CertificateRefused, match="out of date"):
        CertificateSource(files, lambda: issued.expires_at)


async def test_the_socket_lets_in_its_group_and_nobody_else(tmp_path: Path) -> None:
    async with tls_core(tmp_path) as tls:
        assert await _serves(tls.core.channel)
        assert tls.socket.stat().st_mode & 0o777 == 0o660


async def test_a_socket_in_no_folder_stops_the_start(tmp_path: Path) -> None:
    server = grpc.aio.server()
    with pytest.raises(PortUnavailable, match="cannot listen on the socket"):
        listen_on_socket(server, tmp_path / "missing" / "core.sock")
    await server.stop(None)


async def test_probes_without_tls_are_answered_health_and_nothing_else(tmp_path: Path) -> None:
    async with tls_core(tmp_path) as tls:
        errors = Errors(recording_logger(tls.core.log))
        pipeline = Pipeline(stages=(), foreign_stages=(errors,), foreign_services=FOREIGN_SERVICES)
        probes = build_health_server(pipeline, tls.core.health, CoreSettings())
        port = listen(probes, host="127.0.0.1", port=0)
        await probes.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            assert await _serves(channel)
            ask: Any = channel.unary_unary("/pandora.user.v1.AuthService/GetJwks")
            with pytest.raises(grpc.aio.AioRpcError) as refusal:
                await ask(b"")
        await probes.stop(None)
    assert refusal.value.code() is grpc.StatusCode.UNIMPLEMENTED
