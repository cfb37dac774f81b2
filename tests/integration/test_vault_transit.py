"""Sealing with a real OpenBao: what the service's login may do there, and what it does without."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hvac
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from core.domain.errors import DependencyUnavailable
from core.domain.ports.mfa import SealBroken
from core.vault.client import VaultClient
from core.vault.transit import TransitSecretBox
from devstack.openbao import OpenBaoServer
from devstack.stack import Stack
from devstack.temporary import temporary_stack
from devstack.vault_access import TOTP_KEY, TRANSIT, VaultAccess
from tests.integration.vault_scene import ROLE, VaultScene, unsealed

SECRET = b"a secret of 20 bytes"
ADA = "user-service/totp/ada"
SHORT_SECONDS = 0.5
DEADLINE_SECONDS = 20.0


@pytest.fixture
def scene(stack: Stack, tmp_path: Path) -> VaultScene:
    return VaultScene(stack.openbao, tmp_path)


@pytest_asyncio.fixture
async def box(scene: VaultScene) -> AsyncIterator[TransitSecretBox]:
    box = scene.secret_box()
    yield box
    await box.close()


@pytest.fixture(scope="module")
def own_bao() -> Iterator[OpenBaoServer]:
    """A server of this module's own, to be stopped, sealed and frozen."""
    with temporary_stack() as stack:
        yield stack.openbao


@pytest.fixture
def shaky(own_bao: OpenBaoServer, tmp_path: Path) -> Iterator[VaultScene]:
    unsealed(own_bao)
    yield VaultScene(own_bao, tmp_path)
    unsealed(own_bao)


def as_service(scene: VaultScene) -> hvac.Client:
    """Log in as the service does, with the driver alone."""
    client = hvac.Client(scene.bao.address)
    client.auth.approle.login(scene.files.role_id.read_text(), scene.files.secret_id.read_text())
    return client


def test_the_service_may_use_its_key_and_do_nothing_else_with_it(scene: VaultScene) -> None:
    transit = as_service(scene).secrets.transit
    scene.root.secrets.transit.create_key("somebody-elses", mount_point=TRANSIT)
    forbidden = [
        lambda: transit.read_key(TOTP_KEY),
        lambda: transit.export_key(TOTP_KEY, "encryption-key"),
        lambda: transit.rotate_key(TOTP_KEY),
        lambda: transit.update_key_configuration(TOTP_KEY, deletion_allowed=True),
        lambda: transit.delete_key(TOTP_KEY),
        lambda: transit.backup_key(TOTP_KEY),
        lambda: transit.rewrap_data(TOTP_KEY, ciphertext="vault:v1:AAAA"),
        transit.list_keys,
        lambda: transit.create_key("mine"),
        lambda: transit.encrypt_data("somebody-elses", plaintext="QQ=="),
        lambda: transit.encrypt_data("not-there-yet", plaintext="QQ=="),
        lambda: transit.decrypt_data("somebody-elses", ciphertext="vault:v1:AAAA"),
    ]
    for attempt in forbidden:
        with pytest.raises(hvac.exceptions.Forbidden):
            attempt()


def test_the_key_encrypts_with_aes_256_gcm_and_cannot_be_taken_out(scene: VaultScene) -> None:
    key = scene.root.secrets.transit.read_key(TOTP_KEY, mount_point=TRANSIT)["data"]
    assert key["type"] == "aes256-gcm96"
    assert not key["exportable"]
    assert not key["allow_plaintext_backup"]
    with pytest.raises(hvac.exceptions.InvalidRequest):
        scene.root.secrets.transit.export_key(TOTP_KEY, "encryption-key", mount_point=TRANSIT)


def test_to_provide_a_key_again_leaves_it_as_it_is(scene: VaultScene) -> None:
    access, read = VaultAccess(scene.root, scene.prefix), scene.root.secrets.transit.read_key
    name = f"test-{uuid.uuid4().hex}"
    access.ensure_key(name)
    before = read(name, mount_point=TRANSIT)["data"]
    access.ensure_key(name)
    assert read(name, mount_point=TRANSIT)["data"] == before


async def test_a_key_that_is_gone_is_not_made_anew_by_the_service(shaky: VaultScene) -> None:
    transit = shaky.root.secrets.transit
    transit.update_key_configuration(TOTP_KEY, deletion_allowed=True, mount_point=TRANSIT)
    transit.delete_key(TOTP_KEY, mount_point=TRANSIT)
    box = shaky.secret_box()
    with pytest.raises(DependencyUnavailable):
        await box.seal(SECRET, context=ADA)
    await box.close()
    with pytest.raises(hvac.exceptions.InvalidPath):
        transit.read_key(TOTP_KEY, mount_point=TRANSIT)


async def test_a_rotated_key_opens_what_was_sealed_before(shaky: VaultScene) -> None:
    box = shaky.secret_box()
    before = await box.seal(SECRET, context=ADA)
    shaky.root.secrets.transit.rotate_key(TOTP_KEY, mount_point=TRANSIT)
    after = await box.seal(SECRET, context=ADA)
    assert before.split(":")[1] != after.split(":")[1]
    assert await box.open(before, context=ADA) == SECRET
    assert await box.open(after, context=ADA) == SECRET
    await box.close()


async def test_an_altered_seal_does_not_open(box: TransitSecretBox) -> None:
    sealed = await box.seal(SECRET, context=ADA)
    middle = len(sealed) // 2
    altered = sealed[:middle] + ("A" if sealed[middle] != "A" else "B") + sealed[middle + 1 :]
    with pytest.raises(SealBroken) as broken:
        await box.open(altered, context=ADA)
    assert altered not in repr(broken.value)
    assert broken.value.__cause__ is None


async def test_a_revoked_login_is_replaced_by_a_new_one(
    scene: VaultScene, box: TransitSecretBox
) -> None:
    sealed = await box.seal(SECRET, context=ADA)
    (client,) = box._idle
    scene.root.auth.token.revoke(client._hvac.token)
    assert await box.open(sealed, context=ADA) == SECRET


async def test_a_login_without_the_right_to_the_key_is_a_dependency_that_is_missing(
    scene: VaultScene, box: TransitSecretBox
) -> None:
    VaultAccess(scene.root, scene.prefix).admit(ROLE, readable=["postgres"], files=scene.files)
    with pytest.raises(DependencyUnavailable) as refusal:
        await box.seal(SECRET, context=ADA)
    assert (refusal.value.dependency, refusal.value.detail) == ("vault", "key_forbidden")


async def test_many_at_once_share_a_few_logins(scene: VaultScene) -> None:
    made: list[VaultClient] = []

    def new_client() -> VaultClient:
        made.append(VaultClient(scene.options()))
        return made[-1]

    box = TransitSecretBox(new_client, timeout_seconds=DEADLINE_SECONDS)
    sealed = await asyncio.gather(*(box.seal(SECRET, context=ADA) for _ in range(40)))
    opened = await asyncio.gather(*(box.open(each, context=ADA) for each in sealed))
    await box.close()
    assert set(opened) == {SECRET}
    assert 1 <= len(made) <= 4


async def test_closing_gives_the_logins_back(scene: VaultScene) -> None:
    box = scene.secret_box()
    await box.seal(SECRET, context=ADA)
    token = box._idle[0]._hvac.token
    await box.close()
    with pytest.raises(hvac.exceptions.Forbidden):
        hvac.Client(scene.bao.address, token=token).auth.token.lookup_self()
    assert await box.open(await box.seal(SECRET, context=ADA), context=ADA) == SECRET
    await box.close()


async def test_a_sealed_vault_is_said_to_be_missing_and_used_again_when_it_is_back(
    shaky: VaultScene,
) -> None:
    box = shaky.secret_box()
    sealed = await box.seal(SECRET, context=ADA)
    shaky.seal()
    with pytest.raises(DependencyUnavailable) as refusal:
        await box.open(sealed, context=ADA)
    assert (refusal.value.dependency, refusal.value.detail) == ("vault", "sealed")
    unsealed(shaky.bao)
    assert await box.open(sealed, context=ADA) == SECRET
    await box.close()


async def test_a_vault_that_has_stopped_is_said_to_be_missing_and_used_again_when_it_is_back(
    shaky: VaultScene,
) -> None:
    box = shaky.secret_box()
    sealed = await box.seal(SECRET, context=ADA)
    await asyncio.to_thread(shaky.bao.stop)
    for _ in range(5):
        with pytest.raises(DependencyUnavailable) as refusal:
            await box.open(sealed, context=ADA)
        assert refusal.value.detail == "unreachable"
    await asyncio.to_thread(unsealed, shaky.bao)
    assert await box.open(sealed, context=ADA) == SECRET
    await box.close()


async def test_a_frozen_vault_keeps_nobody_waiting_for_longer_than_the_limit(
    shaky: VaultScene,
) -> None:
    box = shaky.secret_box(timeout_seconds=SHORT_SECONDS)
    sealed = await box.seal(SECRET, context=ADA)
    shaky.bao.pause()
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.001)
            turns += 1

    counting = asyncio.create_task(count_turns())
    loop = asyncio.get_running_loop()
    began = loop.time()
    # More than have a place at once: who waits for a place waits within the same limit.
    results = await asyncio.gather(
        *(box.open(sealed, context=ADA) for _ in range(30)), return_exceptions=True
    )
    took = loop.time() - began
    counting.cancel()
    assert {type(result) for result in results} == {DependencyUnavailable}
    assert took < SHORT_SECONDS * 4
    # A loop that waited for Vault itself would hardly turn.
    assert turns > 20
    shaky.bao.resume()
    async with asyncio.timeout(DEADLINE_SECONDS):
        assert await box.open(sealed, context=ADA) == SECRET
    await box.close()


async def test_closing_does_not_wait_for_a_vault_that_is_frozen(shaky: VaultScene) -> None:
    box = shaky.secret_box(timeout_seconds=SHORT_SECONDS)
    await box.seal(SECRET, context=ADA)
    shaky.bao.pause()
    async with asyncio.timeout(DEADLINE_SECONDS):
        await box.close()


async def test_a_call_that_is_given_up_leaves_its_place_to_the_next(shaky: VaultScene) -> None:
    box = shaky.secret_box(timeout_seconds=DEADLINE_SECONDS)
    sealed = await box.seal(SECRET, context=ADA)
    shaky.bao.pause()
    waiting = [asyncio.create_task(box.open(sealed, context=ADA)) for _ in range(10)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    shaky.bao.resume()
    async with asyncio.timeout(DEADLINE_SECONDS):
        assert await box.open(sealed, context=ADA) == SECRET
    await box.close()


async def test_what_is_logged_of_a_failure_is_its_kind_and_no_secret(shaky: VaultScene) -> None:
    box = shaky.secret_box()
    sealed = await box.seal(SECRET, context=ADA)
    await asyncio.to_thread(shaky.bao.stop)
    with capture_logs() as lines, pytest.raises(DependencyUnavailable):
        await box.open(sealed, context=ADA)
    (line,) = [line for line in lines if line["event"] == "transit_unavailable"]
    assert line["kind"] == "unreachable"
    assert sealed not in repr(lines)
    assert SECRET.decode() not in repr(lines)
