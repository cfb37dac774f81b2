"""Sealing on a real database: what is gathered, in which order, and who is kept waiting."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from core.audit.checkpoint_file import stored_checkpoints
from core.domain.errors import DependencyUnavailable
from core.domain.ports.audit_seals import SnapshotsForeign
from tests.integration.seal_scene import SealScene, add_row, until
from tests.postgres_client import empty
from tests.servers import Database


@pytest.fixture
async def scene(module_database: Database, tmp_path: Path) -> AsyncIterator[SealScene]:
    empty(module_database.admin_dsn)
    async with SealScene(module_database, tmp_path) as scene:
        yield scene


async def test_what_was_committed_is_sealed_once_and_in_the_order_of_its_numbers(
    scene: SealScene,
) -> None:
    first = scene.write(3)
    await scene.seal_all()
    await scene.seal_all()
    second = scene.write(2)
    await scene.seal_all()
    assert [list(seal.sequences) for seal in scene.stored()] == [first, second]
    assert [seal.size for seal in scene.stored()] == [3, 5]
    assert [c.number for c in stored_checkpoints(scene.file)] == [1, 2]


async def test_nothing_is_sealed_where_nothing_happened(scene: SealScene) -> None:
    await scene.seal_all()
    assert scene.stored() == []
    assert not scene.file.exists()


async def test_a_transaction_that_commits_late_is_sealed_late_and_one_that_rolls_back_never(
    scene: SealScene,
) -> None:
    with scene.writer() as late, scene.writer() as undone:
        late_sequence = add_row(late)
        add_row(undone)
        meanwhile = scene.write(2)
        await scene.seal_all()
        undone.rollback()
        late.commit()
    after = scene.write()
    await scene.seal_all()
    assert [list(seal.sequences) for seal in scene.stored()] == [
        meanwhile,
        [late_sequence, *after],
    ]


async def test_a_row_of_a_subtransaction_is_sealed_with_its_transaction(scene: SealScene) -> None:
    with scene.writer() as writer:
        writer.execute("SELECT 1")
        with writer.transaction(), writer.transaction():
            sequence = add_row(writer)
        await scene.seal_all()
        assert scene.stored() == []
        writer.commit()
    await scene.seal_all()
    assert scene.sealed_sequences() == [sequence]


async def test_a_backlog_is_sealed_in_pieces_and_what_comes_meanwhile_after_it(
    scene: SealScene,
) -> None:
    backlog = scene.write(7)
    sealer, metrics = scene.sealer(most_rows=3)
    assert await sealer.seal_next()
    with scene.writer() as late:
        late_sequence = add_row(late)
        newer = scene.write(4)
        assert await sealer.seal_next()
        late.commit()
    assert not await sealer.seal_next()
    assert [list(seal.sequences) for seal in scene.stored()] == [
        backlog[:3],
        backlog[3:6],
        backlog[6:],
    ]
    assert [seal.is_complete for seal in scene.stored()] == [False, False, True]
    assert await sealer.seal_next()
    assert not await sealer.seal_next()
    assert scene.sealed_sequences() == [*backlog, late_sequence, *newer]
    assert metrics.seals == [3, 3, 1, 3, 2]


async def test_a_later_backlog_is_sealed_in_pieces_as_well(scene: SealScene) -> None:
    with scene.writer() as late:
        late_sequence = add_row(late)
        first = scene.write(2)
        await scene.seal_all()
        late.commit()
    rest = scene.write(5)
    await scene.seal_all(most_rows=2)
    assert scene.sealed_sequences() == [*first, late_sequence, *rest]


async def test_two_sealers_at_once_make_one_chain(scene: SealScene) -> None:
    one, one_metrics = scene.sealer(most_rows=5)
    other, other_metrics = scene.sealer(most_rows=5)
    written: list[int] = []
    async with scene.running(one, other):
        for _ in range(20):
            written += await asyncio.to_thread(scene.write, 10)
        await until(lambda: len(scene.sealed_sequences()) == len(written))
        await until(lambda: len(list(stored_checkpoints(scene.file))) == len(scene.stored()))
    numbers = [seal.number for seal in scene.stored()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert sorted(scene.sealed_sequences()) == written
    assert sum(one_metrics.seals) + sum(other_metrics.seals) == len(written)
    assert not one_metrics.failures | other_metrics.failures
    assert [c.number for c in stored_checkpoints(scene.file)] == numbers


async def test_a_seal_that_somebody_else_has_made_meanwhile_is_not_made_again(
    scene: SealScene,
) -> None:
    scene.write(2)
    async with scene.seals.sealing() as sealing:
        assert sealing is not None
        async with scene.seals.sealing() as refused:
            assert refused is None


async def test_while_the_key_is_away_rows_wait_and_nothing_is_half_there(scene: SealScene) -> None:
    scene.signer.failure = DependencyUnavailable("vault", detail="sealed")
    sealer, metrics = scene.sealer()
    async with scene.running(sealer):
        written = scene.write(3)
        await until(lambda: metrics.failures["vault"] >= 3)
        assert scene.stored() == []
        written += scene.write(2)
        scene.signer.failure = None
        await until(lambda: scene.sealed_sequences() == written)
    assert max(metrics.ages) > 0
    assert metrics.ages[-1] == 0


async def test_a_row_that_was_altered_before_it_was_sealed_is_told_and_stops_nothing(
    scene: SealScene,
) -> None:
    written = scene.write(3)
    with scene.admin() as admin:
        admin.execute("UPDATE audit_events SET actor_id = 'x' WHERE sequence = %s", [written[1]])
    sealer, metrics = scene.sealer()
    await sealer.seal_next()
    assert scene.sealed_sequences() == written
    assert metrics.altered_rows == 1


async def test_writers_do_not_wait_for_a_seal_that_is_being_made(scene: SealScene) -> None:
    scene.write(3)
    async with scene.seals.sealing() as sealing:
        assert sealing is not None
        assert len(await sealing.rows(limit=10)) == 3
        with scene.writer() as writer:
            writer.execute("SET lock_timeout = '1ms'")
            add_row(writer)
            writer.commit()
        with psycopg.connect(scene.database.owner_dsn) as owner:
            held = owner.execute(
                "SELECT mode FROM pg_locks WHERE relation IS NOT NULL AND pid <> pg_backend_pid()"
                " AND relation::regclass::text LIKE 'audit_%'"
            ).fetchall()
    assert {mode for (mode,) in held} <= {"AccessShareLock"}


async def test_a_database_that_was_restored_from_a_dump_is_not_sealed(scene: SealScene) -> None:
    scene.write()
    await scene.seal_all()
    with scene.admin() as admin:
        admin.execute("UPDATE audit_seals SET snapshot = '1000000000:1000000000:'")
    scene.write()
    sealer, metrics = scene.sealer()
    with pytest.raises(SnapshotsForeign):
        await sealer.seal_next()
    async with scene.running(sealer):
        await until(lambda: metrics.failures["snapshots_foreign"] >= 2)


async def test_seals_can_only_be_added(scene: SealScene) -> None:
    scene.write()
    await scene.seal_all()
    for dsn, refusal in (
        (scene.database.service_dsn, errors.InsufficientPrivilege),
        (scene.database.owner_dsn, errors.RestrictViolation),
        (scene.database.admin_dsn, errors.RestrictViolation),
    ):
        with psycopg.connect(dsn, autocommit=True) as connection:
            for statement in (
                "UPDATE audit_seals SET size = 9",
                "DELETE FROM audit_seals",
                "TRUNCATE audit_seals",
            ):
                with pytest.raises(refusal):
                    connection.execute(statement.encode())
