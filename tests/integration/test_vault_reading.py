"""Secrets are read from a real OpenBao, by a login that may read nothing else."""

from collections.abc import AsyncIterator
from pathlib import Path

import hvac
import pytest
import pytest_asyncio

from core.vault.client import VaultClient
from core.vault.errors import (
    BootstrapFileRefused,
    LoginRefused,
    SecretForbidden,
    SecretMalformed,
    SecretMissing,
    VaultError,
    VaultUnreachable,
)
from core.vault.refresher import read_service_secrets
from core.vault.secrets import DEV_SEED, PAGE_TOKEN_KEY, POSTGRES, POSTGRES_OWNER, SIGNING_KEYS
from core.vault.source import SecretSource
from devstack.ports import HOST, free_port
from devstack.stack import Stack
from tests.fakes.clock import FakeClock
from tests.integration.vault_scene import VaultScene


@pytest.fixture
def scene(stack: Stack, tmp_path: Path) -> VaultScene:
    return VaultScene(stack.openbao, tmp_path)


@pytest_asyncio.fixture
async def source(scene: VaultScene) -> AsyncIterator[SecretSource]:
    source = scene.source()
    yield source
    await source.close()


class TimedClient:
    """A client whose clock the test moves; OpenBao's own stands as good as still meanwhile."""

    def __init__(self, scene: VaultScene) -> None:
        self.clock = FakeClock()
        self.client = VaultClient(
            scene.options(), monotonic=lambda: self.clock.now().timestamp(), chance=lambda: 0.0
        )

    @property
    def token(self) -> str:
        return str(self.client._hvac.token)


@pytest.fixture
def timed(scene: VaultScene) -> TimedClient:
    scene.tune_role(token_ttl="90s", token_max_ttl="10m")
    return TimedClient(scene)


def one_line(error: VaultError) -> str:
    text = str(error)
    assert "\n" not in text
    return text


async def test_everything_that_the_service_needs_is_read(
    scene: VaultScene, source: SecretSource
) -> None:
    secrets = await read_service_secrets(source)
    assert secrets.postgres.username == "pandora_service"
    assert secrets.postgres.password == scene.content("postgres")["password"]
    assert secrets.redis.password == scene.content("redis")["password"]
    (key,) = secrets.signing_keys
    assert key.kid == scene.content("access-token-keys")["keys"][0]["kid"]
    symmetric = {
        *secrets.refresh_token_keys,
        *secrets.page_token_keys,
        *secrets.one_time_token_keys,
        *secrets.personal_data_keys,
        secrets.throttle_key,
    }
    assert {len(key) for key in symmetric} == {32}
    assert len(symmetric) == 5


async def test_no_secret_is_in_what_a_debugger_or_a_log_would_show(
    scene: VaultScene, source: SecretSource
) -> None:
    shown = repr(await read_service_secrets(source)) + repr(await source.read(DEV_SEED))
    for name in ("postgres", "redis", "dev-seed"):
        for field, value in scene.content(name).items():
            assert field == "username" or value not in shown
    assert "PRIVATE" not in shown
    assert "\\x" not in shown


async def test_the_owners_password_is_not_for_the_service(source: SecretSource) -> None:
    with pytest.raises(SecretForbidden) as refusal:
        await source.read(POSTGRES_OWNER)
    assert one_line(refusal.value) == "Vault's secret postgres-owner may not be read by our role"


@pytest.mark.parametrize("half", ["role_id", "secret_id"])
async def test_a_wrong_login_is_refused_in_one_line_without_the_login(
    scene: VaultScene, source: SecretSource, half: str
) -> None:
    scene.overwrite_login(half, "0190163d-8694-739b-aea5-000000000001")
    with pytest.raises(LoginRefused) as refusal:
        await source.read(POSTGRES)
    text = one_line(refusal.value)
    assert text == f"Vault refuses the login with {scene.files.secret_id}"


async def test_a_token_of_the_environment_opens_nothing(
    scene: VaultScene, source: SecretSource, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".vault-token").write_text(scene.root.token)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VAULT_TOKEN", scene.root.token)
    scene.overwrite_login("secret_id", "wrong")
    with pytest.raises(LoginRefused):
        await source.read(POSTGRES)


async def test_a_secret_id_that_others_may_read_is_not_even_sent(scene: VaultScene) -> None:
    nobody = f"http://{HOST}:{free_port()}"
    scene.files.secret_id.chmod(0o644)
    with pytest.raises(BootstrapFileRefused, match="must not be wider than 0600"):
        await scene.source(address=nobody).read(POSTGRES)


async def test_nobody_at_the_address_is_said_in_one_line(scene: VaultScene) -> None:
    nobody = f"http://{HOST}:{free_port()}"
    with pytest.raises(VaultUnreachable) as refusal:
        await scene.source(address=nobody).read(POSTGRES)
    assert one_line(refusal.value) == f"Vault at {nobody} cannot be reached"
    with pytest.raises(VaultUnreachable):
        await scene.source(address=nobody).check()


async def test_a_secret_that_is_not_there_is_named(scene: VaultScene, source: SecretSource) -> None:
    scene.delete("page-token-key")
    with pytest.raises(SecretMissing) as refusal:
        await source.read(PAGE_TOKEN_KEY)
    assert one_line(refusal.value) == "Vault's secret page-token-key does not exist"
    scene.root.secrets.kv.v2.delete_metadata_and_all_versions(
        f"{scene.prefix}/postgres", mount_point="secret"
    )
    with pytest.raises(SecretMissing):
        await source.read(POSTGRES)


async def test_a_malformed_secret_stops_the_start_in_one_line(
    scene: VaultScene, source: SecretSource
) -> None:
    scene.write("access-token-keys", {"keys": [{"kid": "key-1", "private_key_pem": "hunter2"}]})
    with pytest.raises(SecretMalformed) as refusal:
        await read_service_secrets(source)
    text = one_line(refusal.value)
    assert text.startswith("Vault's secret access-token-keys is malformed: key 1: ")
    assert "hunter2" not in text


async def test_vault_is_well(source: SecretSource) -> None:
    await source.check()


def test_a_token_is_renewed_before_it_ends_and_kept(timed: TimedClient) -> None:
    timed.client.read("postgres")
    first = timed.token
    assert timed.client.seconds_until_renewal == pytest.approx(60, abs=1)
    timed.clock.advance(59)
    timed.client.read("postgres")
    assert timed.client.seconds_until_renewal < 2
    timed.clock.advance(2)
    timed.client.read("postgres")
    assert timed.token == first
    assert timed.client.seconds_until_renewal == pytest.approx(60, abs=1)


def test_a_token_that_has_ended_is_replaced_by_a_new_login(timed: TimedClient) -> None:
    timed.client.read("postgres")
    first = timed.token
    timed.clock.advance(91)
    timed.client.read("postgres")
    assert timed.token != first


def test_a_token_near_the_end_of_its_greatest_life_is_replaced(
    scene: VaultScene, timed: TimedClient
) -> None:
    timed.client.read("postgres")
    first = timed.token
    scene.tune_role(token_ttl="10s", token_max_ttl="10s")
    timed.clock.advance(61)
    timed.client.read("postgres")
    assert timed.token != first


def test_a_token_that_was_taken_away_is_replaced(scene: VaultScene, timed: TimedClient) -> None:
    timed.client.read("postgres")
    first = timed.token
    scene.root.auth.token.revoke(first)
    assert timed.client.read("postgres")["username"] == "pandora_service"
    assert timed.token != first


def test_a_renewal_that_is_refused_becomes_a_login(scene: VaultScene, timed: TimedClient) -> None:
    timed.client.read("postgres")
    scene.root.auth.token.revoke(timed.token)
    timed.clock.advance(61)
    assert timed.client.read("postgres")["username"] == "pandora_service"


def test_a_new_secret_id_is_used_without_a_restart(scene: VaultScene, timed: TimedClient) -> None:
    timed.client.read("postgres")
    approle = scene.root.auth.approle
    approle.destroy_secret_id(scene.role_name, scene.files.secret_id.read_text())
    fresh = approle.generate_secret_id(scene.role_name)["data"]["secret_id"]
    scene.overwrite_login("secret_id", fresh)
    timed.clock.advance(91)
    assert timed.client.read("postgres")["username"] == "pandora_service"


def test_a_token_is_given_back_at_the_end(scene: VaultScene, timed: TimedClient) -> None:
    timed.client.read("postgres")
    token = timed.token
    timed.client.close()
    with pytest.raises(hvac.exceptions.VaultError):
        scene.root.auth.token.lookup(token)


async def test_a_secret_is_read_anew_each_time(scene: VaultScene, source: SecretSource) -> None:
    before = await source.read(SIGNING_KEYS)
    content = scene.content("access-token-keys")
    scene.write("access-token-keys", {"keys": [content["keys"][0] | {"kid": "key-2"}]})
    (key,) = await source.read(SIGNING_KEYS)
    assert key.kid == "key-2"
    assert before[0].kid != "key-2"
