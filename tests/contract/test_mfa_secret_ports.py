"""The fakes of the second factor's secrets keep the promises that the real adapters keep."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from core.crypto.mfa_secrets import RandomMfaSecrets
from core.domain.ports.mfa import MfaSecretMint, SealBroken, SecretBox
from tests.fakes.mfa import FakeMfaSecretMint, FakeSecretBox
from tests.integration.vault_scene import VaultScene
from tests.servers import Servers

SECRET = bytes(range(20))


@pytest.fixture(params=["fake", "real"])
def mint(request: pytest.FixtureRequest) -> MfaSecretMint:
    return FakeMfaSecretMint() if request.param == "fake" else RandomMfaSecrets()


@pytest_asyncio.fixture(params=["fake", "real"])
async def box(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SecretBox]:
    if request.param == "fake":
        yield FakeSecretBox()
        return
    servers = request.getfixturevalue("servers")
    assert isinstance(servers, Servers)
    real = VaultScene(servers.stack.openbao, tmp_path).secret_box()
    yield real
    await real.close()


def test_no_secret_is_made_twice(mint: MfaSecretMint) -> None:
    secrets = [mint.totp_secret() for _ in range(50)]
    assert len(set(secrets)) == 50
    assert {len(secret) for secret in secrets} == {20}
    assert len({mint.challenge_token() for _ in range(50)}) == 50
    codes = [code for _ in range(5) for code in mint.recovery_codes()]
    assert len(codes) == 50
    assert len({code.digest for code in codes}) == 50
    assert all(len(code.text) <= 64 for code in codes)


async def test_what_was_sealed_opens_with_its_context(box: SecretBox) -> None:
    sealed = await box.seal(SECRET, context="user-service/totp/ada")
    assert await box.open(sealed, context="user-service/totp/ada") == SECRET


async def test_one_secret_is_sealed_in_another_way_each_time(box: SecretBox) -> None:
    sealed = [await box.seal(SECRET, context="ada") for _ in range(3)]
    assert len(set(sealed)) == 3
    assert all(each.startswith("vault:v") for each in sealed)


async def test_a_seal_does_not_open_for_anybody_else(box: SecretBox) -> None:
    sealed = await box.seal(SECRET, context="ada")
    for context in ("eve", "", "ada "):
        with pytest.raises(SealBroken):
            await box.open(sealed, context=context)


@pytest.mark.parametrize("sealed", ["", "vault:v1:", "vault:v1:AAAA", "vault:v9:AAAA", "\n", "é"])
async def test_what_was_not_sealed_here_does_not_open(box: SecretBox, sealed: str) -> None:
    with pytest.raises(SealBroken) as broken:
        await box.open(sealed, context="ada")
    assert "AAAA" not in str(broken.value)
