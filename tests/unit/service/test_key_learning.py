"""A token of a key that is not known here yet is worth looking for the key."""

import pytest

from core.domain.errors import SessionRevoked, TokenInvalid
from tests.fakes.world import ORIGIN, World


async def world_with_unlearnt_token() -> tuple[World, str]:
    world = World()
    await world.register()
    token = (await world.login()).tokens.access_token
    world.access_tokens.unlearnt.add(token)
    return world, token


async def test_the_caller_is_known_once_the_key_is() -> None:
    world, token = await world_with_unlearnt_token()
    caller = await world.use_cases.authentication.authenticate(token, ORIGIN)
    assert caller.user_id is not None


async def test_introspection_judges_by_the_key_that_was_learnt() -> None:
    world, token = await world_with_unlearnt_token()
    assert await world.use_cases.introspection.introspect(token) is not None


async def test_a_logout_finds_its_session() -> None:
    world, token = await world_with_unlearnt_token()
    await world.use_cases.logout.logout(refresh_token=None, access_token=token, caller=world.nobody)
    with pytest.raises(SessionRevoked):
        await world.use_cases.authentication.authenticate(token, ORIGIN)


async def test_what_no_key_explains_is_invalid() -> None:
    world, _ = await world_with_unlearnt_token()
    with pytest.raises(TokenInvalid):
        await world.use_cases.authentication.authenticate("forged", ORIGIN)
