"""The keys' keeper, in memory and in Vault: what is stored is loaded, and one writer wins."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from core.crypto.signing_key_mint import P256KeyMint
from core.domain.errors import Conflict
from core.domain.ports.signing_keys import SigningKeyStore
from core.domain.signing_key import StoredKey
from core.vault.signing_key_store import VaultSigningKeyStore
from devstack.stack import Stack
from tests.fakes.clock import START
from tests.fakes.signing_keys import FakeSigningKeyStore
from tests.integration.vault_scene import VaultScene


def new_key() -> StoredKey:
    pair = P256KeyMint().new()
    return StoredKey(
        kid=pair.kid,
        private_key_pem=pair.private_key_pem,
        published_at=START,
        signs_from=START + timedelta(seconds=340),
    )


@pytest_asyncio.fixture(params=["memory", "vault"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SigningKeyStore]:
    if request.param == "memory":
        yield FakeSigningKeyStore(new_key())
        return
    stack = request.getfixturevalue("stack")
    assert isinstance(stack, Stack)
    scene = VaultScene(stack.openbao, tmp_path)
    scene.admit_operator()
    source = scene.operator_source()
    yield VaultSigningKeyStore(source)
    await source.close()


async def test_there_is_a_key_from_the_beginning(store: SigningKeyStore) -> None:
    assert len((await store.load()).keys) == 1


async def test_what_replaces_the_keys_is_loaded_as_it_was(store: SigningKeyStore) -> None:
    before = await store.load()
    old, new = replace(before.keys[0], expires_at=START + timedelta(days=900)), new_key()
    await store.replace([old, new], version=before.version)
    after = await store.load()
    assert after.keys == (old, new)
    assert after.version != before.version


async def test_two_loads_without_a_change_are_equal(store: SigningKeyStore) -> None:
    assert await store.load() == await store.load()


async def test_keys_that_were_changed_since_are_not_replaced(store: SigningKeyStore) -> None:
    before = await store.load()
    await store.replace([before.keys[0], new_key()], version=before.version)
    theirs = await store.load()
    with pytest.raises(Conflict):
        await store.replace([new_key()], version=before.version)
    assert await store.load() == theirs


async def test_of_many_writers_at_one_time_one_wins(store: SigningKeyStore) -> None:
    before = await store.load()
    attempts = [(before.keys[0], new_key()) for _ in range(5)]
    outcomes = await asyncio.gather(
        *(store.replace(keys, version=before.version) for keys in attempts),
        return_exceptions=True,
    )
    assert [type(each) for each in outcomes if each is not None] == [Conflict] * 4
    winner = attempts[outcomes.index(None)]
    assert (await store.load()).keys == winner
