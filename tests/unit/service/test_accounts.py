"""Reading accounts."""

import base64
import json

import pytest

from core.domain.errors import PageTokenInvalid, UserNotFound, ValidationFailed
from core.domain.kyc import KycStatus
from core.domain.user import Role, User, UserFilter, UserStatus
from tests.fakes.world import World

EVERYBODY = UserFilter()


async def _people(world: World, count: int) -> list[User]:
    """Register people and return them as lists do: the newest first."""
    people = [await world.register(f"person{number}@example.com") for number in range(count)]
    return people[::-1]


async def _walk(world: World, where: UserFilter, page_size: int) -> list[list[User]]:
    pages: list[list[User]] = []
    token = ""
    while token or not pages:
        page = await world.use_cases.accounts.list_page(
            where, page_size=page_size, page_token=token
        )
        pages.append(list(page.items))
        token = page.next_page_token
    return pages


async def test_an_account_is_found_by_id_deleted_or_not() -> None:
    world = World()
    user = await world.register()
    assert await world.use_cases.accounts.get(user.id) == user
    deleted = await world.use_cases.deletion.delete(user.id, caller=world.caller(user))
    assert await world.use_cases.accounts.get(user.id) == deleted


async def test_an_unknown_id_is_told_apart() -> None:
    world = World()
    with pytest.raises(UserNotFound):
        await world.use_cases.accounts.get(world.ids.new_id())


async def test_an_account_is_found_by_its_address_in_any_spelling() -> None:
    world = World()
    user = await world.register("Zoë@example.com")
    spelling = " ZOE\u0308@EXAMPLE.com "
    assert await world.use_cases.accounts.get_by_email(spelling) == user


async def test_a_deleted_account_is_not_found_by_its_address() -> None:
    world = World()
    user = await world.register()
    await world.use_cases.deletion.delete(user.id, caller=world.caller(user))
    with pytest.raises(UserNotFound):
        await world.use_cases.accounts.get_by_email("ada@example.com")


async def test_what_is_no_address_is_not_looked_for() -> None:
    world = World()
    with pytest.raises(ValidationFailed):
        await world.use_cases.accounts.get_by_email("nobody")


async def test_many_are_returned_once_each_in_the_order_asked_for() -> None:
    world = World()
    third, second, first = await _people(world, 3)
    unknown = world.ids.new_id()
    asked = [second.id, unknown, third.id, second.id, first.id]
    assert await world.use_cases.accounts.get_many(asked) == [second, third, first]
    assert await world.use_cases.accounts.get_many([]) == []


@pytest.mark.parametrize(("count", "sizes"), [(0, [0]), (1, [1]), (3, [3]), (4, [3, 1])])
async def test_pages_hold_everybody_once_the_newest_first(count: int, sizes: list[int]) -> None:
    world = World()
    people = await _people(world, count)
    pages = await _walk(world, EVERYBODY, 3)
    assert [len(page) for page in pages] == sizes
    assert [user for page in pages for user in page] == people


async def test_somebody_who_registers_meanwhile_shifts_no_page() -> None:
    world = World()
    people = await _people(world, 4)
    accounts = world.use_cases.accounts
    first = await accounts.list_page(EVERYBODY, page_size=2, page_token="")
    await world.register("late@example.com")
    second = await accounts.list_page(EVERYBODY, page_size=2, page_token=first.next_page_token)
    assert [*first.items, *second.items] == people


async def test_the_page_size_is_50_unless_given_and_never_over_1000() -> None:
    world = World()
    people = await _people(world, 1001)
    accounts = world.use_cases.accounts
    page = await accounts.list_page(EVERYBODY, page_size=0, page_token="")
    assert page.items == people[:50]
    page = await accounts.list_page(EVERYBODY, page_size=1001, page_token="")
    assert page.items == people[:1000]
    assert page.next_page_token


async def test_a_negative_page_size_is_refused() -> None:
    world = World()
    with pytest.raises(ValidationFailed):
        await world.use_cases.accounts.list_page(EVERYBODY, page_size=-1, page_token="")


@pytest.mark.parametrize(
    "changed",
    [
        UserFilter(query="pers"),
        UserFilter(kyc_status=KycStatus.PENDING),
        UserFilter(role=Role.USER),
        UserFilter(status=UserStatus.ACTIVE),
        UserFilter(show_deleted=True),
    ],
)
async def test_a_page_token_is_worth_nothing_under_another_filter(changed: UserFilter) -> None:
    world = World()
    await _people(world, 3)
    accounts = world.use_cases.accounts
    page = await accounts.list_page(EVERYBODY, page_size=1, page_token="")
    with pytest.raises(PageTokenInvalid):
        await accounts.list_page(changed, page_size=1, page_token=page.next_page_token)


async def test_the_page_size_is_no_part_of_the_filter() -> None:
    world = World()
    people = await _people(world, 3)
    accounts = world.use_cases.accounts
    page = await accounts.list_page(EVERYBODY, page_size=1, page_token="")
    page = await accounts.list_page(EVERYBODY, page_size=9, page_token=page.next_page_token)
    assert page.items == people[1:]


async def test_a_page_token_of_another_list_is_worth_nothing() -> None:
    world = World()
    for user in await _people(world, 2):
        await world.use_cases.kyc.update(
            user.id, status=KycStatus.VERIFIED, reason=None, caller=world.staff()
        )
    page = await world.use_cases.kyc.list_page(status=None, page_size=1, page_token="")
    assert page.next_page_token
    with pytest.raises(PageTokenInvalid):
        await world.use_cases.accounts.list_page(
            EVERYBODY, page_size=1, page_token=page.next_page_token
        )


async def test_a_malformed_page_token_is_refused() -> None:
    world = World()
    with pytest.raises(PageTokenInvalid):
        await world.use_cases.accounts.list_page(EVERYBODY, page_size=1, page_token="made up")


async def test_a_position_that_is_no_id_is_refused() -> None:
    world = World()
    content = json.dumps(["no id", {"of": "users"}], sort_keys=True).encode()
    token = base64.urlsafe_b64encode(content).decode()
    with pytest.raises(PageTokenInvalid):
        await world.use_cases.accounts.list_page(EVERYBODY, page_size=1, page_token=token)


async def test_filters_narrow() -> None:
    world = World()
    ada = await world.register("ada@example.com", full_name="Byron, Ada")
    eve = await world.register("eve@example.com")
    root = await world.create_admin()
    ada_verified = await world.use_cases.kyc.update(
        ada.id, status=KycStatus.VERIFIED, reason=None, caller=world.staff()
    )
    await world.use_cases.administration.suspend(eve.id, reason="fraud", caller=world.staff())

    async def found(where: UserFilter) -> set[str]:
        (page,) = await _walk(world, where, 50)
        return {user.email for user in page}

    assert ada_verified.status is KycStatus.VERIFIED
    assert await found(UserFilter(kyc_status=KycStatus.VERIFIED)) == {ada.email}
    assert await found(UserFilter(role=Role.ADMIN)) == {root.email}
    assert await found(UserFilter(status=UserStatus.SUSPENDED)) == {eve.email}
    assert await found(UserFilter(query="EVE@")) == {eve.email}
    assert await found(UserFilter(query=" byron")) == {ada.email}
    assert await found(UserFilter(query="   ")) == {ada.email, eve.email, root.email}
    assert await found(UserFilter(query="nobody")) == set()


async def test_deleted_accounts_are_listed_only_on_request() -> None:
    world = World()
    gone, stays = await world.register("gone@example.com"), await world.register("a@example.com")
    deleted = await world.use_cases.deletion.delete(gone.id, caller=world.staff())
    assert await _walk(world, EVERYBODY, 50) == [[stays]]
    assert await _walk(world, UserFilter(show_deleted=True), 50) == [[stays, deleted]]
    assert await _walk(world, UserFilter(status=UserStatus.DELETED), 50) == [[deleted]]
