"""Months of the audit log go when their time is over, with a signed record, and never before."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from core.audit.checkpoint_file import stored_checkpoints
from core.crypto.ed25519 import is_signed
from core.domain.audit_retirement import Census
from core.domain.audit_row_text import leaf_of
from core.domain.errors import DependencyUnavailable
from core.domain.signed_note import KeyRing
from tests.integration.keeping_scene import OLD, OPERATOR, KeepingScene, add_row_at, open_scene
from tests.servers import Database

pytestmark = pytest.mark.asyncio

DEADLINE_SECONDS = 30
IN_OLD = datetime(2015, 6, 15, tzinfo=UTC)


@pytest.fixture
async def scene(database: Database, tmp_path: Path) -> AsyncIterator[KeepingScene]:
    async with open_scene(database, tmp_path) as scene:
        yield scene


async def test_a_month_whose_time_is_over_goes_with_a_signed_record(scene: KeepingScene) -> None:
    name, numbers = await scene.sealed_month(rows=5)
    kept = scene.write(datetime.now(UTC))
    hashes = dict(scene.read("SELECT sequence, hash FROM audit_events"))
    report = await scene.retire()
    assert (report.retired, report.rows, report.kept) == ((name,), 5, {})
    assert name not in scene.tables()
    assert scene.read("SELECT sequence FROM audit_events WHERE action <> 'audit.retire'") == [
        (sequence,) for sequence in kept
    ]
    (record,) = await scene.records()
    retirement = record.retirement
    assert (retirement.partition, retirement.row_count) == (name, 5)
    assert retirement.sequences == ((numbers[0], numbers[-1]),)
    assert retirement.from_time == datetime(2015, 6, 1, tzinfo=UTC)
    assert retirement.to_time == datetime(2015, 7, 1, tzinfo=UTC)
    census = Census()
    for sequence in numbers:
        census.take(sequence, leaf_of(sequence, hashes[sequence]))
    assert retirement.digest == census.digest()
    assert record.is_signed(KeyRing.of([scene.key]), is_signed)
    assert scene.read(
        "SELECT actor_type, resource_id, details ->> 'row_count' FROM audit_events"
        " WHERE action = 'audit.retire'"
    ) == [("system", name, "5")]


async def test_the_record_stands_beside_the_checkpoints_outside(scene: KeepingScene) -> None:
    name, _ = await scene.sealed_month()
    await scene.retire()
    (record,) = await scene.records()
    assert record.note() in scene.file.read_text()
    assert f"retirement {name}\n" in record.note()
    scene.write(datetime.now(UTC))
    await scene.seals.seal_all()
    numbers = [checkpoint.number for checkpoint in stored_checkpoints(scene.file)]
    assert numbers == list(range(1, len(numbers) + 1)), "checkpoints go on as if nothing were there"


async def test_a_log_without_its_retired_months_verifies(scene: KeepingScene) -> None:
    await scene.sealed_month(rows=3)
    await scene.sealed_month(date(2015, 7, 1), rows=2)
    scene.write(datetime.now(UTC))
    await scene.seals.seal_all()
    assert (await scene.retire()).rows == 5
    await scene.seals.seal_all()
    report = await asyncio.to_thread(scene.seals.verify)
    assert (report.valid, report.checked_count) == (True, 3), report


async def test_a_record_that_is_not_signed_excuses_nothing(scene: KeepingScene) -> None:
    name, numbers = await scene.sealed_month()
    await scene.retire()
    await scene.seals.seal_all()
    for change in (
        "signature = overlay(signature PLACING '\\x00' FROM 40)",
        "origin = 'another'",
        "row_count = 2",
        "sequences = sequences + '{[1000,1001)}'",
        "to_time = to_time + interval '1 month'",
    ):
        with scene.seals.admin() as admin:
            admin.execute("CREATE TEMPORARY TABLE kept AS SELECT * FROM audit_retirements")
            admin.execute(f"UPDATE audit_retirements SET {change}".encode())  # noqa: S608 - see above
            report = await asyncio.to_thread(scene.seals.verify)
            admin.execute("DELETE FROM audit_retirements")
            admin.execute("INSERT INTO audit_retirements SELECT * FROM kept")
        assert (report.valid, report.first_invalid_sequence) == (False, numbers[0]), change
    with scene.seals.admin() as admin:
        admin.execute("DELETE FROM audit_retirements WHERE partition = %s", [name])
    report = await asyncio.to_thread(scene.seals.verify)
    assert (report.valid, report.first_invalid_sequence) == (False, numbers[0])


async def test_gaps_in_the_numbers_are_told(scene: KeepingScene) -> None:
    scene.add_month(OLD)
    first = scene.write(IN_OLD, IN_OLD)
    with scene.seals.writer() as undone:
        add_row_at(undone, IN_OLD)
        undone.rollback()
    second = scene.write(IN_OLD)
    scene.write(datetime.now(UTC))
    third = scene.write(IN_OLD, IN_OLD)
    await scene.seals.seal_all()
    await scene.retire()
    (record,) = await scene.records()
    assert record.retirement.sequences == (
        (first[0], first[1]),
        (second[0], second[0]),
        (third[0], third[1]),
    )


async def test_an_empty_month_goes_too(scene: KeepingScene) -> None:
    name = scene.add_month(OLD)
    report = await scene.retire()
    assert (report.retired, report.rows) == ((name,), 0)
    (record,) = await scene.records()
    assert record.retirement.sequences == ()
    assert "sequences none\n" in record.note()


@pytest.mark.parametrize(("months_ago", "goes"), [(85, True), (84, False), (61, False)])
async def test_a_month_is_kept_for_as_long_as_was_decided(
    scene: KeepingScene, *, months_ago: int, goes: bool
) -> None:
    today = datetime.now(UTC)
    index = today.year * 12 + today.month - 1 - months_ago
    name, _ = await scene.sealed_month(date(index // 12, index % 12 + 1, 1))
    report = await scene.retire(keep_months=84)
    assert report.retired == ((name,) if goes else ())
    assert report.kept == {}


async def test_what_is_not_sealed_is_kept(scene: KeepingScene) -> None:
    name, _ = await scene.sealed_month()
    late = scene.write(IN_OLD)
    report = await scene.retire()
    assert report.kept == {name: "not_sealed"}
    assert await scene.records() == []
    await scene.seals.seal_all()
    report = await scene.retire()
    assert report.retired == (name,)
    (record,) = await scene.records()
    assert record.retirement.sequences[-1][1] == late[0]


async def test_what_was_altered_is_kept_as_evidence(scene: KeepingScene) -> None:
    name, numbers = await scene.sealed_month()
    with scene.seals.admin() as admin:
        admin.execute("UPDATE audit_events SET trace_id = 'x' WHERE sequence = %s", [numbers[1]])
    assert (await scene.retire()).kept == {name: "altered"}
    # With a hash that fits: the row is as it should be, but not as it was sealed.
    with scene.seals.admin() as admin:
        admin.execute("DELETE FROM audit_events WHERE sequence = %s", [numbers[1]])
        admin.execute(
            "INSERT INTO audit_events OVERRIDING SYSTEM VALUE SELECT %s, gen_random_uuid(),"
            " occurred_at, actor_type, actor_id, action, resource_type, resource_id, user_id,"
            " outcome, reason, ip_address, user_agent, request_id, trace_id, details, hash,"
            " version, origin_owner, transaction_id FROM audit_events WHERE sequence = %s",
            [numbers[1], numbers[0]],
        )
    assert (await scene.retire()).kept == {name: "altered"}
    with scene.seals.admin() as admin:
        admin.execute("DELETE FROM audit_events WHERE sequence = %s", [numbers[1]])
        admin.execute(
            "INSERT INTO audit_events OVERRIDING SYSTEM VALUE SELECT %s, id,"
            " occurred_at, actor_type, actor_id, action, resource_type, resource_id, user_id,"
            " outcome, reason, ip_address, user_agent, request_id, trace_id, details, hash,"
            " version, origin_owner, transaction_id FROM audit_events WHERE sequence = %s",
            [numbers[1], numbers[0]],
        )
    assert (await scene.retire()).kept == {name: "not_sealed"}
    assert name in scene.tables()


@pytest.mark.parametrize("covered_by", ["user", "actor", "span"])
async def test_what_is_under_a_legal_hold_is_kept_until_it_is_released(
    scene: KeepingScene, covered_by: str
) -> None:
    user = uuid.uuid4()
    if covered_by == "actor":
        name, _ = await scene.sealed_month(actor_id=user)
    else:
        name, _ = await scene.sealed_month(user_id=user)
    other, _ = await scene.sealed_month(date(2015, 7, 1))
    if covered_by == "span":
        hold = await scene.hold(span=(IN_OLD, IN_OLD + timedelta(seconds=1)))
    else:
        hold = await scene.hold(user_id=user)
    report = await scene.retire()
    assert (report.retired, report.kept) == ((other,), {name: "held"})
    await scene.holds().release(hold.id, caller=OPERATOR)
    assert (await scene.retire()).retired == (name,)


async def test_a_hold_waits_for_a_drop_under_way_and_a_drop_for_a_hold(
    scene: KeepingScene,
) -> None:
    name, _ = await scene.sealed_month()
    month = (IN_OLD, IN_OLD + timedelta(seconds=1))
    async with asyncio.timeout(DEADLINE_SECONDS):
        with psycopg.connect(scene.database.service_dsn) as placing:
            placing.execute(
                "INSERT INTO audit_legal_holds (id, reason, from_time, to_time, placed_at)"
                " VALUES (gen_random_uuid(), 'x', %s, %s, now())",
                month,
            )
            retiring = asyncio.create_task(scene.retire())
            await asyncio.to_thread(_until_somebody_waits, scene)
            placing.commit()
        report = await retiring
    assert report.kept == {name: "held"}


async def test_without_the_key_or_the_place_outside_nothing_goes(scene: KeepingScene) -> None:
    name, _ = await scene.sealed_month()
    scene.seals.signer.failure = DependencyUnavailable("vault")
    with pytest.raises(DependencyUnavailable):
        await scene.retire()
    scene.seals.signer.failure = None
    text = scene.file.read_text()
    scene.file.unlink()
    scene.file.mkdir()
    with pytest.raises(DependencyUnavailable):
        await scene.retire()
    assert name in scene.tables()
    assert await scene.records() == []
    scene.file.rmdir()
    scene.file.write_text(text)
    assert (await scene.retire()).retired == (name,)


async def test_readers_and_writers_of_the_log_are_not_kept_waiting_for_long(
    scene: KeepingScene,
) -> None:
    name, _ = await scene.sealed_month()
    with psycopg.connect(scene.database.service_dsn) as reader:
        reader.execute("SELECT count(*) FROM audit_events")
        retiring = asyncio.create_task(scene.retire())
        await asyncio.to_thread(_until_somebody_waits, scene)
        with psycopg.connect(
            scene.database.service_dsn, autocommit=True, options="-c lock_timeout=3s"
        ) as writer:
            add_row_at(writer, datetime.now(UTC))
        reader.rollback()
    assert (await retiring).retired == (name,)


async def test_a_run_that_died_after_telling_outside_is_repeated(scene: KeepingScene) -> None:
    name, _ = await scene.sealed_month()
    with psycopg.connect(scene.database.service_dsn) as reader:
        reader.execute("SELECT count(*) FROM audit_events")
        retiring = asyncio.create_task(scene.retire())
        await asyncio.to_thread(_until_somebody_waits, scene)
        retiring.cancel()
        with pytest.raises(asyncio.CancelledError):
            await retiring
    assert name in scene.tables()
    assert (await scene.retire()).retired == (name,)
    assert len(await scene.records()) == 1
    assert scene.read("SELECT count(*) FROM audit_events WHERE action = 'audit.retire'") == [(1,)]


RECORD_CHANGES = (
    "UPDATE audit_retirements SET row_count = 0",
    "DELETE FROM audit_retirements",
    "TRUNCATE audit_retirements",
    "UPDATE audit_legal_holds SET reason = 'other'",
    "UPDATE audit_legal_holds SET released_at = NULL",
    "DELETE FROM audit_legal_holds",
    "TRUNCATE audit_legal_holds",
)


async def test_records_are_kept_from_their_owner(scene: KeepingScene) -> None:
    await scene.sealed_month()
    await scene.retire()
    hold = await scene.hold(user_id=uuid.uuid4())
    await scene.holds().release(hold.id, caller=OPERATOR)
    with psycopg.connect(scene.database.owner_dsn, autocommit=True) as owner:
        for statement in RECORD_CHANGES:
            with pytest.raises(errors.RestrictViolation):
                owner.execute(statement.encode())


def _until_somebody_waits(scene: KeepingScene) -> None:
    with psycopg.connect(scene.database.admin_dsn, autocommit=True) as admin:
        for _ in range(3000):
            found = admin.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND wait_event_type = 'Lock'"
            ).fetchone()
            if found != (0,):
                return
            admin.execute("SELECT pg_sleep(0.01)")
    raise AssertionError("nobody waits")
