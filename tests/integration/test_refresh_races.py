"""Races, lost answers and thefts of refresh tokens, on a real PostgreSQL."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from core.domain.caller import Caller
from core.domain.errors import RefreshTokenInvalid, RefreshTokenReused
from core.domain.session import TokenPair
from tests.integration.refresh_scene import (
    THIEF,
    VICTIM,
    Outcome,
    Scene,
    client,
    refresh_scene,
)
from tests.servers import Database

pytestmark = pytest.mark.asyncio

QUARTER_OF_AN_HOUR = 900
"""A client refreshes when its access token has run out."""

THEFT = ["session.created", "session.revoked", "security.refresh_token_reused"]


@pytest_asyncio.fixture
async def scene(module_database: Database) -> AsyncIterator[Scene]:
    async with refresh_scene(module_database) as scene:
        yield scene


def successors(outcomes: list[Outcome]) -> set[str]:
    return {outcome.refresh_token for outcome in outcomes if isinstance(outcome, TokenPair)}


def kinds(outcomes: list[Outcome]) -> Counter[type]:
    return Counter(type(outcome) for outcome in outcomes)


async def assert_ended_by_theft(scene: Scene, *refresh_tokens: str) -> None:
    """Nobody can do anything with any of the tokens, and everybody was told once."""
    assert scene.revocation() == "refresh_token_reused"
    assert [event for event in scene.events() if event != "user.created"] == THEFT
    for token in refresh_tokens:
        for caller in (VICTIM, THIEF):
            refused = await scene.attempt(token, by=caller)
            assert isinstance(refused, RefreshTokenInvalid | RefreshTokenReused)
    access_token = scene.first.access_token
    assert await scene.world.use_cases.introspection.introspect(access_token) is None


async def test_three_tabs_at_once_get_one_successor_and_stay_logged_in(scene: Scene) -> None:
    token = scene.first.refresh_token
    for round_number in range(5):
        outcomes = await asyncio.gather(
            *(scene.attempt(token, request_id=f"{round_number}-{tab}") for tab in range(3))
        )
        assert kinds(outcomes) == {TokenPair: 3}
        (token,) = successors(outcomes)
        assert scene.unused_tokens() == [scene.mint.digest(token)]
        scene.world.clock.advance(QUARTER_OF_AN_HOUR)
    assert scene.revocation() is None
    assert [forgiven for _, _, forgiven in scene.refreshes()] == [None, "window", "window"] * 5


@pytest.mark.parametrize("seconds", [20, 600])
@pytest.mark.parametrize("by", [VICTIM, client("192.0.2.1")], ids=["same network", "roaming"])
async def test_a_lost_answer_is_given_again_to_a_retry_with_the_same_request_id(
    scene: Scene, seconds: int, by: Caller
) -> None:
    lost = await scene.refresh(scene.first.refresh_token, request_id="attempt-1")
    scene.world.clock.advance(seconds)
    retried = await scene.refresh(scene.first.refresh_token, by=by, request_id="attempt-1")
    assert retried.refresh_token == lost.refresh_token
    assert scene.unused_tokens() == [scene.mint.digest(lost.refresh_token)]
    following = await scene.refresh(retried.refresh_token, by=by, request_id="attempt-2")
    assert scene.unused_tokens() == [scene.mint.digest(following.refresh_token)]
    assert [forgiven for _, _, forgiven in scene.refreshes()] == [None, "request_id", None]


async def test_the_old_token_two_seconds_after_the_victim_used_its_successor_is_a_theft(
    scene: Scene,
) -> None:
    second = await scene.refresh(scene.first.refresh_token, request_id="attempt-1")
    scene.world.clock.advance(1)
    third = await scene.refresh(second.refresh_token)
    scene.world.clock.advance(2)
    stolen = await scene.attempt(scene.first.refresh_token, request_id="attempt-1")
    assert isinstance(stolen, RefreshTokenReused)
    await assert_ended_by_theft(scene, second.refresh_token, third.refresh_token)


@pytest.mark.parametrize("thief", [VICTIM, THIEF], ids=["same binding", "another binding"])
@pytest.mark.parametrize("victim_goes_first", [True, False])
async def test_of_thief_and_victim_who_alternate_neither_keeps_the_session(
    scene: Scene,
    thief: Caller,
    victim_goes_first: bool,  # noqa: FBT001
) -> None:
    held = {"victim": scene.first.refresh_token, "thief": scene.first.refresh_token}
    callers = {"victim": VICTIM, "thief": thief}
    order = ["victim", "thief"] if victim_goes_first else ["thief", "victim"]
    outcomes: list[Outcome] = []
    for who in order * 3:
        outcome = await scene.attempt(held[who], by=callers[who])
        outcomes.append(outcome)
        if isinstance(outcome, TokenPair):
            held[who] = outcome.refresh_token
        scene.world.clock.advance(QUARTER_OF_AN_HOUR)
    assert [type(outcome) for outcome in outcomes[:3]] == [
        TokenPair,
        RefreshTokenReused,
        RefreshTokenInvalid,
    ]
    assert kinds(outcomes)[TokenPair] == 1
    await assert_ended_by_theft(scene, *held.values())


async def test_a_thief_who_trails_by_five_seconds_is_caught_by_the_binding(scene: Scene) -> None:
    stolen = scene.first.refresh_token
    second = await scene.refresh(stolen, request_id="attempt-1")
    scene.world.clock.advance(5)
    assert isinstance(await scene.attempt(stolen, by=THIEF), RefreshTokenReused)
    await assert_ended_by_theft(scene, stolen, second.refresh_token)


async def test_200_refreshes_at_once_with_one_request_id_get_one_successor(scene: Scene) -> None:
    token = scene.first.refresh_token
    outcomes = await asyncio.gather(
        *(scene.attempt(token, request_id="attempt-1") for _ in range(200))
    )
    assert kinds(outcomes) == {TokenPair: 200}
    (successor,) = successors(outcomes)
    assert scene.unused_tokens() == [scene.mint.digest(successor)]
    assert scene.revocation() is None
    assert Counter(scene.refreshes()) == {
        ("success", None, None): 1,
        ("success", None, "request_id"): 199,
    }


async def test_of_200_refreshes_at_once_without_a_request_id_the_11th_replay_revokes(
    scene: Scene,
) -> None:
    token = scene.first.refresh_token
    outcomes = await asyncio.gather(*(scene.attempt(token) for _ in range(200)))
    assert kinds(outcomes) == {TokenPair: 11, RefreshTokenReused: 189}
    (successor,) = successors(outcomes)
    assert scene.refreshes() == [
        ("success", None, None),
        *[("success", None, "window")] * 10,
        *[("failure", "REFRESH_TOKEN_REUSED", None)] * 189,
    ]
    await assert_ended_by_theft(scene, token, successor)


async def test_a_token_that_was_never_valid_touches_nothing(scene: Scene) -> None:
    before = scene.rows("SELECT refresh_tokens::text, sessions::text FROM refresh_tokens, sessions")
    never = [scene.mint.new(), scene.mint.successor(scene.first.refresh_token), "", "\ud800"]
    for token in never:
        assert isinstance(await scene.attempt(token), RefreshTokenInvalid)
    after = scene.rows("SELECT refresh_tokens::text, sessions::text FROM refresh_tokens, sessions")
    assert after == before
    assert scene.events() == ["user.created", "session.created"]
    assert scene.refreshes() == [("failure", "REFRESH_TOKEN_INVALID", None)] * len(never)


async def test_nothing_that_could_be_presented_or_names_a_client_is_stored_beside_a_token(
    scene: Scene,
) -> None:
    pair = await scene.refresh(scene.first.refresh_token, request_id="attempt-1")
    await scene.refresh(scene.first.refresh_token, request_id="attempt-1")
    stored = json.dumps(scene.rows("SELECT t::text FROM refresh_tokens AS t"))
    assert scene.mint.digest(pair.refresh_token) in stored
    secrets = [scene.first.refresh_token, pair.refresh_token, "attempt-1", "203.0.113", "browser"]
    assert [secret for secret in secrets if secret.removeprefix("prt_") in stored] == []


async def test_a_change_of_the_key_never_leads_to_a_wrong_token(scene: Scene) -> None:
    first = scene.first.refresh_token
    lost = await scene.refresh(first, request_id="attempt-1")
    old, new = b"r" * 32, b"n" * 32
    for keys in ([old, new], [new, old]):
        scene.mint.replace(keys)
        again = await scene.refresh(first, request_id="attempt-1")
        assert again.refresh_token == lost.refresh_token
    scene.mint.replace([new])
    assert isinstance(await scene.attempt(first, request_id="attempt-1"), RefreshTokenInvalid)
    assert scene.revocation() is None
    # Whoever had received the answer goes on, under the new key.
    second = await scene.refresh(lost.refresh_token, request_id="attempt-2")
    again = await scene.refresh(lost.refresh_token, request_id="attempt-2")
    assert again.refresh_token == second.refresh_token
    assert scene.unused_tokens() == [scene.mint.digest(second.refresh_token)]
