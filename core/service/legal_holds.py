"""Placing and releasing legal holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from core.domain.audit import AuditAction, ResourceType
from core.domain.caller import Caller
from core.domain.errors import ValidationFailed, Violation
from core.domain.legal_hold import LegalHold
from core.domain.ports.unit_of_work import Database
from core.service.recording import Affected, Recorder

_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHoldKeeping:
    """What operators do about holds; each act is a row of the audit log."""

    database: Database
    recorder: Recorder

    async def place(
        self,
        *,
        reason: str,
        user_id: UUID | None,
        from_time: datetime | None,
        to_time: datetime | None,
        caller: Caller,
    ) -> LegalHold:
        """Hold all that is stored about a person, or all audit rows of a span of time.

        The person need not exist any more. Waits for whoever erases or drops at this moment.

        Raises:
            ValidationFailed: there is no reason, or what it covers is neither.
            Conflict: somebody erases or drops for so long; nothing was stored.
        """
        if not reason.strip() or len(reason) > _LONGEST_REASON or not reason.isprintable():
            message = f"is one line of 1 to {_LONGEST_REASON} characters"
            raise ValidationFailed(Violation("reason", "hold.reason", message))
        hold_id = self.recorder.ids.new_id()
        async with self.database.transaction() as unit:
            record = self.recorder.begin(unit, caller)
            try:
                hold = LegalHold(
                    id=hold_id,
                    reason=reason.strip(),
                    user_id=user_id,
                    from_time=from_time,
                    to_time=to_time,
                    placed_at=record.at,
                )
            except ValueError as error:
                raise ValidationFailed(Violation("hold", "hold.covers", str(error))) from error
            # The hold first: it may have to wait, and holds nothing meanwhile.
            await unit.legal_holds.add(hold)
            await record.success(
                AuditAction.LEGAL_HOLD_PLACE,
                _the_hold(hold),
                details={"from_time": _text(from_time), "to_time": _text(to_time)},
            )
            await unit.commit()
        return hold

    async def release(self, hold_id: UUID, *, caller: Caller) -> LegalHold:
        """End a hold.

        Raises:
            ValidationFailed: there is none in force with this id.
        """
        async with self.database.transaction() as unit:
            hold = await unit.legal_holds.get(hold_id)
            record = self.recorder.begin(unit, caller)
            if hold is None or not await unit.legal_holds.release(hold_id, at=record.at):
                message = "names no hold that is in force"
                raise ValidationFailed(Violation("hold_id", "hold.exists", message))
            await record.success(AuditAction.LEGAL_HOLD_RELEASE, _the_hold(hold))
            await unit.commit()
        return hold

    async def all(self) -> Sequence[LegalHold]:
        """Return every hold, the oldest first, released ones included."""
        async with self.database.reading() as stored:
            return await stored.legal_holds.all()


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _the_hold(hold: LegalHold) -> Affected:
    return Affected(
        resource_type=ResourceType.LEGAL_HOLD, resource_id=str(hold.id), user_id=hold.user_id
    )
