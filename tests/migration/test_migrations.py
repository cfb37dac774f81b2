"""The migrations go up and down without a trace, and only one process runs them at a time."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from alembic.config import main as command_line
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy.exc import OperationalError

from core.postgres import migration, migration_locks
from core.postgres.schema import REQUIRED_REVISION, TablesInUse
from tests.migration.schema_dump import dump
from tests.servers import Database

SCRIPTS = Path(__file__).parents[2] / "migrations"


def revisions() -> list[str]:
    """Return every revision, the oldest first."""
    scripts = ScriptDirectory(str(SCRIPTS)).walk_revisions()
    return [script.revision for script in scripts][::-1]


def test_the_service_asks_for_the_newest_revision() -> None:
    assert revisions()[-1] == REQUIRED_REVISION


def test_up_down_and_up_again_leaves_no_difference(unmigrated: Database) -> None:
    dsn = unmigrated.owner_dsn
    empty = dump(dsn)
    migration.upgrade(dsn)
    migrated = dump(dsn)
    migration.downgrade(dsn, "base")
    # Alembic keeps its own table.
    assert dump(dsn, without="alembic_version") == empty
    migration.upgrade(dsn)
    assert dump(dsn) == migrated
    assert migrated != empty


def test_every_single_step_goes_up_and_down_without_a_difference(unmigrated: Database) -> None:
    dsn = unmigrated.owner_dsn
    on_the_way_up: list[str] = []
    for revision in revisions():
        migration.upgrade(dsn, revision)
        assert migration.current(dsn) == revision
        on_the_way_up.append(dump(dsn))
    for before in on_the_way_up[-2::-1]:
        migration.downgrade(dsn, "-1")
        assert dump(dsn) == before


def test_migrating_again_changes_nothing(unmigrated: Database) -> None:
    migration.upgrade(unmigrated.owner_dsn)
    migrated = dump(unmigrated.owner_dsn)
    migration.upgrade(unmigrated.owner_dsn)
    assert dump(unmigrated.owner_dsn) == migrated


def test_several_processes_may_migrate_at_once(unmigrated: Database) -> None:
    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(migration.upgrade, unmigrated.owner_dsn) for _ in range(4)]:
            done.result()
    assert migration.current(unmigrated.owner_dsn) == migration.head()


def test_a_schema_is_behind_until_it_is_migrated(unmigrated: Database) -> None:
    assert migration.current(unmigrated.service_dsn) is None
    assert migration.is_behind(unmigrated.service_dsn)
    migration.upgrade(unmigrated.owner_dsn, revisions()[0])
    assert migration.is_behind(unmigrated.service_dsn)
    migration.upgrade(unmigrated.owner_dsn)
    assert migration.current(unmigrated.service_dsn) == migration.head() == revisions()[-1]
    assert not migration.is_behind(unmigrated.service_dsn)


def test_a_schema_of_a_newer_version_is_not_behind(database: Database) -> None:
    with psycopg.connect(database.owner_dsn) as owner:
        owner.execute("UPDATE alembic_version SET version_num = 'of the future'")
    assert not migration.is_behind(database.service_dsn)


def test_migrating_does_not_depend_on_the_working_directory(
    unmigrated: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    migration.upgrade(unmigrated.owner_dsn)
    assert migration.current(unmigrated.owner_dsn) == migration.head()


def tables_that_are_read(service: psycopg.Connection) -> list[str]:
    """Return every table that the service may read."""
    found = service.execute(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'p') AND has_table_privilege(oid, 'SELECT')"
    )
    return [name for (name,) in found]


def test_a_table_in_use_ends_the_migration_soon_and_leaves_the_step_undone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration_locks, "PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(migration_locks, "LOCK_TIMEOUT_SECONDS", 0.2)
    # The step from there down drops tables; the newest one's locks let readers read.
    migration.downgrade(database.owner_dsn, "0018")
    with psycopg.connect(database.service_dsn) as reader:
        for table in tables_that_are_read(reader):
            reader.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
        with pytest.raises(TablesInUse, match="5 tries; the schema is at revision 0018, "):
            migration.downgrade(database.owner_dsn, "-1")
    assert migration.current(database.owner_dsn) == "0018"
    migration.downgrade(database.owner_dsn, "-1")


def test_a_table_that_becomes_free_between_two_tries_is_migrated(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration_locks, "LOCK_TIMEOUT_SECONDS", 0.2)
    pauses: list[float] = []
    migration.downgrade(database.owner_dsn, "0018")
    with psycopg.connect(database.service_dsn) as reader:
        for table in tables_that_are_read(reader):
            reader.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            reader.rollback()

        monkeypatch.setattr("core.postgres.migration_locks.time.sleep", pause)
        migration.downgrade(database.owner_dsn, "-1")
    assert pauses == [migration_locks.PAUSE_SECONDS]
    assert migration.current(database.owner_dsn) == "0017"


def test_a_migration_waits_for_its_turn_for_a_bounded_time(
    unmigrated: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration, "TURN_TIMEOUT_SECONDS", 1)
    with psycopg.connect(unmigrated.owner_dsn) as other:
        other.execute(migration.TAKE_TURN.text.encode(), {"key": migration._TURN_KEY})
        with pytest.raises(OperationalError, match="lock timeout"):
            migration.upgrade(unmigrated.owner_dsn)
    migration.upgrade(unmigrated.owner_dsn)


def test_every_constraint_and_index_has_the_name_that_its_migration_gives(
    module_database: Database,
) -> None:
    source = "".join(path.read_text() for path in (SCRIPTS / "versions").glob("*.py"))
    named = set(re.findall(r"(?:CONSTRAINT|INDEX|TRIGGER) (\w+)", source))
    with psycopg.connect(module_database.owner_dsn) as owner:
        found = {
            name
            for (name,) in owner.execute(
                # Partitions take theirs from the parent. NOT NULL is a property of a column.
                """
                SELECT conname::text FROM pg_constraint AS c JOIN pg_class AS t ON t.oid = conrelid
                WHERE t.relnamespace = 'public'::regnamespace AND NOT t.relispartition
                  AND contype <> 'n'
                UNION
                SELECT i.relname::text FROM pg_index JOIN pg_class AS i ON i.oid = indexrelid
                JOIN pg_class AS t ON t.oid = indrelid
                WHERE t.relnamespace = 'public'::regnamespace AND NOT t.relispartition
                UNION
                SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal
                """
            )
        }
    assert found - named == {"alembic_version_pkc"}


def test_times_have_time_zones_and_texts_have_no_length(module_database: Database) -> None:
    with psycopg.connect(module_database.owner_dsn) as owner:
        types = {
            name
            for (name,) in owner.execute(
                "SELECT DISTINCT data_type FROM information_schema.columns"
                " WHERE table_schema = 'public' AND table_name <> 'alembic_version'"
            )
        }
    assert types == {
        "uuid",
        "text",
        "boolean",
        "smallint",
        "integer",
        "bigint",
        "int8multirange",
        "bytea",
        "jsonb",
        "ARRAY",
        "xid8",
        "pg_snapshot",
        "timestamp with time zone",
    }


def test_the_sql_written_for_a_reader_makes_the_same_schema(
    unmigrated: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    command_line(["--config", str(SCRIPTS / "alembic.ini"), "upgrade", "head", "--sql"])
    written = capsys.readouterr().out
    with psycopg.connect(unmigrated.owner_dsn, autocommit=True) as owner:
        owner.execute(written.encode())
    by_hand = dump(unmigrated.owner_dsn)
    migration.downgrade(unmigrated.owner_dsn, "base")
    migration.upgrade(unmigrated.owner_dsn)
    assert dump(unmigrated.owner_dsn) == by_hand
