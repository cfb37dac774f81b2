"""One gate for every new password: registration, administrators, change and reset."""

from collections.abc import Awaitable, Callable

import pytest

from core.domain.errors import PasswordTooWeak, ServerBusy
from core.domain.mail import MailTemplate
from tests.fakes.world import PASSWORD, World

EMAIL = "ada@example.com"
BREACHED = "a phrase that everybody knows"


async def _register(world: World, password: str) -> object:
    return await world.use_cases.registration.register(
        email="eve@example.com", password=password, full_name=None, caller=world.nobody
    )


async def _create_admin(world: World, password: str) -> object:
    return await world.use_cases.administration.create_admin(
        email="eve@example.com", password=password, full_name=None, caller=world.system
    )


async def _change(world: World, password: str) -> object:
    user = await world.register("eve@example.com")
    await world.use_cases.password_change.change(
        user.id, current_password=PASSWORD, new_password=password, caller=world.caller(user)
    )
    return None


async def _reset(world: World, password: str) -> object:
    await world.register("eve@example.com")
    await world.use_cases.password_reset.request(email="eve@example.com", caller=world.nobody)
    await world.use_cases.password_reset.reset(
        token=world.mailed_token(MailTemplate.PASSWORD_RESET),
        new_password=password,
        caller=world.nobody,
    )
    return None


Choice = Callable[[World, str], Awaitable[object]]

every_gate = pytest.mark.parametrize(
    ("choose", "field"),
    [
        (_register, "password"),
        (_create_admin, "password"),
        (_change, "new_password"),
        (_reset, "new_password"),
    ],
    ids=["registration", "administrator", "change", "reset"],
)


@every_gate
@pytest.mark.parametrize(
    ("password", "rules"),
    [
        ("k9x!vq2", {"password.min_length"}),
        ("x" * 129, {"password.max_length"}),
        ("12345678901234567890", {"password.pattern"}),
        ("Password-2026", {"password.common"}),
        ("letmein", {"password.min_length", "password.common"}),
        ("letmeinletmein", {"password.pattern", "password.common"}),
        ("Pandora-Exchange!", {"password.service_name"}),
        ("EVE@example.com", {"password.own_address"}),
        (BREACHED, {"password.breached"}),
    ],
)
async def test_every_gate_refuses_by_the_same_rules(
    choose: Choice, field: str, password: str, rules: set[str]
) -> None:
    world = World()
    world.password_screen.breached.add(BREACHED)
    with pytest.raises(PasswordTooWeak) as caught:
        await choose(world, password)
    assert {violation.rule for violation in caught.value.violations} == rules
    assert {violation.field for violation in caught.value.violations} == {field}
    assert all(password not in violation.message for violation in caught.value.violations)


@every_gate
async def test_every_gate_lets_a_password_of_ones_own_pass(choose: Choice, field: str) -> None:
    assert field
    await choose(World(), "oranges and a kite, twelve")


@every_gate
async def test_who_cannot_be_looked_up_now_is_told_so(choose: Choice, field: str) -> None:
    """Nobody gets a password that was not compared because there was no time."""
    assert field
    world = World()
    await world.register("other@example.com")
    before = len(world.database.tables.users)
    original = world.password_screen.is_breached

    async def busy_for_new_ones(password: str) -> bool:
        if password != PASSWORD:
            raise ServerBusy
        return await original(password)

    world.password_screen.is_breached = busy_for_new_ones  # type: ignore[method-assign]
    with pytest.raises(ServerBusy):
        await choose(world, "oranges and a kite, twelve")
    assert len(world.database.tables.users) - before <= 1


async def test_a_breach_is_looked_up_where_nothing_else_speaks_against_a_password() -> None:
    world = World()
    asked: list[str] = []

    async def noted(password: str) -> bool:
        asked.append(password)
        return False

    world.password_screen.is_breached = noted  # type: ignore[method-assign]
    for password in ("short", "Password-2026", "x" * 129):
        with pytest.raises(PasswordTooWeak):
            await _register(world, password)
    assert asked == []
    await _register(world, PASSWORD)
    assert asked == [PASSWORD]


async def test_a_refused_password_leaves_no_trace() -> None:
    world = World()
    with pytest.raises(PasswordTooWeak):
        await _register(world, "Password-2026")
    assert world.database.steps == []


async def test_no_connection_waits_for_a_look_up() -> None:
    world = World()
    open_units: list[int] = []

    async def noted(password: str) -> bool:
        assert password
        open_units.append(world.database.open_units)
        return False

    world.password_screen.is_breached = noted  # type: ignore[method-assign]
    await _register(world, PASSWORD)
    assert open_units == [0]
