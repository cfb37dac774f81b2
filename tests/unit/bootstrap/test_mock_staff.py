"""Outside dev nothing starts on a database that lets dev's mock staff in."""

import pytest

from core.bootstrap.mock_staff import STAFF, require_no_mock_staff
from core.config.loading import ConfigurationRefused
from core.config.settings import Environment
from tests.fakes.world import World

pytestmark = pytest.mark.asyncio

OTHERS = [environment for environment in Environment if environment is not Environment.DEV]


@pytest.mark.parametrize("environment", OTHERS)
@pytest.mark.parametrize("email", STAFF)
async def test_a_known_account_of_staff_stops_the_start(
    environment: Environment, email: str
) -> None:
    world = World()
    await world.register(email)
    with pytest.raises(ConfigurationRefused) as refusal:
        await require_no_mock_staff(environment, world.database)
    (problem,) = refusal.value.problems
    assert problem == (
        f"the database lets in {email} of dev's mock data, whose passwords are known; suspend or"
        f" delete them (APP_ENV={environment})"
    )
    await require_no_mock_staff(Environment.DEV, world.database)


async def test_who_cannot_log_in_stops_nothing() -> None:
    world = World()
    await world.register("ada@example.com")
    await require_no_mock_staff(Environment.PROD, world.database)
    user = await world.register(STAFF[0])
    async with world.database.transaction() as unit:
        await unit.users.set_suspended(user.id, suspended=True, at=world.clock.now())
        await unit.commit()
    await require_no_mock_staff(Environment.PROD, world.database)
