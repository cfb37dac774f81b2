"""Who waits for a refresh token decides by what is true after the wait."""

import asyncio
from dataclasses import replace

import psycopg
import pytest

from core.domain.refresh_token import Attempt, HeldToken, RefreshToken, Rotation
from core.postgres.database import PostgresDatabase
from tests.contract.records import Records
from tests.postgres_client import empty, open_database, store_user, until
from tests.servers import Database

pytestmark = pytest.mark.asyncio


@pytest.fixture(autouse=True)
def _without_rows(module_database: Database) -> None:
    empty(module_database.admin_dsn)


async def hold(database: PostgresDatabase, token: RefreshToken) -> HeldToken:
    async with database.transaction() as unit:
        held = await unit.refresh_tokens.hold(token.digest)
    assert held is not None
    return held


async def exchange(
    database: PostgresDatabase, token: RefreshToken, successor: RefreshToken
) -> None:
    async with database.transaction() as unit:
        assert await unit.refresh_tokens.rotate(
            token.digest,
            rotation(successor),
            at=successor.created_at,
            session_ends_at=successor.expires_at,
        )
        await unit.commit()


def rotation(successor: RefreshToken) -> Rotation:
    return Rotation(successor_digest=successor.digest, attempt=Attempt())


async def test_a_rotation_that_was_waited_for_is_seen_by_all_three(
    module_database: Database,
) -> None:
    """The first token's successor is used, and the second token itself, while others wait."""
    admin = await psycopg.AsyncConnection.connect(module_database.admin_dsn, autocommit=True)

    async def two_wait() -> bool:
        found = await admin.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return await found.fetchone() == (2,)

    async with admin, open_database(module_database.service_dsn) as database:
        records = Records()
        user = await store_user(database, records.new_user())
        session = records.session(user.id)
        first = records.refresh_token(session)
        async with database.transaction() as unit:
            await unit.sessions.create(session)
            await unit.refresh_tokens.add(first)
            await unit.commit()
        second = records.successor(first)
        await exchange(database, first, second)
        third = records.successor(second)
        async with database.transaction() as unit:
            assert await unit.refresh_tokens.hold(second.digest) is not None
            waiting = [asyncio.create_task(hold(database, each)) for each in (first, second)]
            await until(two_wait)
            assert await unit.refresh_tokens.rotate(
                second.digest,
                rotation(third),
                at=third.created_at,
                session_ends_at=third.expires_at,
            )
            await unit.commit()
        earlier, later = await asyncio.gather(*waiting)
    assert earlier.token.rotation == replace(rotation(second), successor_used=True)
    assert (later.token.used_at, later.token.rotation) == (third.created_at, rotation(third))
    assert {held.session.last_used_at for held in (earlier, later)} == {third.created_at}
