"""Dropping months of the audit log whose time is over."""

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Final

from core.domain.audit import AuditAction, ResourceType
from core.domain.audit_retirement import AuditMonth, Census, Retirement, SignedRetirement
from core.domain.audit_row_text import has_right_hash, leaf_of
from core.domain.caller import Caller
from core.domain.errors import Conflict
from core.domain.maintenance import RetirementReport
from core.domain.ports.audit_seals import CheckpointSigner
from core.domain.ports.maintenance import (
    AuditPartitions,
    NoteStore,
    RetirementRefused,
    RetiringDatabase,
)
from core.service.partition_making import month_after, patiently
from core.service.recording import Affected, Recorder

_PAGE: Final = 5000

ALTERED: Final = "altered"
"""A row's hash is not that of its content. Whoever wants to know more runs `audit verify`."""
IN_USE: Final = "in_use"
HELD: Final = "held"

LAWFUL: Final = frozenset({HELD, IN_USE})
"""Reasons to keep a month that need nobody's attention."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRetiring:
    """Drops months, each with a signed record, in the order of their age."""

    database: RetiringDatabase
    partitions: AuditPartitions
    signer: CheckpointSigner
    notes: NoteStore
    recorder: Recorder
    origin: str

    async def run(self, *, keep_months: int, caller: Caller) -> RetirementReport:
        """Drop every month that ended so many months ago or earlier and may be dropped.

        Raises:
            DependencyUnavailable: something is out of reach; months that were dropped are recorded.
        """
        now = self.recorder.clock.now()
        limit = datetime.combine(month_after(now, -keep_months), time(), UTC)
        retired, kept, rows = [], {}, 0
        for month in await self.partitions.months():
            if month.to_time > limit:
                continue
            try:
                rows += await self._retire(month, keep_months, caller)
            except RetirementRefused as refusal:
                kept[month.name] = refusal.why
            except Conflict:
                kept[month.name] = IN_USE
            else:
                retired.append(month.name)
        return RetirementReport(retired=tuple(retired), kept=kept, rows=rows)

    async def _retire(self, month: AuditMonth, keep_months: int, caller: Caller) -> int:
        if await self.partitions.is_held(month):
            raise RetirementRefused(HELD)
        signed = await self._sign(await self._census(month), month)
        # Outside first: a note of something that is still there misleads nobody.
        await self.notes.add_note(signed.note())
        await patiently(lambda: self._drop(signed, keep_months, caller))
        return signed.retirement.row_count

    async def _census(self, month: AuditMonth) -> Census:
        census, after = Census(), None
        while rows := await self.partitions.rows(month, after=after, limit=_PAGE):
            for row in rows:
                if not has_right_hash(row):
                    raise RetirementRefused(ALTERED)
                census.take(row.sequence, leaf_of(row.sequence, row.hash))
            after = rows[-1].sequence
        return census

    async def _sign(self, census: Census, month: AuditMonth) -> SignedRetirement:
        retirement = Retirement(
            origin=self.origin,
            partition=month.name,
            from_time=month.from_time,
            to_time=month.to_time,
            row_count=census.row_count,
            sequences=census.sequences,
            digest=census.digest(),
            retired_at=self.recorder.clock.now(),
        )
        made = await self.signer.sign(retirement.text(), name=self.origin)
        return SignedRetirement(
            retirement=retirement, signature=made.signature, key_version=made.key_version
        )

    async def _drop(self, signed: SignedRetirement, keep_months: int, caller: Caller) -> None:
        retirement = signed.retirement
        async with self.database.transaction() as unit:
            record = self.recorder.begin(unit, caller)
            await record.success(
                AuditAction.AUDIT_RETIRE,
                Affected(
                    resource_type=ResourceType.AUDIT_LOG,
                    resource_id=retirement.partition,
                    user_id=None,
                ),
                details={
                    "row_count": retirement.row_count,
                    "from_time": retirement.from_time.isoformat(),
                    "to_time": retirement.to_time.isoformat(),
                    "digest": retirement.digest.hex(),
                },
            )
            await unit.retirements.retire(signed, keep_months=keep_months)
            await unit.commit()
