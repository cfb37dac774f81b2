"""The key that signs seals, on a real OpenBao: who may use it, and what becomes of outages."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import hvac
import pytest

from core.crypto.ed25519 import is_signed
from core.domain.errors import DependencyUnavailable
from core.vault.client import VaultClient
from core.vault.seal_key import SealKeyClient, VaultSealKey
from devstack.stack import Stack
from devstack.vault_access import SEAL_KEY, TRANSIT, BootstrapFiles, VaultAccess
from tests.integration.vault_scene import VaultScene

TEXT = "user.test/audit\n1\nAAAA\n"
NAME = "user.test/audit"


class KeyScene:
    """A key of its own, a sealer who may sign with it, and an auditor who may look at it."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.vault = VaultScene(stack.openbao, folder)
        self.key = f"{SEAL_KEY}-{self.vault.prefix[-12:]}"
        access = VaultAccess(self.vault.root, self.vault.prefix)
        access.ensure_signing_key(self.key)
        self.sealer_files = BootstrapFiles.within(folder / "sealer")
        self.auditor_files = BootstrapFiles.within(folder / "auditor")
        access.admit("sealer", readable=[], signing=[self.key], files=self.sealer_files)
        access.admit("auditor", readable=[], verifying=[self.key], files=self.auditor_files)
        self.opened: list[VaultSealKey] = []

    def open(
        self, files: BootstrapFiles, *, address: str | None = None, seconds: float = 5.0
    ) -> VaultSealKey:
        """Return the key as somebody may use it."""
        options = self.vault.options(files=files, address=address, timeout_seconds=seconds)
        key = VaultSealKey(
            lambda: SealKeyClient(options), key=self.key, check=is_signed, timeout_seconds=seconds
        )
        self.opened.append(key)
        return key


@pytest.fixture
async def scene(stack: Stack, tmp_path: Path) -> AsyncIterator[KeyScene]:
    scene = KeyScene(stack, tmp_path)
    yield scene
    for key in scene.opened:
        await key.close()


async def test_what_the_sealer_signs_the_auditor_can_check(scene: KeyScene) -> None:
    signed = await scene.open(scene.sealer_files).sign(TEXT, name=NAME)
    (key,) = await scene.open(scene.auditor_files).verifier_keys(NAME)
    assert is_signed(key.key, TEXT.encode(), signed.signature.signature)
    assert signed.signature.key_id == key.key_id
    assert signed.key_version == key.version == 1
    assert not is_signed(key.key, b"another text", signed.signature.signature)


async def test_a_key_that_was_rotated_signs_with_its_new_version_and_keeps_the_old_one(
    scene: KeyScene,
) -> None:
    sealer, auditor = scene.open(scene.sealer_files), scene.open(scene.auditor_files)
    before = await sealer.sign(TEXT, name=NAME)
    scene.vault.root.secrets.transit.rotate_key(scene.key, mount_point=TRANSIT)
    after = await sealer.sign(TEXT, name=NAME)
    keys = {key.version: key.key for key in await auditor.verifier_keys(NAME)}
    assert (before.key_version, after.key_version) == (1, 2)
    for signed in (before, after):
        public = keys[signed.key_version]
        assert is_signed(public, TEXT.encode(), signed.signature.signature)


async def test_only_the_sealer_may_sign(scene: KeyScene) -> None:
    for files in (scene.auditor_files, scene.vault.files):
        with pytest.raises(DependencyUnavailable) as refused:
            await scene.open(files).sign(TEXT, name=NAME)
        assert refused.value.detail == "key_forbidden"
    with pytest.raises(DependencyUnavailable):
        await scene.open(scene.vault.files).verifier_keys(NAME)


async def test_the_sealer_may_neither_read_secrets_nor_take_the_key_away(scene: KeyScene) -> None:
    options = scene.vault.options(files=scene.sealer_files)
    client = VaultClient(options)
    client._login()
    token = client._hvac.token
    sealer = hvac.Client(options.address, token=token)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: sealer.secrets.transit.export_key(scene.key, "signing-key", mount_point=TRANSIT),
        lambda: sealer.secrets.transit.rotate_key(scene.key, mount_point=TRANSIT),
        lambda: sealer.secrets.transit.delete_key(scene.key, mount_point=TRANSIT),
        lambda: sealer.secrets.kv.v2.read_secret_version(
            f"{options.prefix}/page-token-key",
            mount_point=options.mount,
            raise_on_deleted_version=True,
        ),
    )
    for attempt in attempts:
        with pytest.raises(hvac.exceptions.Forbidden):
            attempt()
    client.close()


async def test_a_key_of_another_type_is_refused(scene: KeyScene) -> None:
    transit = scene.vault.root.secrets.transit
    other = f"{scene.key}-p256"
    transit.create_key(other, key_type="ecdsa-p256", mount_point=TRANSIT)
    VaultAccess(scene.vault.root, scene.vault.prefix).admit(
        "sealer", readable=[], signing=[other], files=scene.sealer_files
    )
    scene.key = other
    with pytest.raises(DependencyUnavailable) as refused:
        await scene.open(scene.sealer_files).sign(TEXT, name=NAME)
    assert refused.value.detail == "faulty"


async def test_a_signature_that_is_none_is_never_relied_on(scene: KeyScene) -> None:
    options = scene.vault.options(files=scene.sealer_files)

    class Liar(SealKeyClient):
        def sign(self, key: str, message: bytes) -> tuple[int, bytes]:
            version, signature = super().sign(key, message + b"something else")
            return version, signature

    key = VaultSealKey(lambda: Liar(options), key=scene.key, check=is_signed, timeout_seconds=5)
    scene.opened.append(key)
    with pytest.raises(DependencyUnavailable) as refused:
        await key.sign(TEXT, name=NAME)
    assert refused.value.detail == "wrong_signature"


async def test_a_vault_that_does_not_answer_holds_nobody_up(scene: KeyScene) -> None:
    lost = scene.open(scene.sealer_files, address="http://127.0.0.1:9", seconds=1.0)
    with pytest.raises(DependencyUnavailable) as refused:
        await lost.sign(TEXT, name=NAME)
    assert refused.value.dependency == "vault"
    assert refused.value.detail == "unreachable"
