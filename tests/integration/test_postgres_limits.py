"""Time limits and limits of the pool, on a real server."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from time import monotonic
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from core.domain.errors import Conflict, DependencyUnavailable, ServerBusy
from core.domain.user import User
from tests.contract.records import Records
from tests.postgres_client import empty, open_database, options_of, store_user, until
from tests.servers import Database

pytestmark = pytest.mark.asyncio

DEADLINE_SECONDS = 20.0


@pytest.fixture
def dsn(module_database: Database) -> str:
    empty(module_database.admin_dsn)
    return module_database.service_dsn


async def sessions_like(database: Database, condition: LiteralString) -> int:
    """Count the service's sessions in a database of which a condition is true."""
    query = sql.SQL(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = {} AND usename = 'pandora_service' AND {}"
    ).format(database.name, sql.SQL(condition))
    async with await psycopg.AsyncConnection.connect(database.admin_dsn) as connection:
        row = await (await connection.execute(query)).fetchone()
    assert row is not None
    return int(row[0])


async def nobody_is_in_a_transaction(database: Database) -> bool:
    return await sessions_like(database, "state LIKE 'idle in%'") == 0


async def somebody_waits_for_a_lock(database: Database) -> bool:
    return await sessions_like(database, "wait_event_type = 'Lock'") > 0


async def test_a_deadlock_ends_with_a_conflict_for_one_of_the_two(dsn: str) -> None:
    records = Records()
    async with open_database(dsn) as database:
        first = await store_user(database, records.new_user())
        second = await store_user(database, records.new_user())
        both_hold_one = asyncio.Barrier(2)

        async def lock(one: User, other: User) -> None:
            async with database.transaction() as unit:
                await unit.users.lock(one.id)
                await both_hold_one.wait()
                await unit.users.lock(other.id)
                await unit.commit()

        async with asyncio.timeout(DEADLINE_SECONDS):
            ends = await asyncio.gather(
                lock(first, second), lock(second, first), return_exceptions=True
            )
    assert sorted(type(end).__name__ for end in ends) == ["Conflict", "NoneType"]


async def test_a_lock_that_does_not_come_in_time_is_a_conflict(dsn: str) -> None:
    records = Records()
    options = replace(options_of(dsn), lock_timeout_seconds=0.1)
    async with open_database(dsn, options=options) as database:
        user = await store_user(database, records.new_user())
        async with database.transaction() as holder, database.transaction() as waiter:
            await holder.users.lock(user.id)
            with pytest.raises(Conflict):
                await waiter.users.lock(user.id)


async def test_a_statement_that_takes_too_long_is_ended(dsn: str) -> None:
    records = Records()
    options = replace(options_of(dsn), statement_timeout_seconds=0.2)
    async with open_database(dsn, options=options) as database:
        user = await store_user(database, records.new_user())
        async with database.transaction() as holder, database.transaction() as waiter:
            await holder.users.lock(user.id)
            with pytest.raises(DependencyUnavailable) as unavailable:
                await waiter.users.lock(user.id)
        assert unavailable.value.detail == psycopg.errors.QueryCanceled.sqlstate
        async with database.reading() as stored:
            assert await stored.users.get_by_id(user.id) == user


async def test_a_unit_of_work_that_idles_too_long_is_ended_by_the_server(
    dsn: str, module_database: Database
) -> None:
    records = Records()
    options = replace(options_of(dsn), idle_in_transaction_timeout_seconds=0.1)
    async with open_database(dsn, options=options) as database:
        new = records.new_user("idle@example.com")
        async with database.transaction() as unit:
            await unit.users.create(new)
            await until(lambda: nobody_is_in_a_transaction(module_database))
            with pytest.raises(DependencyUnavailable):
                await unit.commit()
        async with database.reading() as stored:
            assert await stored.users.get_by_id(new.id) is None


async def test_a_pool_that_is_used_up_makes_callers_wait_for_a_bounded_time(dsn: str) -> None:
    options = replace(
        options_of(dsn), pool_min_size=1, pool_max_size=2, acquire_timeout_seconds=0.3
    )
    async with open_database(dsn, options=options) as database, AsyncExitStack() as held:
        for _ in range(2):
            await held.enter_async_context(database.transaction())
        began = monotonic()
        with pytest.raises(DependencyUnavailable):
            await held.enter_async_context(database.transaction())
        assert 0.25 < monotonic() - began < 2
        await database.ping(2.0)
        await held.aclose()
        async with database.reading() as stored:
            assert await stored.users.get_by_email("nobody@example.com") is None


async def test_too_many_who_wait_are_refused_at_once(dsn: str) -> None:
    options = replace(options_of(dsn), pool_min_size=1, pool_max_size=1, max_waiting=3)
    async with open_database(dsn, options=options) as database:

        async def work() -> None:
            async with database.transaction() as unit:
                await unit.users.get_by_email("nobody@example.com")

        async def three_wait() -> bool:
            return database.pool_measures()["requests_waiting"] == 3

        async with database.transaction():
            waiting = [asyncio.create_task(work()) for _ in range(3)]
            await until(three_wait)
            with pytest.raises(ServerBusy):
                await work()
        await asyncio.gather(*waiting)


async def test_a_caller_who_gives_up_does_not_cost_a_connection(
    dsn: str, module_database: Database
) -> None:
    records = Records()
    options = replace(options_of(dsn), pool_min_size=1, pool_max_size=2)
    async with open_database(dsn, options=options) as database:
        user = await store_user(database, records.new_user())

        async def wait_for_the_lock() -> None:
            async with database.transaction() as unit:
                await unit.users.lock(user.id)

        for _ in range(3):
            async with database.transaction() as holder:
                await holder.users.lock(user.id)
                task = asyncio.create_task(wait_for_the_lock())
                await until(lambda: somebody_waits_for_a_lock(module_database))
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
        assert database.pool_measures()["pool_size"] <= 2
        async with asyncio.timeout(DEADLINE_SECONDS):
            await asyncio.gather(*(wait_for_the_lock() for _ in range(10)))
