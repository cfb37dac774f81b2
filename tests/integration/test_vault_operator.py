"""Who rotates keys may replace the signing keys and nothing else; the service replaces nothing."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest
import pytest_asyncio

from core.crypto.key_reload import KeyReload
from core.crypto.key_ring import KeyRing
from core.crypto.signing_key_mint import P256KeyMint
from core.domain.errors import DependencyUnavailable
from core.domain.ports.clock import Clock
from core.domain.signing_key import StoredKey
from core.observability.clock import SystemClock
from core.vault.client import VaultClient
from core.vault.errors import SecretChanged, SecretForbidden, VaultUnreachable
from core.vault.refresher import SecretRefresher
from core.vault.secrets import PAGE_TOKEN_KEY, POSTGRES, REFRESH_TOKEN_KEY, SIGNING_KEYS, Secret
from core.vault.signing_key_store import VaultSigningKeyStore
from core.vault.source import SecretSource
from devstack.secret_values import MAKERS
from devstack.stack import Stack
from tests.integration.vault_scene import VaultScene, until

T = TypeVar("T")

CLOCK: Clock = SystemClock()


@pytest.fixture
def scene(stack: Stack, tmp_path: Path) -> VaultScene:
    scene = VaultScene(stack.openbao, tmp_path)
    scene.admit_operator()
    return scene


@pytest_asyncio.fixture
async def operator(scene: VaultScene) -> AsyncIterator[SecretSource]:
    source = scene.operator_source()
    yield source
    await source.close()


def another_key() -> StoredKey:
    pair = P256KeyMint().new()
    now = CLOCK.now()
    return StoredKey(
        kid=pair.kid, private_key_pem=pair.private_key_pem, published_at=now, signs_from=now
    )


async def test_the_operator_reads_no_other_secret(operator: SecretSource) -> None:
    assert await operator.read(SIGNING_KEYS)
    for secret in (POSTGRES, REFRESH_TOKEN_KEY, PAGE_TOKEN_KEY):
        with pytest.raises(SecretForbidden):
            await operator.read(secret)


async def test_the_operator_writes_no_other_secret(
    scene: VaultScene, operator: SecretSource
) -> None:
    for name in (*MAKERS, "made-up"):
        if name != SIGNING_KEYS.path:
            with pytest.raises(SecretForbidden):
                await operator.write(name, {"key": "theirs"}, replacing=1)
    assert scene.content("page-token-key").keys() == {"key"}


async def test_the_service_writes_not_even_the_signing_keys(scene: VaultScene) -> None:
    source = scene.source()
    before = scene.content(SIGNING_KEYS.path)
    with pytest.raises(SecretForbidden) as refusal:
        await source.write(SIGNING_KEYS.path, {"keys": []}, replacing=1)
    assert str(refusal.value).endswith("may not be written by our role")
    assert scene.content(SIGNING_KEYS.path) == before
    await source.close()


async def test_an_older_version_is_not_overwritten(
    scene: VaultScene, operator: SecretSource
) -> None:
    _, version = await operator.read_version(SIGNING_KEYS)
    theirs = MAKERS[SIGNING_KEYS.path]()
    scene.write(SIGNING_KEYS.path, theirs)
    with pytest.raises(SecretChanged):
        await operator.write(SIGNING_KEYS.path, {"keys": []}, replacing=version)
    assert scene.content(SIGNING_KEYS.path) == theirs


async def test_keys_that_the_replicas_would_refuse_are_never_written(
    operator: SecretSource,
) -> None:
    store = VaultSigningKeyStore(operator)
    found = await store.load()
    with pytest.raises(DependencyUnavailable):
        await store.replace([found.keys[0], found.keys[0]], version=found.version)
    assert (await store.load()) == found


async def test_a_write_that_is_not_answered_in_time_ends(
    scene: VaultScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = scene.operator_source(timeout_seconds=0.1)
    _, version = await source.read_version(SIGNING_KEYS)
    over = threading.Event()
    monkeypatch.setattr(VaultClient, "write", lambda *_, **__: over.wait())
    with pytest.raises(VaultUnreachable):
        await source.write(SIGNING_KEYS.path, {"keys": []}, replacing=version)
    over.set()
    await source.close()


class CountingSource(SecretSource):
    """A source that knows how often Vault was asked."""

    def __init__(self, new_client: Callable[[], VaultClient]) -> None:
        super().__init__(new_client, request_timeout_seconds=5.0)
        self.reads: list[str] = []

    async def read_version(self, secret: Secret[T]) -> tuple[T, int]:
        self.reads.append(secret.path)
        return await super().read_version(secret)


@asynccontextmanager
async def replica(
    scene: VaultScene, *, interval_seconds: float
) -> AsyncIterator[tuple[CountingSource, KeyRing, KeyReload]]:
    """Follow the keys as the service does, but refresh nothing by itself."""
    options = scene.options()
    source = CountingSource(lambda: VaultClient(options))
    refresher = await scene.refresher(source)
    assert isinstance(refresher, SecretRefresher)
    ring = KeyRing(refresher.current.signing_keys, clock=CLOCK)
    refresher.follow(SIGNING_KEYS, ring.replace)
    reload = KeyReload(
        lambda: refresher.reload(SIGNING_KEYS),
        interval_seconds=interval_seconds,
        monotonic=asyncio.get_running_loop().time,
    )
    source.reads.clear()
    try:
        yield source, ring, reload
    finally:
        await reload.close()
        await source.close()


async def test_a_key_that_nobody_has_refreshed_yet_is_read_out_of_turn(
    scene: VaultScene, operator: SecretSource
) -> None:
    store = VaultSigningKeyStore(operator)
    async with replica(scene, interval_seconds=3600) as (source, ring, reload):
        found, new = await store.load(), another_key()
        await store.replace([*found.keys, new], version=found.version)
        assert ring.verifier(new.kid) is None
        await reload.settle()
        assert ring.verifier(new.kid) is not None
        assert source.reads == [SIGNING_KEYS.path]


async def test_a_flood_of_unknown_keys_reads_vault_once_in_the_interval(
    scene: VaultScene,
) -> None:
    async with replica(scene, interval_seconds=0.5) as (source, _, reload):
        began = asyncio.get_running_loop().time()

        async def flood() -> None:
            while len(source.reads) < 3:
                await reload.settle()
                await asyncio.sleep(0)

        async with asyncio.timeout(20):
            await asyncio.gather(*(flood() for _ in range(50)))
        assert asyncio.get_running_loop().time() - began >= 2 * 0.5
        assert source.reads == [SIGNING_KEYS.path] * 3


async def test_a_vault_that_is_away_is_asked_no_more_often(scene: VaultScene) -> None:
    async with replica(scene, interval_seconds=3600) as (source, ring, reload):
        scene.delete(SIGNING_KEYS.path)
        for _ in range(20):
            await reload.settle()
        assert source.reads == [SIGNING_KEYS.path]
        assert ring.public_keys()


async def test_each_symmetric_key_follows_its_own_secret(scene: VaultScene) -> None:
    source = scene.source()
    refresher = await scene.refresher(source)
    told: list[str] = []
    refresher.follow(REFRESH_TOKEN_KEY, lambda _: told.append(REFRESH_TOKEN_KEY.path))
    refresher.follow(PAGE_TOKEN_KEY, lambda _: told.append(PAGE_TOKEN_KEY.path))
    refresher.start()
    scene.write(PAGE_TOKEN_KEY.path, MAKERS[PAGE_TOKEN_KEY.path]())
    await until(lambda: bool(told))
    assert told == [PAGE_TOKEN_KEY.path]
    await refresher.stop()
    await source.close()
