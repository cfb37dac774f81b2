"""Which used refresh tokens are forgiven: races and lost answers are, thefts are not."""

import pytest

from core.domain.caller import Caller
from core.domain.errors import RefreshTokenReused
from tests.fakes.world import ORIGIN, World
from tests.unit.service.replay_scene import ATTEMPT, Scene, caller_from


@pytest.mark.parametrize("seconds", [0, 20, 600, 6 * 24 * 3600])
async def test_the_same_request_id_gets_the_same_token_whenever_it_comes(seconds: float) -> None:
    scene = await Scene.play(ATTEMPT)
    scene.world.clock.advance(seconds)
    await scene.forgiven(request_id=ATTEMPT, caller=scene.world.stranger)
    assert scene.world.only_audit_entry.details == {"forgiven": "request_id"}


async def test_the_same_request_id_is_forgiven_without_a_limit_and_spares_the_window() -> None:
    scene = await Scene.play(ATTEMPT)
    for _ in range(30):
        await scene.forgiven(request_id=ATTEMPT)
    for _ in range(10):
        await scene.forgiven()
    await scene.stolen(scene.first)


@pytest.mark.parametrize("request_id", [None, "", "attempt-2"])
async def test_another_request_id_or_none_is_no_excuse(request_id: str | None) -> None:
    scene = await Scene.play(ATTEMPT)
    scene.world.clock.advance(20)
    await scene.stolen(scene.first, request_id=request_id)


@pytest.mark.parametrize("request_id", [None, ""])
async def test_two_attempts_without_a_name_are_not_one(request_id: str | None) -> None:
    scene = await Scene.play(request_id)
    scene.world.clock.advance(20)
    await scene.stolen(scene.first, request_id=request_id)


async def test_a_request_id_counts_for_the_rotation_that_it_named_alone() -> None:
    scene = await Scene.play(ATTEMPT)
    await scene.present(scene.second, request_id="attempt-2")
    scene.world.clock.advance(20)
    await scene.stolen(scene.second, request_id=ATTEMPT)


@pytest.mark.parametrize("seconds", [0, 9.999, 10])
async def test_within_10_seconds_the_same_client_gets_the_same_token(seconds: float) -> None:
    scene = await Scene.play()
    scene.world.clock.advance(seconds)
    await scene.forgiven()
    assert scene.world.only_audit_entry.details == {"forgiven": "window"}


@pytest.mark.parametrize("seconds", [10.001, 20])
async def test_after_10_seconds_the_same_client_is_a_thief(seconds: float) -> None:
    scene = await Scene.play()
    scene.world.clock.advance(seconds)
    await scene.stolen(scene.first)


async def test_the_window_never_slides() -> None:
    scene = await Scene.play()
    for _ in range(5):
        scene.world.clock.advance(2)
        await scene.forgiven()
    scene.world.clock.advance(0.001)
    await scene.stolen(scene.first)


async def test_the_11th_replay_ends_the_session() -> None:
    scene = await Scene.play()
    for _ in range(10):
        await scene.forgiven()
    await scene.stolen(scene.first)


async def test_tabs_with_names_of_their_own_are_forgiven_by_the_window() -> None:
    scene = await Scene.play(ATTEMPT)
    await scene.forgiven(request_id="attempt-2")
    await scene.forgiven(request_id="attempt-3")


@pytest.mark.parametrize(
    "caller",
    [
        caller_from("203.0.114.7"),
        caller_from("2001:db8::7"),
        caller_from("203.0.113.7", "browser/2.0"),
        caller_from("203.0.113.7", None),
        caller_from(None),
    ],
    ids=["other network", "IPv6", "other user agent", "no user agent", "no address"],
)
async def test_another_client_within_the_window_is_a_thief(caller: Caller) -> None:
    scene = await Scene.play()
    await scene.stolen(scene.first, caller=caller)


async def test_another_address_of_the_same_network_is_the_same_client() -> None:
    scene = await Scene.play()
    await scene.forgiven(caller=caller_from("203.0.113.250"))


async def test_clients_without_an_address_are_not_one() -> None:
    world = World()
    await world.register()
    tokens = (await world.login()).tokens
    refresh = world.use_cases.refresh.refresh
    await refresh(refresh_token=tokens.refresh_token, request_id=None, caller=caller_from(None))
    with pytest.raises(RefreshTokenReused):
        await refresh(refresh_token=tokens.refresh_token, request_id=None, caller=caller_from(None))


@pytest.mark.parametrize("request_id", [None, ATTEMPT])
async def test_once_the_successor_was_used_every_replay_is_a_theft(request_id: str | None) -> None:
    scene = await Scene.play(request_id)
    await scene.present(scene.second)
    await scene.stolen(scene.first, request_id=request_id)


async def test_an_access_token_in_use_does_not_use_the_refresh_token_beside_it() -> None:
    scene = await Scene.play(ATTEMPT)
    authentication = scene.world.use_cases.authentication
    await authentication.authenticate(scene.second.access_token, ORIGIN)
    scene.world.clock.advance(20)
    await scene.forgiven(request_id=ATTEMPT)


async def test_a_token_of_the_far_past_ends_the_session() -> None:
    scene = await Scene.play(ATTEMPT)
    tokens = scene.second
    for number in range(5):
        tokens = await scene.present(tokens, request_id=f"later-{number}")
    await scene.stolen(scene.first, request_id=ATTEMPT)
