"""`kyc.review.completed`: the compliance service has decided about a person's KYC."""

from typing import cast
from uuid import UUID

from google.protobuf.message import Message

from core.domain.caller import ActorType, Caller, Origin
from core.domain.kyc import KycStatus
from core.domain.ports.consumed_events import Consumption
from core.domain.ports.kyc_decisions import KycDecision, KycDecisions
from core.events.inbound import InboundEvent
from core.events.subscriptions import Subscription
from pandora.user.v1 import event_pb2, kyc_pb2

EVENT_TYPE = "kyc.review.completed"

SERVICE = "compliance"
"""Whose stream it is: the actor of what follows from it."""

_STATUSES = {
    kyc_pb2.KYC_STATUS_PENDING: KycStatus.PENDING,
    kyc_pb2.KYC_STATUS_VERIFIED: KycStatus.VERIFIED,
    kyc_pb2.KYC_STATUS_REJECTED: KycStatus.REJECTED,
}


def kyc_review_completed(decisions: KycDecisions) -> Subscription[Message]:
    """Return the subscription that applies decisions."""

    async def handle(
        message: event_pb2.KycReviewCompleted, event: InboundEvent, consumption: Consumption
    ) -> bool:
        return await decisions.apply(
            KycDecision(
                user_id=UUID(message.user_id),
                status=_STATUSES[message.status],
                reason=message.reason if message.HasField("reason") else None,
                reviewer_id=message.reviewer_id,
            ),
            consumption=consumption,
            caller=_caller(event),
        )

    subscription = Subscription(
        event_type=EVENT_TYPE, message_type=event_pb2.KycReviewCompleted, handle=handle
    )
    return cast("Subscription[Message]", subscription)


def _caller(event: InboundEvent) -> Caller:
    """Return the service as the actor, in the trace that the event belongs to."""
    origin = Origin(request_id=str(event.id), trace_id=event.trace_id)
    return Caller(origin=origin, actor_type=ActorType.SERVICE, service_name=SERVICE)
