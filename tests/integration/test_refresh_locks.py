"""A refresh beside whatever ends sessions: all of them take the same lock, and look inside it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import psycopg
import pytest
import pytest_asyncio

from core.domain.errors import (
    AccountSuspended,
    DomainError,
    RefreshTokenInvalid,
    RefreshTokenReused,
)
from core.domain.session import TokenPair
from tests.integration.refresh_scene import THIEF, Scene, refresh_scene
from tests.servers import Database

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def scene(module_database: Database) -> AsyncIterator[Scene]:
    async with refresh_scene(module_database) as scene:
        yield scene


async def log_out(scene: Scene) -> None:
    await scene.world.use_cases.logout.logout(
        refresh_token=scene.first.refresh_token, access_token=None, caller=scene.world.nobody
    )


async def suspend(scene: Scene) -> None:
    await scene.world.use_cases.administration.suspend(
        scene.user.id, reason="fraud", caller=scene.world.staff()
    )


async def delete(scene: Scene) -> None:
    await scene.world.use_cases.deletion.delete(scene.user.id, caller=scene.world.staff())


async def revoke(scene: Scene) -> None:
    await scene.world.use_cases.sessions.revoke(
        scene.user.id, scene.first.session_id, caller=scene.world.staff()
    )


async def revoke_all(scene: Scene) -> None:
    await scene.world.use_cases.sessions.revoke_all(
        scene.user.id, keep_current=False, caller=scene.world.staff()
    )


async def refresh(scene: Scene) -> None:
    await scene.refresh(scene.first.refresh_token)


End = Callable[[Scene], Awaitable[None]]
ENDS = [log_out, suspend, delete, revoke, revoke_all]

HOLD_USER = "SELECT id FROM users WHERE id = %s FOR NO KEY UPDATE"
HOLD_SESSION = "SELECT id FROM sessions WHERE id = %s FOR NO KEY UPDATE"

SUSPEND = "UPDATE users SET suspended_at = now() WHERE id = %s"
DELETE = "UPDATE users SET deleted_at = now() WHERE id = %s"
LOG_OUT = """
UPDATE sessions SET revoked_at = now(), revocation_cause = 'logout' WHERE user_id = %s
"""


@pytest.mark.parametrize("call", [refresh, *ENDS])
async def test_each_of_them_waits_for_the_user_s_row(scene: Scene, call: End) -> None:
    async with await psycopg.AsyncConnection.connect(scene.database.owner_dsn) as holder:
        await holder.execute(HOLD_USER, (scene.user.id,))
        task = asyncio.ensure_future(call(scene))
        await scene.until_somebody_waits()
        assert not task.done()
    await task


@pytest.mark.parametrize("call", [refresh, *ENDS])
async def test_each_of_them_waits_for_the_session_s_row(scene: Scene, call: End) -> None:
    async with await psycopg.AsyncConnection.connect(scene.database.owner_dsn) as holder:
        await holder.execute(HOLD_SESSION, (scene.first.session_id,))
        task = asyncio.ensure_future(call(scene))
        await scene.until_somebody_waits()
        assert not task.done()
    await task


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (SUSPEND, AccountSuspended),
        (DELETE, RefreshTokenInvalid),
        (LOG_OUT, RefreshTokenInvalid),
    ],
    ids=["suspended", "deleted", "revoked"],
)
async def test_a_refresh_sees_what_was_committed_while_it_waited_for_the_user(
    scene: Scene, change: str, error: type[DomainError]
) -> None:
    async with await psycopg.AsyncConnection.connect(scene.database.owner_dsn) as holder:
        await holder.execute(HOLD_USER, (scene.user.id,))
        task = asyncio.ensure_future(scene.attempt(scene.first.refresh_token))
        await scene.until_somebody_waits()
        await holder.execute(change.encode(), (scene.user.id,))
    assert isinstance(await task, error)
    assert scene.unused_tokens() == [scene.mint.digest(scene.first.refresh_token)]


async def test_a_refresh_sees_what_was_committed_while_it_waited_for_the_session(
    scene: Scene,
) -> None:
    async with await psycopg.AsyncConnection.connect(scene.database.owner_dsn) as holder:
        await holder.execute(HOLD_SESSION, (scene.first.session_id,))
        task = asyncio.ensure_future(scene.attempt(scene.first.refresh_token))
        await scene.until_somebody_waits()
        await holder.execute(LOG_OUT.encode(), (scene.user.id,))
    assert isinstance(await task, RefreshTokenInvalid)
    assert scene.unused_tokens() == [scene.mint.digest(scene.first.refresh_token)]


async def test_a_token_that_was_used_while_its_replay_waited_is_judged_as_used(
    scene: Scene,
) -> None:
    async with await psycopg.AsyncConnection.connect(scene.database.owner_dsn) as holder:
        await holder.execute(HOLD_SESSION, (scene.first.session_id,))
        first = asyncio.ensure_future(scene.attempt(scene.first.refresh_token))
        await scene.until_somebody_waits()
        second = asyncio.ensure_future(scene.attempt(scene.first.refresh_token, by=THIEF))
        await scene.until_somebody_waits(2)
    assert isinstance(await first, TokenPair)
    assert isinstance(await second, RefreshTokenReused)


@pytest.mark.parametrize("end", ENDS)
async def test_a_refresh_beside_the_end_of_its_session_leaves_no_living_token(
    scene: Scene, end: End
) -> None:
    token = scene.first.refresh_token
    outcomes = await asyncio.gather(
        *(scene.attempt(token, request_id="attempt-1") for _ in range(3)),
        end(scene),
        *(scene.attempt(token, request_id="attempt-1") for _ in range(3)),
    )
    pairs = [outcome for outcome in outcomes if isinstance(outcome, TokenPair)]
    assert scene.revocation() is not None
    for pair in (scene.first, *pairs):
        assert not isinstance(await scene.attempt(pair.refresh_token), TokenPair)
        introspection = scene.world.use_cases.introspection
        assert await introspection.introspect(pair.access_token) is None


async def test_a_burst_with_one_token_leaves_connections_for_everybody_else(scene: Scene) -> None:
    async with await psycopg.AsyncConnection.connect(scene.database.owner_dsn) as holder:
        await holder.execute(HOLD_USER, (scene.user.id,))
        token = scene.first.refresh_token
        burst = [
            asyncio.ensure_future(scene.attempt(token, request_id="attempt-1")) for _ in range(100)
        ]
        await scene.until_somebody_waits(2)
        await scene.world.register("bystander@example.com")
        await scene.world.login("bystander@example.com")
    outcomes = await asyncio.gather(*burst)
    assert all(isinstance(outcome, TokenPair) for outcome in outcomes)
    assert len(scene.world.use_cases.refresh.turns) == 0
