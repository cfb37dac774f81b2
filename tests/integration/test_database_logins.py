"""Logins that the database engine makes: their rights, their life, and how one follows another."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import make_conninfo

from core.postgres.connection import PostgresOptions
from core.postgres.pool import Pool
from core.vault.database_client import DatabaseLogin, DatabaseLoginClient
from core.vault.database_logins import DatabaseLogins
from core.vault.errors import LeaseRefused
from devstack.databases import MAINTAINER, OWNER, SERVICE
from devstack.stack import Stack
from tests.integration.database_login_scene import DatabaseLoginScene, source_of
from tests.integration.vault_scene import until
from tests.postgres_client import options_of
from tests.servers import Database


@pytest.fixture
def scene(stack: Stack, tmp_path: Path) -> DatabaseLoginScene:
    return DatabaseLoginScene(stack, tmp_path)


@pytest.fixture
def options(module_database: Database) -> PostgresOptions:
    return options_of(module_database.service_dsn)


def dsn_of(database: Database, logins: DatabaseLogins) -> str:
    login = logins.current
    return make_conninfo(database.service_dsn, user=login.username, password=login.password)


@asynccontextmanager
async def pooled(options: PostgresOptions, logins: DatabaseLogins) -> AsyncIterator[Pool]:
    pool = Pool(options, source_of(logins))
    await pool.open()
    logins.follow(pool.renew)
    try:
        yield pool
    finally:
        await pool.close()


async def session_user(pool: Pool) -> str:
    async with pool.connection() as connection:
        found = await (await connection.execute("SELECT session_user::text")).fetchone()
    assert found is not None
    return str(found[0])


@pytest.mark.parametrize("role", [SERVICE, OWNER, MAINTAINER])
async def test_a_login_works_as_the_role_whose_rights_it_has(
    scene: DatabaseLoginScene, module_database: Database, role: str
) -> None:
    scene.offer(rights_of=role)
    async with scene.keeping() as logins:
        with psycopg.connect(dsn_of(module_database, logins)) as connection:
            # Rules that name the role hold, and what is made belongs to it.
            found = connection.execute("SELECT current_user, session_user").fetchone()
            assert found == (role, logins.current.username)
            connection.execute("RESET ROLE")
            others = {SERVICE, OWNER, MAINTAINER} - {role}
            for other in others:
                with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
                    connection.execute(f"SET ROLE {other}")
            member = "SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles"
            (powerful,) = scene.ask(f"{member} WHERE rolname = %s", logins.current.username)
            assert powerful == (False,)


async def test_what_the_owners_login_makes_stays_when_the_login_goes(
    scene: DatabaseLoginScene, module_database: Database
) -> None:
    scene.offer(rights_of=OWNER)
    async with scene.keeping() as logins:
        with psycopg.connect(dsn_of(module_database, logins)) as connection:
            connection.execute("CREATE TABLE made_by_a_login (id int)")
            username = logins.current.username
    await until(lambda: not scene.exists(username))
    with psycopg.connect(module_database.owner_dsn) as connection:
        connection.execute("DROP TABLE made_by_a_login")


async def test_a_login_is_given_back_at_the_end(scene: DatabaseLoginScene) -> None:
    scene.offer()
    async with scene.keeping() as logins:
        username = logins.current.username
        assert scene.exists(username)
    # Vault removes what a token that is given back had asked for, in its own time.
    await until(lambda: not scene.exists(username))


async def test_a_login_that_is_being_taken_at_the_end_is_given_back_as_well(
    scene: DatabaseLoginScene,
) -> None:
    scene.offer()
    taken: list[str] = []
    is_taken, may_return = threading.Event(), threading.Event()

    class SlowSecond(DatabaseLoginClient):
        def take(self, role: str) -> DatabaseLogin:
            login = super().take(role)
            taken.append(login.username)
            if len(taken) == 2:
                is_taken.set()
                may_return.wait()
            return login

    logins = scene.logins(new_client=SlowSecond)
    await logins.begin()
    logins.start()
    scene.revoke()
    await until(is_taken.is_set)
    ending = asyncio.create_task(logins.close())
    # Whatever the end does at once has been done.
    await asyncio.sleep(0)
    may_return.set()
    await ending
    await until(lambda: not scene.exists(taken[1]))


@pytest.mark.parametrize(("later_ttl", "is_worth_keeping"), [("31m", True), ("29m", False)])
async def test_a_lease_that_is_given_less_than_half_its_first_length_is_replaced(
    scene: DatabaseLoginScene,
    later_ttl: str,
    is_worth_keeping: bool,  # noqa: FBT001 - a case
) -> None:
    scene.offer(ttl="1h")
    scene.tune_token(token_ttl="2h", token_max_ttl="24h")
    client = DatabaseLoginClient(scene.options)
    login = client.take(scene.role)
    scene.offer(ttl=later_ttl)
    if is_worth_keeping:
        client.prolong()
        assert client.seconds_left > 30 * 60
    else:
        with pytest.raises(LeaseRefused, match="nears its greatest length"):
            client.prolong()
        # Nobody has to hurry: connections of the old one go on while those of the next are made.
        assert client.seconds_left > 0
    assert scene.exists(login.username)
    client.close()


@pytest.mark.parametrize(("later_ttl", "is_worth_keeping"), [("31m", True), ("29m", False)])
async def test_a_token_that_is_given_less_than_half_its_first_life_is_replaced_with_its_lease(
    scene: DatabaseLoginScene,
    later_ttl: str,
    is_worth_keeping: bool,  # noqa: FBT001 - a case
) -> None:
    scene.offer(ttl="2h")
    scene.tune_token(token_ttl="1h", token_max_ttl="24h")
    ahead_seconds = 0.0
    client = DatabaseLoginClient(scene.options, monotonic=lambda: monotonic() + ahead_seconds)
    login = client.take(scene.role)
    scene.tune_token(token_ttl=later_ttl, token_max_ttl="24h")
    # Renewed after about 60 % of its life, which this clock says is over.
    ahead_seconds = 45 * 60.0
    if is_worth_keeping:
        client.prolong()
    else:
        with pytest.raises(LeaseRefused, match="token of a lease nears its greatest life"):
            client.prolong()
    assert scene.exists(login.username)
    client.close()


async def test_a_login_is_replaced_before_its_greatest_life_ends_and_cuts_nobody_off(
    scene: DatabaseLoginScene, options: PostgresOptions
) -> None:
    scene.offer(ttl="2s", max_ttl="3s")
    async with scene.keeping() as logins, pooled(options, logins) as pool:
        first = logins.current.username
        async with pool.connection() as held:
            await held.execute("BEGIN")
            while logins.replaced_count < 1:
                assert await session_user(pool)
            # The old login is still there for whoever is at work with it.
            await held.execute("SELECT 1")
            await held.execute("COMMIT")
        assert await session_user(pool) == logins.current.username != first
        assert not {row for row in scene.ask(_SESSIONS, first) if row[0] == "idle"}
        await until(lambda: not scene.exists(first))
        assert await session_user(pool) == logins.current.username
    assert logins.failures == {}


_SESSIONS = "SELECT state FROM pg_stat_activity WHERE usename = %s"


async def test_a_lease_ends_with_its_token_so_both_are_replaced(
    scene: DatabaseLoginScene, options: PostgresOptions
) -> None:
    scene.offer()
    scene.tune_token(token_ttl="2s", token_max_ttl="3s")
    async with scene.keeping() as logins, pooled(options, logins) as pool:
        first = logins.current.username
        assert logins.seconds_left <= 2
        await until(lambda: logins.replaced_count >= 1)
        # Not because it was gone: both are there while connections change.
        assert scene.exists(first)
        await until(lambda: not scene.exists(first))
        assert await session_user(pool) == logins.current.username
    assert logins.failures == {}


async def test_a_login_that_was_taken_away_is_replaced_by_itself(
    scene: DatabaseLoginScene, options: PostgresOptions
) -> None:
    scene.offer()
    async with scene.keeping() as logins, pooled(options, logins) as pool:
        first = logins.current.username
        scene.revoke()
        await until(lambda: logins.replaced_count >= 1)
        assert await session_user(pool) == logins.current.username != first


async def test_a_renewal_that_is_refused_is_followed_by_another_login(
    scene: DatabaseLoginScene,
) -> None:
    scene.offer()
    async with scene.keeping() as logins:
        first = logins.current.username
        scene.refuse_renewals()
        await until(lambda: logins.replaced_count >= 1)
        assert logins.current.username != first


async def test_no_role_of_the_engine_stops_the_start_in_one_line(
    scene: DatabaseLoginScene,
) -> None:
    logins = scene.logins()
    with pytest.raises(LeaseRefused) as refusal:
        await logins.begin()
    await logins.close()
    assert str(refusal.value) == f"Vault's engine database gives no login of its role {scene.role}"


async def test_a_password_is_in_no_text_about_a_login(scene: DatabaseLoginScene) -> None:
    scene.offer()
    async with scene.keeping() as logins:
        assert logins.current.password not in repr(logins.current)
