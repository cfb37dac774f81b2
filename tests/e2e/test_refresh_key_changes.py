"""The key that refresh tokens are derived with is changed in Vault while the core runs."""

import asyncio
import base64
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import grpc.aio
import pytest

from devstack.vault_access import MOUNT
from tests.e2e.refreshing_core import Core, running_core
from tests.e2e.site import Site, new_site
from tests.servers import Servers

_SECRET: Final = "refresh-token-key"
_FOLLOW_AT_ONCE: Final = {"PANDORA_VAULT__REFRESH_INTERVAL_SECONDS": "0.05"}


@pytest.fixture
def place(servers: Servers, tmp_path: Path) -> Iterator[Site]:
    with new_site(servers, tmp_path) as site:
        yield site


def _changes_seen(core: Core) -> int:
    return sum(
        entry["event"] == "secret_changed" and entry["path"] == _SECRET
        for entry in core.process.log
    )


async def _change(core: Core, site: Site, key: str, *other_keys: str) -> None:
    """Write a version of the secret, and return when the core works with it."""
    before = _changes_seen(core)
    site.servers.stack.openbao.client().secrets.kv.v2.create_or_update_secret(
        f"{site.access.prefix}/{_SECRET}",
        {"key": key, "other_keys": list(other_keys)},
        mount_point=MOUNT,
    )
    await asyncio.to_thread(core.process.wait_until, lambda: _changes_seen(core) > before)


async def test_a_retry_gets_the_same_token_through_a_change_of_the_key(place: Site) -> None:
    values = place.vault.read(_SECRET)
    assert values is not None
    old, new = values["key"], base64.b64encode(secrets.token_bytes(32)).decode()
    async with running_core(place, **_FOLLOW_AT_ONCE) as core:
        token = await core.log_in()
        lost = await core.refresh(token, "attempt-1")
        for keys in ([old, new], [new, old]):
            await _change(core, place, *keys)
            retried = await core.refresh(token, "attempt-1")
            assert retried.refresh_token == lost.refresh_token
        await _change(core, place, new)
        with pytest.raises(grpc.aio.AioRpcError, match="unknown or too old"):
            await core.refresh(token, "attempt-1")
        following = await core.refresh(lost.refresh_token, "attempt-2")
        again = await core.refresh(lost.refresh_token, "attempt-2")
    assert again.refresh_token == following.refresh_token
