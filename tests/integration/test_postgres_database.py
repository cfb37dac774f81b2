"""The database adapter on a real server: commits, errors, logins."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import psycopg
import pytest

from core.domain.audit import AuditEntry
from core.domain.errors import DependencyUnavailable
from core.postgres.database import PostgresDatabase
from core.postgres.errors import StatementFailed
from tests.contract.records import Records
from tests.postgres_client import empty, encode_event, login_of, open_database, options_of
from tests.servers import Database

pytestmark = pytest.mark.asyncio


@pytest.fixture(autouse=True)
def _without_rows(module_database: Database) -> None:
    empty(module_database.admin_dsn)


DEADLINE_SECONDS = 20.0


async def test_the_audit_rows_of_a_commit_are_told_once_it_has_happened(
    module_database: Database,
) -> None:
    records, told = Records(), list[Sequence[AuditEntry]]()
    entries = [records.audit_entry() for _ in range(2)]
    async with open_database(module_database.service_dsn, on_commit=told.append) as database:
        async with database.transaction() as unit:
            for entry in entries:
                await unit.audit.append(entry)
            assert told == []
            await unit.commit()
        assert told == [tuple(entries)]
        async with database.transaction() as unit:
            await unit.audit.append(records.audit_entry())
    assert told == [tuple(entries)]


async def test_an_unforeseen_failure_does_not_quote_the_row(module_database: Database) -> None:
    records = Records()
    new = replace(records.new_user("private.person@example.com"), hashed_password="")
    async with (
        open_database(module_database.service_dsn) as database,
        database.transaction() as unit,
    ):
        with pytest.raises(StatementFailed) as failed:
            await unit.users.create(new)
    assert failed.value.constraint == "users_hashed_password_not_empty"
    assert failed.value.statement == "create_user"
    assert "private.person" not in str(failed.value)
    assert failed.value.__suppress_context__


async def test_a_wrong_password_stops_the_start_and_says_why(module_database: Database) -> None:
    dsn = module_database.service_dsn
    wrong = psycopg.conninfo.make_conninfo(dsn, password="wrong")
    database = PostgresDatabase(options_of(dsn), login_of(wrong), encode_event=encode_event)
    with pytest.raises(DependencyUnavailable) as refused:
        await database.open()
    assert 'password authentication failed for user "pandora_service"' in str(
        refused.value.__cause__
    )


async def test_a_rotated_password_is_followed_by_the_next_connections(
    module_database: Database,
) -> None:
    dsn = module_database.service_dsn
    logins = [login_of(dsn)]

    async def source() -> object:
        return await logins[-1]()

    database = PostgresDatabase(
        options_of(dsn),
        source,  # type: ignore[arg-type]
        encode_event=encode_event,
    )
    await database.open()
    try:
        logins.append(login_of(module_database.owner_dsn))
        await database.renew_connections()
        async with asyncio.timeout(DEADLINE_SECONDS):
            while await sessions_of(module_database, "pandora_owner") == 0:
                async with database.reading() as stored:
                    await stored.users.get_by_email("nobody@example.com")
    finally:
        await database.close()


async def sessions_of(database: Database, role: str) -> int:
    async with await psycopg.AsyncConnection.connect(database.admin_dsn) as connection:
        cursor = await connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND usename = %s",
            [database.name, role],
        )
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])
