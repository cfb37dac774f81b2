"""The database goes away and comes back: stopped, killed, paused. Nothing of ours restarts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from time import monotonic

import pytest
import pytest_asyncio

from core.domain.email_address import email_key
from core.domain.errors import DependencyUnavailable
from core.domain.user import User
from core.postgres.database import PostgresDatabase
from devstack.temporary import temporary_stack
from tests.contract.records import Records
from tests.postgres_client import empty, open_database, options_of, store_user, until
from tests.servers import Database, Servers, cloned_database, start_servers

pytestmark = pytest.mark.asyncio

ACQUIRE_SECONDS = 1.0
ANSWER_SECONDS = 2.0  # a second more than what a statement may take
BOUND_SECONDS = ACQUIRE_SECONDS + ANSWER_SECONDS + 2.0
BACK_SECONDS = 2.0


@pytest.fixture(scope="module")
def own_servers() -> Iterator[Servers]:
    with temporary_stack() as stack:
        yield start_servers(stack)


@pytest.fixture(scope="module")
def own_database(own_servers: Servers) -> Iterator[Database]:
    with cloned_database(own_servers) as database:
        yield database


@pytest_asyncio.fixture
async def database(own_servers: Servers, own_database: Database) -> AsyncIterator[PostgresDatabase]:
    empty(own_database.admin_dsn)
    options = replace(
        options_of(own_database.service_dsn),
        pool_min_size=4,
        pool_max_size=4,
        acquire_timeout_seconds=ACQUIRE_SECONDS,
        statement_timeout_seconds=ANSWER_SECONDS - 1.0,
    )
    async with open_database(own_database.service_dsn, options=options) as opened:
        try:
            yield opened
        finally:
            own_servers.stack.postgres.resume()
            await restart(own_servers, lambda: None)


async def restart(servers: Servers, end: Callable[[], None]) -> None:
    """End the server in some way, and return when it answers again."""
    await asyncio.to_thread(end)
    await asyncio.to_thread(servers.stack.postgres.start)
    await asyncio.to_thread(servers.stack.postgres.await_ready)


async def read(database: PostgresDatabase, user: User) -> User | None:
    async with database.reading() as stored:
        return await stored.users.get_by_id(user.id)


async def read_many(database: PostgresDatabase, user: User) -> list[User | None]:
    """Use every connection of the pool, and more than once."""
    return await asyncio.gather(*(read(database, user) for _ in range(12)))


async def in_reach(database: PostgresDatabase) -> bool:
    try:
        await database.ping(0.5)
    except DependencyUnavailable:
        return False
    return True


async def are_lent(database: PostgresDatabase, connections: int) -> bool:
    """Whether this many connections of the pool's four are in use."""
    return database.pool_measures()["pool_available"] == 4 - connections


async def seconds_until_unavailable(*calls: asyncio.Task[object]) -> float:
    """Wait for calls that all have to fail in the documented way; return how long it took."""
    began = monotonic()
    async with asyncio.timeout(3 * BOUND_SECONDS):
        ends = await asyncio.gather(*calls, return_exceptions=True)
    for end in ends:
        assert isinstance(end, DependencyUnavailable), end
    return monotonic() - began


def start(work: object) -> asyncio.Task[object]:
    return asyncio.ensure_future(work)  # type: ignore[call-overload, no-any-return]


async def test_a_restart_that_nobody_saw_costs_no_call(
    database: PostgresDatabase, own_servers: Servers
) -> None:
    user = await store_user(database, Records().new_user())
    assert await read_many(database, user) == [user] * 12
    await restart(own_servers, own_servers.stack.postgres.stop)
    assert await read_many(database, user) == [user] * 12
    await database.ping(2.0)


async def test_a_stopped_server_is_reported_and_found_again_when_it_returns(
    database: PostgresDatabase, own_servers: Servers
) -> None:
    user = await store_user(database, Records().new_user())
    assert await in_reach(database)
    await asyncio.to_thread(own_servers.stack.postgres.stop)
    assert not await in_reach(database)
    calls = [start(read(database, user)) for _ in range(20)]
    calls += [start(store_user(database, Records().new_user())) for _ in range(5)]
    assert await seconds_until_unavailable(*calls) < BOUND_SECONDS
    await restart(own_servers, lambda: None)
    began = monotonic()
    await until(lambda: in_reach(database))
    assert await read_many(database, user) == [user] * 12
    assert monotonic() - began < BACK_SECONDS


async def test_a_killed_server_takes_open_work_along_and_nothing_else(
    database: PostgresDatabase, own_servers: Servers
) -> None:
    records = Records()
    kept, lost = records.new_user(), records.new_user()
    user = await store_user(database, kept)
    async with database.transaction() as unit:
        await unit.users.create(lost)
        await asyncio.to_thread(own_servers.stack.postgres.kill)
        with pytest.raises(DependencyUnavailable):
            await unit.commit()
    await restart(own_servers, lambda: None)
    assert await read_many(database, user) == [user] * 12
    async with database.reading() as stored:
        assert await stored.users.get_by_id(lost.id) is None


async def test_a_paused_server_is_given_up_within_a_bounded_time(
    database: PostgresDatabase, own_servers: Servers
) -> None:
    records = Records()
    user = await store_user(database, records.new_user())
    own_servers.stack.postgres.pause()
    began = monotonic()
    with pytest.raises(DependencyUnavailable):
        await database.ping(0.5)
    assert monotonic() - began < 1.5
    calls = [start(read(database, user)) for _ in range(20)]
    calls += [start(store_user(database, records.new_user())) for _ in range(5)]
    async with database.reading() as stored:
        calls += [start(stored.sessions.get_state(records.ids.new_id())) for _ in range(5)]
    assert await seconds_until_unavailable(*calls) < BOUND_SECONDS
    own_servers.stack.postgres.resume()
    await until(lambda: in_reach(database))
    assert await read_many(database, user) == [user] * 12


async def test_a_commit_into_a_paused_server_says_that_it_does_not_know(
    database: PostgresDatabase, own_servers: Servers
) -> None:
    new = Records().new_user()
    async with database.transaction() as unit:
        await unit.users.create(new)
        own_servers.stack.postgres.pause()
        began = monotonic()
        with pytest.raises(DependencyUnavailable):
            await unit.commit()
    assert monotonic() - began < BOUND_SECONDS
    own_servers.stack.postgres.resume()
    # Stored or not: what was sent before the pause decides, and either way nothing hangs.
    async with database.transaction() as unit:
        await unit.users.lock(new.id)


async def read_alone(database: PostgresDatabase, user: User) -> User | None:
    """Read with a query of one's own: accounts asked for by id share theirs."""
    async with database.reading() as stored:
        return await stored.users.get_by_email(email_key(user.email))


@pytest.mark.parametrize(
    ("reads", "lent"), [(read_alone, 4), (read, 1)], ids=["a query each", "a shared query"]
)
async def test_a_caller_who_gives_up_on_a_paused_server_is_let_go(
    database: PostgresDatabase,
    own_servers: Servers,
    reads: Callable[[PostgresDatabase, User], Awaitable[User | None]],
    lent: int,
) -> None:
    user = await store_user(database, Records().new_user())
    assert await reads(database, user) == user
    own_servers.stack.postgres.pause()
    calls = [start(reads(database, user)) for _ in range(4)]
    await until(lambda: are_lent(database, lent))
    began = monotonic()
    for call in calls:
        call.cancel()
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert monotonic() - began < BOUND_SECONDS
    assert [type(end) for end in ends] == [asyncio.CancelledError] * 4
    own_servers.stack.postgres.resume()
    await until(lambda: in_reach(database))
    assert await read_many(database, user) == [user] * 12


@pytest.mark.usefixtures("database")
async def test_a_pool_that_opens_onto_nothing_says_so(
    own_servers: Servers, own_database: Database
) -> None:
    await asyncio.to_thread(own_servers.stack.postgres.stop)
    dsn = own_database.service_dsn
    with pytest.raises(DependencyUnavailable) as unavailable:
        async with open_database(dsn):
            pass
    assert "Connection refused" in str(unavailable.value.__cause__)
