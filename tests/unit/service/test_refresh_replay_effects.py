"""What a used refresh token that comes again changes, and what it does not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.audit import AuditAction, AuditOutcome
from core.domain.errors import AccountSuspended, RefreshTokenInvalid
from tests.fakes.world import LIFETIMES, World
from tests.unit.service.replay_scene import ATTEMPT, Scene


async def test_a_replay_changes_nothing_but_its_count_and_its_row() -> None:
    scene = await Scene.play()
    before = scene.database.snapshot()
    scene.world.clock.advance(5)
    pair = await scene.forgiven()
    after = scene.database.snapshot()
    digest = scene.world.refresh_tokens.digest(scene.first.refresh_token)
    token = before.refresh_tokens[digest]
    assert token.rotation is not None
    counted = replace(token, rotation=replace(token.rotation, window_replays=1))
    assert after.refresh_tokens == {**before.refresh_tokens, digest: counted}
    assert replace(after, audit={}, refresh_tokens={}) == replace(
        before, audit={}, refresh_tokens={}
    )
    assert pair.refresh_expires_in == LIFETIMES.refresh_idle_seconds - 5


async def test_a_replay_by_request_id_is_recorded_and_leaves_no_other_trace() -> None:
    scene = await Scene.play(ATTEMPT)
    before = scene.database.snapshot()
    scene.world.clock.advance(20)
    await scene.forgiven(request_id=ATTEMPT)
    assert replace(scene.database.snapshot(), audit={}) == before
    entry = scene.world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.REFRESH, AuditOutcome.SUCCESS)
    assert entry.actor_id == str(scene.session.user_id)
    assert entry.resource_id == str(scene.session.id)


async def test_a_replay_brings_a_fresh_access_token_and_leaves_the_old_ones_valid() -> None:
    scene = await Scene.play(ATTEMPT)
    scene.world.clock.advance(600)
    pair = await scene.forgiven(request_id=ATTEMPT)
    access_tokens = [each.access_token for each in (scene.first, scene.second, pair)]
    assert len(set(access_tokens)) == 3
    for token in access_tokens:
        assert await scene.world.use_cases.introspection.introspect(token) is not None
    assert pair.expires_in == LIFETIMES.access_token_seconds


async def test_the_token_from_a_replay_works() -> None:
    scene = await Scene.play(ATTEMPT)
    scene.world.clock.advance(20)
    pair = await scene.forgiven(request_id=ATTEMPT)
    third = await scene.present(pair)
    assert third.refresh_token not in {scene.first.refresh_token, scene.second.refresh_token}


async def test_a_retry_is_answered_after_the_retried_token_s_own_end() -> None:
    world = World()
    await world.register()
    tokens = (await world.login()).tokens
    world.clock.advance(LIFETIMES.refresh_idle_seconds - 5)
    refresh = world.use_cases.refresh.refresh
    first = await refresh(
        refresh_token=tokens.refresh_token, request_id=ATTEMPT, caller=world.nobody
    )
    world.clock.advance(20)
    again = await refresh(
        refresh_token=tokens.refresh_token, request_id=ATTEMPT, caller=world.nobody
    )
    assert again.refresh_token == first.refresh_token


async def test_a_replay_ends_with_the_session() -> None:
    scene = await Scene.play(ATTEMPT)
    scene.world.clock.advance(LIFETIMES.refresh_idle_seconds)
    with pytest.raises(RefreshTokenInvalid):
        await scene.present(scene.first, request_id=ATTEMPT)
    scene.world.clock.advance(-0.001)
    pair = await scene.forgiven(request_id=ATTEMPT)
    assert pair.refresh_expires_in == 0


async def test_a_replay_after_logout_is_refused_without_an_accusation() -> None:
    scene = await Scene.play(ATTEMPT)
    await scene.world.use_cases.logout.logout(
        refresh_token=scene.second.refresh_token, access_token=None, caller=scene.world.nobody
    )
    scene.world.forget_the_past()
    with pytest.raises(RefreshTokenInvalid):
        await scene.present(scene.first, request_id=ATTEMPT)
    assert scene.database.events == []


async def test_a_replay_finds_the_user_s_status() -> None:
    scene = await Scene.play(ATTEMPT)
    user = scene.world.stored_user(scene.session.user_id)
    scene.world.store_user(replace(user, suspended_at=scene.world.clock.now()))
    with pytest.raises(AccountSuspended):
        await scene.present(scene.first, request_id=ATTEMPT)
    scene.world.store_user(replace(user, deleted_at=scene.world.clock.now()))
    with pytest.raises(RefreshTokenInvalid):
        await scene.present(scene.first, request_id=ATTEMPT)
    assert scene.session.revoked_at is None


async def test_a_replay_across_a_change_of_keys_gets_nothing_and_ends_nothing() -> None:
    scene = await Scene.play(ATTEMPT)
    old_key, scene.world.refresh_tokens.key = scene.world.refresh_tokens.key, "another key"
    with pytest.raises(RefreshTokenInvalid):
        await scene.present(scene.first, request_id=ATTEMPT)
    assert scene.session.revoked_at is None
    entry = scene.world.only_audit_entry
    assert (entry.outcome, entry.reason) == (AuditOutcome.FAILURE, "REFRESH_TOKEN_INVALID")
    scene.world.refresh_tokens.key = old_key
    await scene.forgiven(request_id=ATTEMPT)


async def test_a_theft_is_found_across_a_change_of_keys() -> None:
    scene = await Scene.play(ATTEMPT)
    scene.world.refresh_tokens.key = "another key"
    await scene.stolen(scene.first, caller=scene.world.stranger)


async def test_a_rotation_goes_on_across_a_change_of_keys() -> None:
    scene = await Scene.play(ATTEMPT)
    scene.world.refresh_tokens.key = "another key"
    scene.second, scene.first = await scene.present(scene.second), scene.second
    await scene.forgiven()


async def test_neither_request_id_nor_client_is_stored_in_clear() -> None:
    scene = await Scene.play(ATTEMPT)
    stored = repr(
        [
            (token.digest, token.rotation and token.rotation.attempt.request_mark)
            for token in scene.database.tables.refresh_tokens.values()
        ]
    ) + repr(
        [
            token.rotation and token.rotation.attempt.binding_mark
            for token in scene.database.tables.refresh_tokens.values()
        ]
    )
    for secret in (ATTEMPT, scene.first.refresh_token, "203.0.113", "browser"):
        assert secret not in stored


async def test_a_session_of_the_past_whose_rotation_is_not_on_record_forgives_nothing() -> None:
    scene = await Scene.play(ATTEMPT)
    digest = scene.world.refresh_tokens.digest(scene.first.refresh_token)
    tokens = scene.database.tables.refresh_tokens
    tokens[digest] = replace(tokens[digest], rotation=None)
    await scene.stolen(scene.first, request_id=ATTEMPT)


async def test_the_end_of_a_window_is_that_of_its_own_rotation() -> None:
    scene = await Scene.play()
    scene.world.clock.advance(8)
    third = await scene.present(scene.second)
    scene.world.clock.advance(8)
    assert (await scene.present(scene.second)).refresh_token == third.refresh_token
    assert scene.session.last_used_at == scene.world.clock.now() - timedelta(seconds=8)
