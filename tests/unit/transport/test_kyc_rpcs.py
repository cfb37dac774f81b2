import pytest

from core.domain.user import Role
from pandora.user.v1 import kyc_pb2
from pandora.user.v1 import kyc_service_pb2 as pb
from tests.unit.transport.core_server import refused, running_core

pytestmark = pytest.mark.asyncio


async def test_a_person_without_a_review_is_pending() -> None:
    async with running_core() as core:
        ada = await core.user()
        answer = await core.kyc.GetKyc(pb.GetKycRequest(user_id="me"), metadata=ada.credentials)

    assert answer == pb.GetKycResponse(
        kyc=kyc_pb2.Kyc(user_id=ada.id, status=kyc_pb2.KYC_STATUS_PENDING)
    )
    assert not answer.kyc.HasField("reason")
    assert not answer.kyc.HasField("reviewer_id")
    assert not answer.kyc.HasField("changed_at")


async def test_a_person_walks_through_kyc() -> None:
    async with running_core() as core:
        officer, ada = await core.staff(Role.COMPLIANCE), await core.user()
        rejected = await core.kyc.UpdateKyc(
            pb.UpdateKycRequest(
                user_id=ada.id, status=kyc_pb2.KYC_STATUS_REJECTED, reason="unreadable"
            ),
            metadata=officer.credentials,
        )
        core.world.clock.advance(60)
        submitted = await core.kyc.SubmitKyc(
            pb.SubmitKycRequest(user_id="me"), metadata=ada.credentials
        )
        state = await core.kyc.GetKyc(pb.GetKycRequest(user_id="me"), metadata=ada.credentials)
        listed = await core.kyc.ListKycReviews(
            pb.ListKycReviewsRequest(status=kyc_pb2.KYC_STATUS_REJECTED),
            metadata=officer.credentials,
        )

    assert rejected.kyc.status == kyc_pb2.KYC_STATUS_REJECTED
    assert rejected.kyc.reason == "unreadable"
    assert rejected.kyc.reviewer_id == officer.id
    assert rejected.kyc.changed_at.ToNanoseconds() == 1773480413_589793_000
    assert submitted.kyc == state.kyc
    assert state.kyc.status == kyc_pb2.KYC_STATUS_PENDING
    assert state.kyc.reviewer_id == ada.id
    assert not state.kyc.HasField("reason")
    newest, oldest = state.history
    assert (newest.previous_status, newest.status) == (
        kyc_pb2.KYC_STATUS_REJECTED,
        kyc_pb2.KYC_STATUS_PENDING,
    )
    assert list(listed.reviews) == [oldest]
    assert oldest.user_id == ada.id
    assert oldest.reason == "unreadable"
    assert not newest.HasField("reason")
    assert listed.next_page_token == ""


async def test_a_step_that_is_not_allowed_says_so() -> None:
    async with running_core() as core:
        ada = await core.user()
        orders = await core.service()
        same = await refused(
            core.kyc.UpdateKyc(
                pb.UpdateKycRequest(user_id=ada.id, status=kyc_pb2.KYC_STATUS_PENDING),
                metadata=orders,
            )
        )
        groundless = await refused(
            core.kyc.UpdateKyc(
                pb.UpdateKycRequest(user_id=ada.id, status=kyc_pb2.KYC_STATUS_REJECTED),
                metadata=orders,
            )
        )

    assert same.reason == "KYC_TRANSITION_NOT_ALLOWED"
    assert groundless.reason == "KYC_REASON_REQUIRED"
