"""KYC."""

from dataclasses import replace

import pytest

from core.domain.audit import AuditAction, AuditOutcome, ResourceType
from core.domain.caller import ActorType, Caller
from core.domain.errors import (
    KycReasonRequired,
    KycTransitionNotAllowed,
    PageTokenInvalid,
    UserNotFound,
    ValidationFailed,
)
from core.domain.events import UserKycUpdated
from core.domain.kyc import Kyc, KycReview, KycStatus
from core.domain.user import Role, User
from tests.fakes.world import ORIGIN, World

PENDING, VERIFIED, REJECTED = KycStatus.PENDING, KycStatus.VERIFIED, KycStatus.REJECTED

PATHS = {PENDING: [], VERIFIED: [VERIFIED], REJECTED: [REJECTED]}


async def _ada(status: KycStatus = PENDING) -> tuple[World, User]:
    """Register somebody whose KYC stands at a status."""
    world = World()
    user = await world.register()
    for step in PATHS[status]:
        await _decide(world, user, step, "unreadable")
    world.forget_the_past()
    world.clock.advance(60)
    return world, world.stored_user(user.id)


async def _decide(
    world: World,
    user: User,
    status: KycStatus,
    reason: str | None = None,
    caller: Caller | None = None,
) -> Kyc:
    return await world.use_cases.kyc.update(
        user.id, status=status, reason=reason, caller=caller or world.staff(Role.COMPLIANCE)
    )


async def test_a_decision_is_one_row_of_history_one_of_the_log_and_one_event() -> None:
    world, user = await _ada()
    reviewer = world.staff(Role.COMPLIANCE)
    kyc = await _decide(world, user, REJECTED, " unreadable ", reviewer)
    (review,) = world.database.tables.kyc_reviews.values()
    assert review == KycReview(
        id=review.id,
        user_id=user.id,
        previous_status=PENDING,
        status=REJECTED,
        reason="unreadable",
        reviewer_id=str(reviewer.user_id),
        created_at=world.clock.now(),
    )
    assert kyc == Kyc(user_id=user.id, status=REJECTED, last_review=review)
    stored = world.stored_user(user.id)
    assert (stored.kyc_status, stored.updated_at) == (REJECTED, world.clock.now())
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.KYC_UPDATE, AuditOutcome.SUCCESS)
    assert (entry.resource_type, entry.resource_id) == (ResourceType.KYC, str(user.id))
    assert (entry.actor_id, entry.user_id) == (str(reviewer.user_id), user.id)
    assert entry.reason == "unreadable"
    assert entry.details == {"previous_status": "pending", "status": "rejected"}
    assert world.database.events == [
        UserKycUpdated(
            user_id=user.id,
            previous_status=PENDING,
            status=REJECTED,
            reason="unreadable",
            reviewer_id=str(reviewer.user_id),
        )
    ]


async def test_a_service_reviews_under_its_name() -> None:
    world, user = await _ada()
    service = Caller(
        origin=ORIGIN, actor_type=ActorType.SERVICE, service_name="vetting", role=Role.SERVICE
    )
    kyc = await _decide(world, user, VERIFIED, caller=service)
    assert kyc.last_review is not None
    assert kyc.last_review.reviewer_id == "service:vetting"
    assert world.only_audit_entry.actor_id == "service:vetting"


async def test_the_system_reviews_as_the_system() -> None:
    world, user = await _ada()
    kyc = await _decide(world, user, VERIFIED, caller=world.system)
    assert kyc.last_review is not None
    assert kyc.last_review.reviewer_id == "system"


ALLOWED = {
    (PENDING, VERIFIED),
    (PENDING, REJECTED),
    (REJECTED, PENDING),
    (VERIFIED, PENDING),
}


@pytest.mark.parametrize("wanted", KycStatus)
@pytest.mark.parametrize("current", KycStatus)
async def test_only_steps_of_the_contract_are_taken(current: KycStatus, wanted: KycStatus) -> None:
    world, user = await _ada(current)
    before = world.database.snapshot()
    if (current, wanted) in ALLOWED:
        assert (await _decide(world, user, wanted, "because")).status is wanted
        assert world.stored_user(user.id).kyc_status is wanted
    else:
        with pytest.raises(KycTransitionNotAllowed):
            await _decide(world, user, wanted, "because")
        assert world.database.snapshot() == before


@pytest.mark.parametrize("reason", [None, "", "  "])
async def test_a_rejection_without_a_reason_is_refused(reason: str | None) -> None:
    world, user = await _ada()
    before = world.database.snapshot()
    with pytest.raises(KycReasonRequired):
        await _decide(world, user, REJECTED, reason)
    assert world.database.snapshot() == before


async def test_a_blank_reason_is_none() -> None:
    world, user = await _ada()
    kyc = await _decide(world, user, VERIFIED, " ")
    assert kyc.last_review is not None
    assert kyc.last_review.reason is None
    assert world.only_audit_entry.reason is None


async def test_a_person_hands_in_again_what_was_rejected() -> None:
    world, user = await _ada(REJECTED)
    kyc = await world.use_cases.kyc.submit(user.id, caller=world.caller(user))
    assert kyc.status is PENDING
    assert kyc.last_review is not None
    assert kyc.last_review.reviewer_id == str(user.id)
    assert kyc.last_review.previous_status is REJECTED
    assert world.stored_user(user.id).kyc_status is PENDING
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.KYC_SUBMIT, AuditOutcome.SUCCESS)
    assert entry.actor_id == str(user.id)
    assert world.database.events == [
        UserKycUpdated(
            user_id=user.id,
            previous_status=REJECTED,
            status=PENDING,
            reason=None,
            reviewer_id=str(user.id),
        )
    ]


@pytest.mark.parametrize("status", [PENDING, VERIFIED])
async def test_what_was_not_rejected_cannot_be_handed_in_again(status: KycStatus) -> None:
    world, user = await _ada(status)
    before = world.database.snapshot()
    with pytest.raises(KycTransitionNotAllowed):
        await world.use_cases.kyc.submit(user.id, caller=world.caller(user))
    assert world.database.snapshot() == before


async def test_a_deleted_or_unknown_person_s_kyc_does_not_change() -> None:
    world, user = await _ada(REJECTED)
    await world.use_cases.deletion.delete(user.id, caller=world.caller(user))
    before = world.database.snapshot()
    for absent in (user, replace(user, id=world.ids.new_id())):
        with pytest.raises(UserNotFound):
            await _decide(world, absent, PENDING)
        with pytest.raises(UserNotFound):
            await world.use_cases.kyc.submit(absent.id, caller=world.caller(absent))
    assert world.database.snapshot() == before


async def test_state_and_history_are_read_together_the_newest_first() -> None:
    world, user = await _ada(REJECTED)
    kyc, history = await world.use_cases.kyc.get(user.id)
    assert kyc == Kyc(user_id=user.id, status=REJECTED, last_review=history[0])
    await world.use_cases.kyc.submit(user.id, caller=world.caller(user))
    await _decide(world, user, VERIFIED)
    kyc, history = await world.use_cases.kyc.get(user.id)
    assert [review.status for review in history] == [VERIFIED, PENDING, REJECTED]
    assert kyc == Kyc(user_id=user.id, status=VERIFIED, last_review=history[0])


async def test_a_person_without_any_review_is_pending() -> None:
    world, user = await _ada()
    assert await world.use_cases.kyc.get(user.id) == (
        Kyc(user_id=user.id, status=PENDING, last_review=None),
        [],
    )


async def test_a_deleted_person_s_kyc_can_still_be_read() -> None:
    world, user = await _ada(VERIFIED)
    await world.use_cases.deletion.delete(user.id, caller=world.caller(user))
    kyc, _ = await world.use_cases.kyc.get(user.id)
    assert kyc.status is VERIFIED
    with pytest.raises(UserNotFound):
        await world.use_cases.kyc.get(world.ids.new_id())


async def test_changes_over_all_persons_are_listed_page_by_page() -> None:
    world, ada = await _ada()
    eve = await world.register("eve@example.com")
    await _decide(world, ada, VERIFIED)
    await _decide(world, eve, REJECTED, "unreadable")
    await _decide(world, ada, PENDING)
    list_page = world.use_cases.kyc.list_page
    first = await list_page(status=None, page_size=2, page_token="")
    assert [(review.user_id, review.status) for review in first.items] == [
        (ada.id, PENDING),
        (eve.id, REJECTED),
    ]
    second = await list_page(status=None, page_size=2, page_token=first.next_page_token)
    assert [(review.user_id, review.status) for review in second.items] == [(ada.id, VERIFIED)]
    assert second.next_page_token == ""
    rejected = await list_page(status=REJECTED, page_size=0, page_token="")
    assert [review.user_id for review in rejected.items] == [eve.id]
    with pytest.raises(PageTokenInvalid):
        await list_page(status=PENDING, page_size=2, page_token=first.next_page_token)
    with pytest.raises(ValidationFailed):
        await list_page(status=None, page_size=-1, page_token="")
