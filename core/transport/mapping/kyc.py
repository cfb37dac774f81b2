"""KYC."""

from core.domain.kyc import Kyc, KycReview
from core.transport.mapping.enums import KYC_STATUSES
from core.transport.mapping.times import to_timestamp
from pandora.user.v1 import kyc_pb2


def to_kyc(kyc: Kyc) -> kyc_pb2.Kyc:
    """Translate the present state."""
    message = kyc_pb2.Kyc(user_id=str(kyc.user_id), status=KYC_STATUSES.to_wire(kyc.status))
    if (review := kyc.last_review) is not None:
        message.reviewer_id = review.reviewer_id
        message.changed_at.CopyFrom(to_timestamp(review.created_at))
        if review.reason is not None:
            message.reason = review.reason
    return message


def to_review(review: KycReview) -> kyc_pb2.KycReview:
    """Translate one change."""
    return kyc_pb2.KycReview(
        id=str(review.id),
        user_id=str(review.user_id),
        previous_status=KYC_STATUSES.to_wire(review.previous_status),
        status=KYC_STATUSES.to_wire(review.status),
        reason=review.reason,
        reviewer_id=review.reviewer_id,
        created_at=to_timestamp(review.created_at),
    )
