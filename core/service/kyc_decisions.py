"""KYC decisions that the compliance service tells of, each applied once."""

from dataclasses import dataclass

from core.domain.audit import AuditAction
from core.domain.caller import Caller
from core.domain.errors import PermissionDenied
from core.domain.kyc import KycReview, check_transition
from core.domain.ports.clock import IdGenerator
from core.domain.ports.consumed_events import Consumption
from core.domain.ports.kyc_decisions import KycDecision
from core.domain.ports.unit_of_work import Database
from core.service.account_locks import lock_account
from core.service.kyc_review import apply_review
from core.service.recording import Recorder


@dataclass(frozen=True, slots=True, kw_only=True)
class KycDecisionIntake:
    """Implements the port KycDecisions by the rules that hold for every change of KYC.

    The actor of the audit row is the service that told of the decision. The reviewer is its word:
    it stands in the history and in the row's details, where nobody takes it for a caller whom we
    have authenticated.
    """

    database: Database
    recorder: Recorder
    ids: IdGenerator

    async def apply(
        self, decision: KycDecision, *, consumption: Consumption, caller: Caller
    ) -> bool:
        """Apply a decision once; see the port for what is refused."""
        if decision.reviewer_id.casefold() == str(decision.user_id):
            raise PermissionDenied("Nobody reviews their own KYC.")
        async with self.database.transaction() as unit:
            now = self.recorder.clock.now()
            if not await unit.consumed_events.add(consumption, at=now):
                return False
            user = await lock_account(unit, decision.user_id)
            reason = (decision.reason or "").strip() or None
            check_transition(user.kyc_status, decision.status, reason)
            record = self.recorder.begin(unit, caller)
            review = KycReview(
                id=self.ids.new_id(),
                user_id=user.id,
                previous_status=user.kyc_status,
                status=decision.status,
                reason=reason,
                reviewer_id=decision.reviewer_id,
                created_at=record.at,
            )
            await apply_review(
                record,
                AuditAction.KYC_UPDATE,
                review,
                details={
                    "reviewer_id": decision.reviewer_id,
                    "event_id": str(consumption.event_id),
                },
            )
        return True
