"""What every storage of KYC changes promises."""

import pytest

from core.domain.kyc import KycReview, KycStatus
from tests.contract.records import Records
from tests.contract.storage import Storage, store_reviews, store_user

pytestmark = pytest.mark.asyncio


async def test_a_person_without_changes_has_no_history(storage: Storage, records: Records) -> None:
    user = await store_user(storage, records.new_user())
    async with storage.database.reading() as stored:
        assert await stored.kyc_reviews.latest(user.id) is None
        assert await stored.kyc_reviews.history(user.id) == []


async def test_the_history_of_a_person_comes_newest_first(
    storage: Storage, records: Records
) -> None:
    user = await store_user(storage, records.new_user())
    stranger = await store_user(storage, records.new_user())
    rejected, submitted, _ = await store_reviews(
        storage,
        records.kyc_review(user.id, KycStatus.REJECTED, reason="blurred"),
        records.kyc_review(user.id, KycStatus.PENDING, previous=KycStatus.REJECTED),
        records.kyc_review(stranger.id),
    )
    async with storage.database.reading() as stored:
        assert await stored.kyc_reviews.history(user.id) == [submitted, rejected]
        assert await stored.kyc_reviews.latest(user.id) == submitted


async def test_changes_are_listed_by_status_in_pages(storage: Storage, records: Records) -> None:
    users = [await store_user(storage, records.new_user()) for _ in range(3)]
    made = await store_reviews(
        storage,
        records.kyc_review(users[0].id),
        records.kyc_review(users[1].id, KycStatus.REJECTED, reason="expired"),
        records.kyc_review(users[2].id),
        records.kyc_review(users[0].id, KycStatus.PENDING, previous=KycStatus.VERIFIED),
    )

    async def page(
        status: KycStatus | None, *, before: KycReview | None = None, limit: int = 10
    ) -> list[KycReview]:
        async with storage.database.reading() as stored:
            return list(
                await stored.kyc_reviews.list_page(
                    status=status, before=None if before is None else before.id, limit=limit
                )
            )

    assert await page(None) == list(made[::-1])
    assert await page(None, limit=2) == [made[3], made[2]]
    assert await page(None, before=made[2]) == [made[1], made[0]]
    assert await page(KycStatus.VERIFIED) == [made[2], made[0]]
    assert await page(KycStatus.VERIFIED, before=made[2], limit=1) == [made[0]]
    assert await page(KycStatus.REJECTED) == [made[1]]
