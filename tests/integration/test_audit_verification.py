"""A log that was left alone verifies; whatever a superuser does to it is found and named."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from core.domain.errors import ServerBusy
from core.postgres.audit_reader import LOCK_KEY
from tests.integration.audit_attacks import (
    ATTACKS,
    Attack,
    Log,
    delete_the_last_seal_and_its_rows,
    update_hash,
)
from tests.integration.seal_scene import LocalSigner, SealScene, add_row
from tests.postgres_client import empty
from tests.servers import Database


@pytest.fixture
async def scene(module_database: Database, tmp_path: Path) -> AsyncIterator[SealScene]:
    empty(module_database.admin_dsn)
    async with SealScene(module_database, tmp_path) as scene:
        yield scene


async def sealed_log(scene: SealScene) -> Log:
    """Write a log of three seals: with a late commit, a number that went back, and a few rows."""
    with scene.writer() as late, scene.writer() as undone:
        late_sequence = add_row(late)
        add_row(undone)
        first = scene.write(4)
        await scene.seal_all()
        undone.rollback()
        late.commit()
    second = scene.write(4)
    await scene.seal_all()
    third = scene.write(4)
    await scene.seal_all()
    return Log(sequences=sorted([late_sequence, *first, *second, *third]), last_seal_first=third[0])


async def test_a_log_that_was_left_alone_is_valid(scene: SealScene) -> None:
    log = await sealed_log(scene)
    report = scene.verify()
    assert report.valid
    assert report.checked_count == len(log.sequences)
    assert report.sealed_sequence == log.sequences[-1]
    assert report.first_invalid_sequence is None
    assert report.reason is None
    newest = await scene.seals.newest()
    assert newest is not None
    assert report.seal_hash == newest.head.hash.hex()


async def test_an_empty_log_is_valid(scene: SealScene) -> None:
    report = scene.verify(checkpoints=False)
    assert report.valid
    assert (report.checked_count, report.sealed_sequence, report.seal_hash) == (0, 0, "")


async def test_rows_that_are_not_sealed_yet_are_looked_at_and_no_fault(scene: SealScene) -> None:
    log = await sealed_log(scene)
    with scene.writer() as late:
        add_row(late)
        newer = scene.write(2)
        late.commit()
    report = scene.verify()
    assert report.valid
    assert report.checked_count == len(log.sequences) + 3
    assert report.sealed_sequence == log.sequences[-1] < newer[0]


async def test_a_backlog_that_is_sealed_in_part_is_valid_and_guarded(scene: SealScene) -> None:
    written = scene.write(7)
    sealer, _ = scene.sealer(most_rows=3)
    await sealer.seal_next()
    assert scene.verify(checkpoints=False).valid
    with scene.admin() as admin:
        admin.execute(
            "UPDATE audit_seals SET sequences = sequences[1:2],"
            " leaf_hashes = substring(leaf_hashes FROM 1 FOR 64)"
        )
    assert scene.verify(checkpoints=False).first_invalid_sequence == written[0]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
async def test_what_a_superuser_does_is_found(scene: SealScene, attack: Attack) -> None:
    log = await sealed_log(scene)
    assert scene.verify(checkpoints=False).valid
    with scene.admin() as admin:
        expected = attack(admin, log)
    report = scene.verify(checkpoints=False)
    assert not report.valid
    assert report.first_invalid_sequence == expected, report.reason
    assert report.reason


@pytest.mark.parametrize("with_checkpoints", [True, False])
async def test_a_log_that_was_rewritten_without_the_key_is_found(
    scene: SealScene, tmp_path: Path, *, with_checkpoints: bool
) -> None:
    log = await sealed_log(scene)
    with scene.admin() as admin:
        admin.execute("UPDATE audit_events SET actor_id = 'nobody'")
        for sequence in log.sequences:
            update_hash(admin, sequence)
        admin.execute("DELETE FROM audit_seals")
    forger, _ = scene.sealer(signer=LocalSigner(), file=tmp_path / "forged")
    await forger.seal_next()
    report = scene.verify(checkpoints=with_checkpoints)
    assert not report.valid
    assert report.first_invalid_sequence == log.sequences[0]


async def test_a_signature_of_another_seal_is_worth_nothing(scene: SealScene) -> None:
    log = await sealed_log(scene)
    with scene.admin() as admin:
        admin.execute(
            "UPDATE audit_seals SET signature ="
            " (SELECT signature FROM audit_seals WHERE number = 1) WHERE number = 3"
        )
    report = scene.verify(checkpoints=False)
    assert report.first_invalid_sequence == log.last_seal_first
    assert report.reason == "seal 3: it is not signed by a key of this log"


async def test_a_seal_that_was_deleted_with_its_rows_is_seen_from_outside(scene: SealScene) -> None:
    log = await sealed_log(scene)
    with scene.admin() as admin:
        expected = delete_the_last_seal_and_its_rows(admin, log)
    assert scene.verify(checkpoints=False).valid
    report = scene.verify()
    assert report.first_invalid_sequence == expected
    assert report.reason == "seal 3 is missing; its checkpoint outside is there"


async def test_a_seal_that_was_made_in_place_of_a_deleted_one_is_seen_from_outside(
    scene: SealScene,
) -> None:
    log = await sealed_log(scene)
    with scene.admin() as admin:
        expected = delete_the_last_seal_and_its_rows(admin, log)
    scene.write(2)
    sealer, metrics = scene.sealer()
    await sealer.seal_next()
    await sealer._carrier.carry()
    assert metrics.failures["checkpoints_contradict"] == 1
    report = scene.verify()
    assert report.first_invalid_sequence == expected
    assert report.reason == "seal 3 is another one than its checkpoint outside tells"


async def test_a_forged_checkpoint_is_told_as_well(scene: SealScene) -> None:
    log = await sealed_log(scene)
    text = scene.file.read_text()
    scene.file.write_text(text.replace("seal 2\n", "seal 4\n"))
    report = scene.verify()
    assert report.first_invalid_sequence == log.sequences[0]
    assert report.reason == "a checkpoint outside is not signed by a key of this log: 4"


async def test_only_one_verifies_at_a_time(scene: SealScene) -> None:
    await sealed_log(scene)
    with psycopg.connect(scene.database.service_dsn) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
        with pytest.raises(ServerBusy):
            scene.verify()
    assert scene.verify().valid


async def test_what_happens_meanwhile_disturbs_nobody(scene: SealScene) -> None:
    await sealed_log(scene)
    sealer, _ = scene.sealer(most_rows=5)
    async with scene.running(sealer):
        writing = asyncio.create_task(asyncio.to_thread(scene.write, 200))
        while not writing.done():
            assert (await asyncio.to_thread(scene.verify)).valid
        await writing
