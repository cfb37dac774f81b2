"""What every storage of accounts promises about its lists."""

import pytest

from core.domain.kyc import KycStatus
from core.domain.user import Role, User, UserFilter, UserStatus
from tests.contract.records import Records
from tests.contract.storage import Storage, store_user

pytestmark = pytest.mark.asyncio


async def emails(storage: Storage, where: UserFilter, *, limit: int = 100) -> list[str]:
    async with storage.database.reading() as stored:
        return [
            user.email for user in await stored.users.list_page(where, before=None, limit=limit)
        ]


async def everyone(storage: Storage, records: Records) -> dict[str, User]:
    """Store a person of each kind, from the oldest to the newest."""
    new = {
        "plain": records.new_user("plain@example.com", full_name="Ada Lovelace"),
        "support": records.new_user(
            "support@example.com", full_name="Straßen Meister", role=Role.SUPPORT
        ),
        "verified": records.new_user("Verified@example.com", full_name=None),
        "suspended": records.new_user("suspended@example.com", full_name="ada_100%"),
        "deleted": records.new_user("deleted@example.com", full_name="Gone"),
        "both": records.new_user("both@example.com", full_name="Gone As Well"),
    }
    users = {name: await store_user(storage, user) for name, user in new.items()}
    async with storage.database.transaction() as unit:
        await unit.users.update_kyc(
            users["verified"].id, status=KycStatus.VERIFIED, at=records.later()
        )
        for name in ("suspended", "both"):
            await unit.users.set_suspended(users[name].id, suspended=True, at=records.later())
        for name in ("deleted", "both"):
            await unit.users.soft_delete(users[name].id, at=records.later())
        await unit.commit()
    return users


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (UserFilter(), ["suspended", "Verified", "support", "plain"]),
        (
            UserFilter(show_deleted=True),
            ["both", "deleted", "suspended", "Verified", "support", "plain"],
        ),
        (UserFilter(status=UserStatus.ACTIVE), ["Verified", "support", "plain"]),
        (UserFilter(status=UserStatus.SUSPENDED), ["suspended"]),
        (UserFilter(status=UserStatus.SUSPENDED, show_deleted=True), ["suspended"]),
        (UserFilter(status=UserStatus.DELETED), ["both", "deleted"]),
        (UserFilter(role=Role.SUPPORT), ["support"]),
        (UserFilter(role=Role.ADMIN), []),
        (UserFilter(kyc_status=KycStatus.VERIFIED), ["Verified"]),
        (UserFilter(kyc_status=KycStatus.PENDING, role=Role.USER), ["suspended", "plain"]),
        (UserFilter(query="VERI"), ["Verified"]),
        (UserFilter(query=" plain@EXAMPLE.com "), ["plain"]),
        (UserFilter(query="example.com"), []),
        (UserFilter(query="aDa L"), ["plain"]),
        (UserFilter(query="ada"), ["suspended", "plain"]),
        (UserFilter(query="STRASSEN"), ["support"]),
        (UserFilter(query="straßen m"), ["support"]),
        (UserFilter(query="ada_"), ["suspended"]),
        (UserFilter(query="ada_100%"), ["suspended"]),
        (UserFilter(query="%"), []),
        (UserFilter(query="\\"), []),
        (UserFilter(query="gone", show_deleted=True), ["both", "deleted"]),
        (UserFilter(query=""), ["suspended", "Verified", "support", "plain"]),
    ],
)
async def test_a_filter_narrows_and_the_newest_come_first(
    storage: Storage, records: Records, where: UserFilter, expected: list[str]
) -> None:
    await everyone(storage, records)
    assert await emails(storage, where) == [f"{name}@example.com" for name in expected]


async def test_pages_follow_one_another_without_gap_or_repeat(
    storage: Storage, records: Records
) -> None:
    users = [await store_user(storage, records.new_user()) for _ in range(5)]
    read: list[list[User]] = []
    async with storage.database.reading() as stored:
        before = None
        while page := await stored.users.list_page(UserFilter(), before=before, limit=2):
            read.append(list(page))
            before = page[-1].id
    assert read == [[users[4], users[3]], [users[2], users[1]], [users[0]]]


async def test_an_account_made_meanwhile_does_not_shift_the_next_page(
    storage: Storage, records: Records
) -> None:
    users = [await store_user(storage, records.new_user()) for _ in range(4)]
    async with storage.database.reading() as stored:
        first = await stored.users.list_page(UserFilter(), before=None, limit=2)
        await store_user(storage, records.new_user())
        second = await stored.users.list_page(UserFilter(), before=first[-1].id, limit=2)
    assert [*first, *second] == users[::-1]
