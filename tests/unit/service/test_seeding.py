"""Mock data for development."""

import pytest

from core.domain.errors import PasswordTooWeak
from core.domain.kyc import KycStatus
from core.domain.user import Role, UserFilter
from core.service.seed_people import COMPLIANCE, PEOPLE, SUPPORT
from core.service.seeding import Seeding
from tests.fakes.world import World
from tests.unit.service.concurrently import outcomes

ADMIN = "admin@pandora.example"
ADMIN_PASSWORD = "an administrator's password"
USER_PASSWORD = "everybody's password"


async def _seed(world: World) -> int:
    return await Seeding(use_cases=world.use_cases).seed(
        admin_email=ADMIN,
        admin_password=ADMIN_PASSWORD,
        user_password=USER_PASSWORD,
        caller=world.system,
    )


async def test_seeding_makes_an_administrator_staff_and_users() -> None:
    world = World()
    assert await _seed(world) == 3 + len(PEOPLE)
    admin = await world.login(ADMIN, ADMIN_PASSWORD)
    assert admin.user.role is Role.ADMIN
    for staff, role in ((COMPLIANCE, Role.COMPLIANCE), (SUPPORT, Role.SUPPORT)):
        assert (await world.login(staff.email, USER_PASSWORD)).user.role is role
    for person in PEOPLE:
        assert (await world.login(person.email, USER_PASSWORD)).user.full_name == person.full_name


async def test_every_kyc_status_has_somebody_and_a_history() -> None:
    world = World()
    await _seed(world)
    for status in KycStatus:
        page = await world.use_cases.accounts.list_page(
            UserFilter(kyc_status=status, role=Role.USER), page_size=0, page_token=""
        )
        assert page.items
    reviewer = await world.use_cases.accounts.get_by_email(COMPLIANCE.email)
    reviews = world.database.tables.kyc_reviews.values()
    assert len(reviews) == sum(len(person.decisions) for person in PEOPLE)
    assert {review.reviewer_id for review in reviews} == {str(reviewer.id)}


async def test_seeding_again_changes_nothing_and_hashes_nothing() -> None:
    world = World()
    await _seed(world)
    before = world.database.snapshot()
    world.hasher.busy = True
    assert await _seed(world) == 0
    assert world.database.snapshot() == before


async def test_seeding_completes_what_is_missing() -> None:
    world = World()
    existing = await world.register(PEOPLE[0].email.upper(), full_name="Somebody")
    assert await _seed(world) == 3 + len(PEOPLE) - 1
    assert world.stored_user(existing.id) == existing


async def test_two_seedings_at_once_make_everybody_once() -> None:
    world = World()
    results = await outcomes([_seed(world), _seed(world)])
    made = [result for result in results if isinstance(result, int)]
    assert len(made) == 2
    assert sum(made) == 3 + len(PEOPLE)
    addresses = [stored.email_key for stored in world.database.tables.users.values()]
    assert len(addresses) == len(set(addresses)) == 3 + len(PEOPLE)


async def test_the_policy_has_a_say_on_seeded_passwords() -> None:
    world = World()
    with pytest.raises(PasswordTooWeak):
        await Seeding(use_cases=world.use_cases).seed(
            admin_email=ADMIN,
            admin_password="short",
            user_password=USER_PASSWORD,
            caller=world.system,
        )
    assert not world.database.tables.users
