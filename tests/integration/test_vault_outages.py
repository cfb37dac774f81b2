"""A Vault that is sealed, gone, frozen or lying takes nothing away from a running service."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from core.vault.errors import VaultError, VaultFaulty, VaultSealed, VaultUnreachable
from core.vault.refresher import SecretRefresher, read_service_secrets
from core.vault.secrets import POSTGRES
from devstack.openbao import OpenBaoServer
from devstack.ports import HOST
from devstack.temporary import temporary_stack
from tests.integration.vault_scene import DEADLINE_SECONDS, VaultScene, unsealed, until

SHORT_SECONDS = 0.3


@pytest.fixture(scope="module")
def own_bao() -> Iterator[OpenBaoServer]:
    """A server of this module's own, to be stopped and sealed."""
    with temporary_stack() as stack:
        yield stack.openbao


@pytest.fixture
def scene(own_bao: OpenBaoServer, tmp_path: Path) -> Iterator[VaultScene]:
    unsealed(own_bao)
    yield VaultScene(own_bao, tmp_path)
    unsealed(own_bao)


@asynccontextmanager
async def refreshing(
    scene: VaultScene, *, timeout_seconds: float = 5.0
) -> AsyncIterator[SecretRefresher]:
    source = scene.source(timeout_seconds=timeout_seconds)
    refresher = await scene.refresher(source)
    refresher.start()
    try:
        yield refresher
    finally:
        await refresher.stop()


async def test_a_sealed_vault_stops_the_start_in_one_line(scene: VaultScene) -> None:
    scene.seal()
    source = scene.source()
    with pytest.raises(VaultSealed) as refusal:
        await read_service_secrets(source)
    assert str(refusal.value) == f"Vault at {scene.bao.address} is sealed or not ready"
    with pytest.raises(VaultSealed):
        await source.check()


async def test_a_vault_that_is_sealed_and_unsealed_is_used_again(scene: VaultScene) -> None:
    async with refreshing(scene) as refresher:
        before = refresher.current
        scene.seal()
        await until(lambda: refresher.lost == "sealed")
        assert refresher.current == before
        unsealed(scene.bao)
        await until(lambda: refresher.lost is None)
        scene.write("postgres", {"username": "pandora_service", "password": "rotated"})
        await until(lambda: refresher.current.postgres.password == "rotated")


async def test_a_vault_that_stops_and_returns_is_used_again(scene: VaultScene) -> None:
    with capture_logs() as lines:
        async with refreshing(scene) as refresher:
            before = refresher.current
            await asyncio.to_thread(scene.bao.stop)
            await until(lambda: refresher.failures.get("unreachable", 0) >= 3)
            assert refresher.lost == "unreachable"
            assert refresher.current == before
            assert refresher.age_seconds > 0
            await asyncio.to_thread(unsealed, scene.bao)
            await until(lambda: refresher.lost is None)
            scene.write("postgres", {"username": "pandora_service", "password": "rotated"})
            await until(lambda: refresher.current.postgres.password == "rotated")
    lost = [line for line in lines if line["event"] == "vault_lost"]
    assert {line["kind"] for line in lost} <= {"unreachable", "sealed"}
    assert [line["event"] for line in lines][-2:] == ["vault_back", "secret_changed"]


async def test_a_frozen_vault_stops_neither_the_loop_nor_the_service(scene: VaultScene) -> None:
    async with refreshing(scene, timeout_seconds=SHORT_SECONDS) as refresher:
        before = refresher.current
        scene.bao.pause()
        turns = 0
        while refresher.failures.get("unreachable", 0) < 2:
            await asyncio.sleep(0.001)
            turns += 1
        # A loop that waits for Vault itself would turn a few times for each failure.
        assert turns > 50
        assert refresher.current == before
        scene.bao.resume()
        await until(lambda: refresher.lost is None)


async def test_a_token_survives_a_restart_of_vault(scene: VaultScene) -> None:
    source = scene.source()
    await source.read(POSTGRES)
    await asyncio.to_thread(scene.bao.stop)
    with pytest.raises(VaultUnreachable):
        await source.read(POSTGRES)
    await asyncio.to_thread(unsealed, scene.bao)
    assert (await source.read(POSTGRES)).username == "pandora_service"
    await source.close()


async def test_giving_the_token_back_does_not_wait_for_a_vault_that_is_gone(
    scene: VaultScene,
) -> None:
    source = scene.source(timeout_seconds=SHORT_SECONDS)
    await source.read(POSTGRES)
    scene.bao.pause()
    async with asyncio.timeout(DEADLINE_SECONDS):
        await source.close()


@asynccontextmanager
async def imposter(answer: bytes, *, pause_seconds: float = 0.0) -> AsyncIterator[str]:
    """Listen where a Vault should, and say the same to everyone, a byte at a time if asked."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        try:
            for byte in answer if pause_seconds else ():
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(pause_seconds)
            writer.write(b"" if pause_seconds else answer)
            await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://{HOST}:{port}"
    finally:
        server.close()


def http(body: bytes, *, status: str = "200 OK", kind: str = "application/json") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


LIES = {
    "a web page": http(b"<html>Welcome</html>", kind="text/html"),
    "an empty object": http(b"{}"),
    "a list": http(b"[1, 2]"),
    "a login without a token": http(json.dumps({"auth": None}).encode()),
    "a lease that is no number": http(
        json.dumps({"auth": {"client_token": "t", "lease_duration": "hunter2"}}).encode()
    ),
    "a redirection": http(b"", status="307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/"),
    "an error of its own": http(b'{"errors":["hunter2"]}', status="500 Internal Server Error"),
    "a bad gateway": http(b"hunter2", status="502 Bad Gateway"),
    "cut short": http(b"{}" * 100)[:-50],
    "no HTTP": b"hunter2\r\n\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
async def test_what_no_vault_says_is_called_so_in_one_line(scene: VaultScene, lie: bytes) -> None:
    async with imposter(lie) as address:
        with pytest.raises(VaultError) as refusal:
            await scene.source(address=address).read(POSTGRES)
    assert isinstance(refusal.value, VaultFaulty | VaultUnreachable)
    assert "\n" not in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


async def test_a_vault_that_answers_a_byte_at_a_time_is_given_up_again_and_again(
    scene: VaultScene,
) -> None:
    drip = http(b"{}" * 10_000)
    async with imposter(drip, pause_seconds=SHORT_SECONDS / 10) as address:
        source = scene.source(address=address, timeout_seconds=SHORT_SECONDS)
        for _ in range(2):
            async with asyncio.timeout(DEADLINE_SECONDS):
                with pytest.raises(VaultUnreachable, match="does not answer within"):
                    await source.read(POSTGRES)
