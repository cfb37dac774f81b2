"""Accounts that are asked for by id share a query, and nobody sees less by it."""

import asyncio
from dataclasses import replace

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from core.domain.user import User
from core.postgres.database import PostgresDatabase
from tests.contract.records import Records
from tests.postgres_client import empty, open_database, store_user
from tests.servers import Database

pytestmark = pytest.mark.asyncio


@pytest.fixture(autouse=True)
def _without_rows(module_database: Database) -> None:
    empty(module_database.admin_dsn)


async def read(database: PostgresDatabase, user: User) -> User | None:
    async with database.reading() as stored:
        return await stored.users.get_by_id(user.id)


async def test_each_of_fifty_gets_its_own_account_and_few_queries_are_sent(
    module_database: Database,
) -> None:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    async with open_database(
        module_database.service_dsn, tracer=provider.get_tracer("test")
    ) as database:
        records = Records()
        users = [await store_user(database, records.new_user()) for _ in range(50)]
        spans.clear()
        with provider.get_tracer("test").start_as_current_span("together"):
            found = await asyncio.gather(*(read(database, user) for user in users))
        assert found == users
        names = [span.name for span in spans.get_finished_spans()]
        assert names == ["get_users_by_ids", "together"]


async def test_one_who_is_not_there_takes_nobody_else_along(module_database: Database) -> None:
    async with open_database(module_database.service_dsn) as database:
        records = Records()
        user = await store_user(database, records.new_user())
        nobody = replace(user, id=records.ids.new_id())
        found = await asyncio.gather(*(read(database, each) for each in (user, nobody, user)))
        assert found == [user, None, user]


async def test_what_was_committed_before_the_question_is_in_the_answer(
    module_database: Database,
) -> None:
    async with open_database(module_database.service_dsn) as database:
        records = Records()
        user = await store_user(database, records.new_user())
        busy = [asyncio.create_task(read(database, user)) for _ in range(20)]
        for number in range(20):
            async with database.transaction() as unit:
                changed = await unit.users.update_profile(
                    user.id, full_name=f"Name {number}", at=user.created_at
                )
                await unit.commit()
            busy += [asyncio.create_task(read(database, user)) for _ in range(5)]
            assert await read(database, user) == changed
        assert None not in await asyncio.gather(*busy)


async def test_a_deleted_account_is_returned_as_deleted(module_database: Database) -> None:
    async with open_database(module_database.service_dsn) as database:
        user = await store_user(database, Records().new_user())
        async with database.transaction() as unit:
            deleted = await unit.users.soft_delete(user.id, at=user.created_at)
            await unit.commit()
        assert deleted.deleted_at is not None
        assert await read(database, user) == deleted


async def test_a_unit_of_work_sees_its_own_change_and_others_do_not(
    module_database: Database,
) -> None:
    async with open_database(module_database.service_dsn) as database:
        user = await store_user(database, Records().new_user())
        async with database.transaction() as unit:
            changed = await unit.users.update_profile(
                user.id, full_name="Only Here", at=user.created_at
            )
            assert await unit.users.get_by_id(user.id) == changed
            assert await read(database, user) == user
        assert await read(database, user) == user
