"""A login from a device or a country that was not seen before is told."""

from dataclasses import replace

import pytest

from core.domain.caller import Caller, Origin
from core.domain.events import NewDevice
from core.domain.session import LoginResult
from tests.fakes.world import ELSEWHERE, ORIGIN, PASSWORD, World

ADA = "ada@example.com"
PHONE = replace(ORIGIN, user_agent="phone/1.0")
DAY = 24 * 3600


async def enter(world: World, origin: Origin = ORIGIN, email: str = ADA) -> LoginResult:
    outcome = await world.use_cases.login.login(
        email=email, password=PASSWORD, caller=Caller(origin=origin)
    )
    assert isinstance(outcome, LoginResult)
    return outcome


def told(world: World) -> list[NewDevice]:
    return [event for event in world.database.events if isinstance(event, NewDevice)]


async def test_the_first_device_of_a_person_is_nothing_new() -> None:
    world = World()
    await world.register(ADA)
    await enter(world)
    assert told(world) == []


async def test_another_device_is_told_with_its_session_and_then_it_is_known() -> None:
    world = World()
    user = await world.register(ADA)
    await enter(world)
    session_id = (await enter(world, PHONE)).tokens.session_id
    expected = [NewDevice(user_id=user.id, session_id=session_id, new_country=None)]
    assert told(world) == expected
    await enter(world, PHONE)
    await enter(world)
    assert told(world) == expected


@pytest.mark.parametrize(
    ("address", "is_new"),
    [
        ("203.0.113.250", False),
        ("::ffff:203.0.113.9", False),
        ("203.0.114.7", True),
        ("2001:db8::1", True),
    ],
)
async def test_a_device_is_told_by_network_and_user_agent(address: str, is_new: bool) -> None:  # noqa: FBT001 - a case
    world = World()
    await world.register(ADA)
    await enter(world)
    await enter(world, replace(ORIGIN, ip_address=address))
    assert bool(told(world)) is is_new


async def test_the_devices_of_others_are_no_business_of_mine() -> None:
    world = World()
    await world.register(ADA)
    await world.register("bob@example.com")
    await enter(world)
    await enter(world, ELSEWHERE, "bob@example.com")
    await enter(world, ELSEWHERE)
    assert len(told(world)) == 1


async def test_a_failed_login_makes_no_device_known() -> None:
    world = World()
    await world.register(ADA)
    await enter(world)
    with pytest.raises(Exception, match="wrong"):
        await world.use_cases.login.login(email=ADA, password="wrong", caller=Caller(origin=PHONE))
    assert told(world) == []
    await enter(world, PHONE)
    assert len(told(world)) == 1


async def test_a_device_is_forgotten_when_it_is_not_used_and_is_new_again() -> None:
    world = World()
    await world.register(ADA)
    await enter(world)
    for _ in range(3):
        world.clock.advance(100 * DAY)
        await enter(world, PHONE)
    await enter(world)
    assert len(told(world)) == 2  # the phone, and the first device after 300 days


async def test_what_has_no_address_is_neither_told_nor_remembered() -> None:
    world = World()
    await world.register(ADA)
    await enter(world)
    await enter(world, replace(PHONE, ip_address=None))
    assert told(world) == []
    assert len(world.database.tables.known_devices) == 1


async def test_a_new_country_is_told_even_on_a_known_device() -> None:
    world = World()
    user = await world.register(ADA)
    world.countries.by_address = {"203.0.113.7": "AT", "203.0.113.8": "JP"}
    await enter(world)
    session_id = (await enter(world, replace(ORIGIN, ip_address="203.0.113.8"))).tokens.session_id
    assert told(world) == [NewDevice(user_id=user.id, session_id=session_id, new_country=True)]


async def test_a_new_device_in_a_known_country_says_so() -> None:
    world = World()
    await world.register(ADA)
    world.countries.by_address = {"203.0.113.7": "AT"}
    await enter(world)
    await enter(world, PHONE)
    assert [event.new_country for event in told(world)] == [False]


async def test_the_first_country_that_is_known_is_nothing_new() -> None:
    world = World()
    await world.register(ADA)
    await enter(world)
    world.countries.by_address = {"203.0.113.7": "AT"}
    await enter(world)
    assert told(world) == []


async def test_an_address_whose_country_is_not_known_says_nothing_of_countries() -> None:
    world = World()
    await world.register(ADA)
    world.countries.by_address = {"203.0.113.7": "AT"}
    await enter(world)
    await enter(world, ELSEWHERE)
    assert [event.new_country for event in told(world)] == [None]


async def test_a_login_with_a_second_factor_is_told_when_it_is_complete() -> None:
    world = World()
    user = await world.register(ADA)
    await enter(world)
    await world.enroll(user)
    world.clock.advance(30)
    outcome = await world.use_cases.login.login(
        email=ADA, password=PASSWORD, caller=Caller(origin=PHONE)
    )
    assert told(world) == []
    await world.use_cases.mfa_completion.complete(
        challenge_token=outcome.challenge_token,  # type: ignore[union-attr] # a challenge
        proof=world.totp_code(user),
        caller=Caller(origin=PHONE),
    )
    assert len(told(world)) == 1


async def test_nothing_is_told_of_a_login_that_fails_at_its_end() -> None:
    world = World()
    await world.register(ADA)
    await enter(world)
    world.database.break_at("commit", RuntimeError("broken"))
    with pytest.raises(RuntimeError, match="broken"):
        await enter(world, PHONE)
    world.database.mend()
    assert told(world) == []
    await enter(world, PHONE)
    assert len(told(world)) == 1
