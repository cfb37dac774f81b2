"""New versions of secrets are taken over while the service runs, unless they are unusable."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from core.crypto.key_ring import KeyRing
from core.observability.clock import SystemClock
from core.vault.refresher import SecretRefresher
from core.vault.secrets import POSTGRES, SIGNING_KEYS, PostgresCredentials
from devstack.secret_values import MAKERS
from devstack.stack import Stack
from tests.integration.vault_scene import VaultScene, until, with_entry


@pytest.fixture
def scene(stack: Stack, tmp_path: Path) -> VaultScene:
    return VaultScene(stack.openbao, tmp_path)


@pytest_asyncio.fixture
async def refresher(scene: VaultScene) -> AsyncIterator[SecretRefresher]:
    source = scene.source()
    refresher = await scene.refresher(source)
    yield refresher
    await refresher.stop()
    await source.close()


async def test_a_rotated_password_is_picked_up_in_the_background(
    scene: VaultScene, refresher: SecretRefresher
) -> None:
    told: list[PostgresCredentials] = []
    refresher.follow(POSTGRES, told.append)
    before = refresher.current
    refresher.start()
    with capture_logs() as lines:
        scene.write("postgres", {"username": "pandora_service", "password": "rotated"})
        await until(lambda: refresher.current.postgres.password == "rotated")
    assert [credentials.password for credentials in told] == ["rotated"]
    assert refresher.current.redis == before.redis
    assert [(line["event"], line["path"]) for line in lines] == [("secret_changed", "postgres")]
    assert "rotated" not in str(lines)


async def test_a_new_signing_key_reaches_the_key_ring(
    scene: VaultScene, refresher: SecretRefresher
) -> None:
    ring = KeyRing(refresher.current.signing_keys, clock=SystemClock())
    refresher.follow(SIGNING_KEYS, ring.replace)
    refresher.start()
    old = scene.content("access-token-keys")
    new = MAKERS["access-token-keys"]()
    scene.write("access-token-keys", {"keys": old["keys"] + new["keys"]})
    await until(lambda: len(ring.public_keys()) == 2)
    kids = {key.kid for key in ring.public_keys()}
    assert kids == {old["keys"][0]["kid"], new["keys"][0]["kid"]}


async def test_what_has_not_changed_is_told_to_nobody(refresher: SecretRefresher) -> None:
    told: list[object] = []
    refresher.follow(POSTGRES, told.append)
    refresher.follow(SIGNING_KEYS, told.append)
    before = refresher.current
    for _ in range(3):
        assert await refresher.refresh()
    assert told == []
    assert refresher.current is before


async def test_a_malformed_version_is_reported_once_and_the_one_before_stays(
    scene: VaultScene, refresher: SecretRefresher
) -> None:
    good = scene.content("access-token-keys")
    before = refresher.current.signing_keys
    scene.write("access-token-keys", with_entry(good, private_key_pem="hunter2"))
    scene.write("postgres", {"username": "pandora_service", "password": "rotated"})
    with capture_logs() as lines:
        assert not await refresher.refresh()
        assert not await refresher.refresh()
    assert refresher.current.signing_keys == before
    assert refresher.current.postgres.password == "rotated"
    assert refresher.rejected_count == 1
    assert refresher.failures == {"secret_malformed": 2}
    assert list(refresher.rejected) == ["access-token-keys"]
    assert [line["event"] for line in lines] == ["secret_changed", "secret_rejected"]
    assert "hunter2" not in str(lines)
    assert refresher.lost is None
    scene.write("access-token-keys", good)
    with capture_logs() as lines:
        assert await refresher.refresh()
    assert refresher.rejected_count == 0
    assert [line["event"] for line in lines] == ["secret_usable_again"]


async def test_a_secret_that_disappears_is_missed_and_kept(
    scene: VaultScene, refresher: SecretRefresher
) -> None:
    before = refresher.current
    scene.delete("page-token-key")
    assert not await refresher.refresh()
    assert refresher.rejected == {"page-token-key": "Vault's secret page-token-key does not exist"}
    assert refresher.current == before


async def test_a_secret_that_is_forbidden_all_at_once_is_kept(
    scene: VaultScene, refresher: SecretRefresher
) -> None:
    before = refresher.current
    scene.admit(*(name for name in MAKERS if name not in {"postgres", "postgres-owner"}))
    assert not await refresher.refresh()
    assert list(refresher.rejected) == ["postgres"]
    assert refresher.current == before


async def test_a_version_that_its_user_refuses_does_not_become_current(
    scene: VaultScene, refresher: SecretRefresher
) -> None:
    ring = KeyRing(refresher.current.signing_keys, clock=SystemClock())
    refresher.follow(SIGNING_KEYS, ring.replace)
    before = refresher.current.signing_keys
    good = scene.content("access-token-keys")
    scene.write("access-token-keys", with_entry(good, signs_from="2999-01-01T00:00:00Z"))
    assert not await refresher.refresh()
    assert refresher.rejected == {
        "access-token-keys": "Vault's secret access-token-keys is refused: "
        "no signing key may sign at this moment"
    }
    assert refresher.current.signing_keys == before
    assert ring.signer().kid == before[0].kid


async def test_the_age_counts_from_the_last_faultless_read(
    scene: VaultScene, refresher: SecretRefresher
) -> None:
    assert await refresher.refresh()
    complete_at = refresher._complete_at
    scene.delete("page-token-key")
    await refresher.refresh()
    assert refresher._complete_at == complete_at
    assert refresher.age_seconds > 0


async def test_a_follower_that_fails_does_not_end_the_refreshing(
    scene: VaultScene, refresher: SecretRefresher
) -> None:
    def fail(_: PostgresCredentials) -> None:
        raise RuntimeError

    refresher.follow(POSTGRES, fail)
    refresher.start()
    with capture_logs() as lines:
        scene.write("postgres", {"username": "pandora_service", "password": "one"})
        await until(lambda: any(line["event"] == "secret_refresh_failed" for line in lines))
    scene.write("postgres", scene.content("postgres") | {"password": ""})
    await until(lambda: "postgres" in refresher.rejected)
