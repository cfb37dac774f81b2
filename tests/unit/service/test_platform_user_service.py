"""The operations that the platform knows the service by."""

import pytest

from core.domain.errors import UserNotFound
from core.domain.kyc import KycStatus
from core.domain.ports.user_service import UserService
from core.domain.session import LoginResult
from tests.fakes.world import PASSWORD, World


async def test_the_platform_s_operations_are_those_of_the_use_cases() -> None:
    world = World()
    service: UserService = world.use_cases.users
    user = await service.register(
        email="ada@example.com", password=PASSWORD, full_name="Ada", caller=world.nobody
    )
    assert user is not None
    assert await service.get_by_id(user.id) == user
    opened = await service.login(email="ada@example.com", password=PASSWORD, caller=world.nobody)
    assert isinstance(opened, LoginResult)
    assert opened.user == user
    kyc = await service.update_kyc(
        user.id, status=KycStatus.VERIFIED, reason=None, caller=world.staff()
    )
    assert kyc.status is KycStatus.VERIFIED
    assert (await service.get_by_id(user.id)).kyc_status is KycStatus.VERIFIED
    with pytest.raises(UserNotFound):
        await service.get_by_id(world.ids.new_id())
