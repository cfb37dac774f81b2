"""The key in Vault that personal data is sealed with is changed while the service runs."""

import base64
import secrets
from pathlib import Path
from uuid import UUID

import pytest

from core.bootstrap.dependencies import personal_texts
from core.domain.personal_key import SealBroken, TextPlace
from tests.integration.vault_scene import VaultScene
from tests.servers import Servers

pytestmark = pytest.mark.asyncio

SECRET = "personal-data-key"
PLACE = TextPlace(row_id=UUID(int=7), field="ip_address")
ADA = b"a" * 32


async def test_the_next_key_is_announced_then_seals_and_the_one_before_opens_until_it_is_removed(
    servers: Servers, tmp_path: Path
) -> None:
    scene = VaultScene(servers.stack.openbao, tmp_path)
    old, new = scene.content(SECRET)["key"], base64.b64encode(secrets.token_bytes(32)).decode()
    source = scene.source()
    secrets_here = await scene.refresher(source)
    texts = personal_texts(secrets_here)
    try:
        before = texts.seal("203.0.113.7", salt=ADA, place=PLACE)
        for key, others in ((old, [new]), (new, [old])):
            scene.write(SECRET, {"key": key, "other_keys": others})
            await secrets_here.refresh()
            assert texts.open(before, salt=ADA, place=PLACE) == "203.0.113.7"
        after = texts.seal("203.0.113.7", salt=ADA, place=PLACE)
        assert after != before
        scene.write(SECRET, {"key": new})
        await secrets_here.refresh()
        assert texts.open(after, salt=ADA, place=PLACE) == "203.0.113.7"
        with pytest.raises(SealBroken):
            texts.open(before, salt=ADA, place=PLACE)
    finally:
        await source.close()


async def test_a_key_that_is_none_changes_nothing(servers: Servers, tmp_path: Path) -> None:
    scene = VaultScene(servers.stack.openbao, tmp_path)
    source = scene.source()
    secrets_here = await scene.refresher(source)
    texts = personal_texts(secrets_here)
    try:
        sealed = texts.seal("203.0.113.7", salt=ADA, place=PLACE)
        scene.write(SECRET, {"key": "c2hvcnQ="})
        await secrets_here.refresh()
        assert texts.seal("203.0.113.7", salt=ADA, place=PLACE) == sealed
    finally:
        await source.close()
