"""The sealer: gathers what was committed to the audit log into seals. Any number of replicas.

What is promised, and what keeps the promise:

- Every row is sealed once: a seal tells which transactions it has seen, the next one gathers those
  that were committed since, and the storage takes each number of a seal once.
- Writers never wait: rows are read as they were committed, and the one lock is the sealers' own.
- Nothing is half there: a seal is signed before it is stored, and while the key is out of reach
  none is stored.
- A row that was altered before it was sealed does not stop the others. It is sealed as it is, told
  at once, and named by every verification.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from core.audit.checkpoint_carrier import CheckpointCarrier
from core.audit.sealer_metrics import SealerMetrics
from core.domain.audit_checkpoint import checkpoint_text
from core.domain.audit_row_text import RowText, has_right_hash
from core.domain.audit_seal import compose
from core.domain.backoff import Backoff, BackoffPolicy
from core.domain.errors import Conflict, DependencyUnavailable
from core.domain.ports.audit_seals import CheckpointSigner, Sealing, SealLog, SnapshotsForeign
from core.domain.ports.clock import Clock

_log = structlog.get_logger(__name__)

_BACKOFF = BackoffPolicy(initial_seconds=0.25, max_seconds=5.0)

_TOLD_AT_MOST: Final = 100
"""How many altered rows of one seal the log names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealerPolicy:
    """In whose name seals are made, how often, and of how many rows at most."""

    origin: str
    interval_seconds: float
    most_rows: int = 10_000
    backoff: BackoffPolicy = _BACKOFF


class Sealer:
    """Runs until it is told to stop; no outage ends it."""

    def __init__(
        self,
        *,
        log: SealLog,
        signer: CheckpointSigner,
        carrier: CheckpointCarrier,
        policy: SealerPolicy,
        metrics: SealerMetrics,
        clock: Clock,
        random: Callable[[], float],
    ) -> None:
        """Take what it works on; `random` answers from 0 to 1."""
        self._seals = log
        self._signer = signer
        self._carrier = carrier
        self._policy = policy
        self._metrics = metrics
        self._clock = clock
        self._backoff = Backoff(policy.backoff, random)

    async def run(self, stopping: asyncio.Event) -> None:
        """Seal until `stopping` is set; a seal that has begun is finished first."""
        while not stopping.is_set():
            pause_seconds = await self._turn()
            await self._carrier.carry()
            if pause_seconds:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), pause_seconds)

    async def seal_next(self) -> bool:
        """Make the next seal if there is anything to seal; tell whether more is left.

        Raises:
            DependencyUnavailable: storage or key is out of reach; nothing was stored.
            SnapshotsForeign: the database was restored from a dump; nothing can be sealed.
        """
        async with self._seals.sealing() as sealing:
            if sealing is None:
                return False
            found = await sealing.rows(limit=self._policy.most_rows + 1)
            if not found:
                self._metrics.unsealed(0.0)
                return False
            rows = found[: self._policy.most_rows]
            is_complete = len(found) == len(rows)
            self._metrics.unsealed(self._age_seconds(rows))
            await self._seal(sealing, rows, is_complete=is_complete)
        if is_complete:
            self._metrics.unsealed(0.0)
        return not is_complete

    async def _seal(self, sealing: Sealing, rows: Sequence[RowText], *, is_complete: bool) -> None:
        seal = compose(
            sealing.end,
            sealing.window,
            rows,
            origin=self._policy.origin,
            sealed_at=self._clock.now(),
            is_complete=is_complete,
        )
        signed = await self._signer.sign(checkpoint_text(seal.head), name=self._policy.origin)
        await sealing.commit(seal, signed)
        self._metrics.sealed(len(rows))
        altered = [row.sequence for row in rows if not has_right_hash(row)]
        if altered:
            self._metrics.altered(len(altered))
            _log.critical(
                "rows were altered before they were sealed",
                count=len(altered),
                sequences=altered[:_TOLD_AT_MOST],
                seal=seal.head.number,
            )

    async def _turn(self) -> float:
        """Make one seal; return how many seconds to wait before the next."""
        try:
            is_more_left = await self.seal_next()
        except DependencyUnavailable as error:
            return self._failed(error.dependency, detail=error.detail)
        except Conflict:
            # Another replica has made this seal: nothing is amiss.
            return self._policy.interval_seconds
        except SnapshotsForeign as error:
            return self._failed("snapshots_foreign", detail=str(error))
        except Exception:  # noqa: BLE001 - a sealer that has died helps nobody
            _log.exception("a seal failed for an unknown reason")
            return self._failed("internal", detail=None)
        self._backoff.reset()
        return 0.0 if is_more_left else self._policy.interval_seconds

    def _age_seconds(self, rows: Sequence[RowText]) -> float:
        try:
            oldest = datetime.fromisoformat(rows[0].occurred_at)
        except ValueError:
            return 0.0
        return max(0.0, (self._clock.now() - oldest).total_seconds())

    def _failed(self, cause: str, *, detail: str | None) -> float:
        pause_seconds = self._backoff.next_delay_seconds()
        self._metrics.failed(cause)
        _log.warning(
            "audit rows wait for their seal",
            cause=cause,
            detail=detail,
            retry_in_seconds=pause_seconds,
        )
        return pause_seconds
