"""Carries the checkpoint of every seal to a place outside the database, late rather than never."""

from collections.abc import Callable
from typing import Final

import structlog

from core.audit.sealer_metrics import SealerMetrics
from core.domain.audit_checkpoint import checkpoint_note
from core.domain.audit_seal import SignedHead
from core.domain.backoff import Backoff, BackoffPolicy
from core.domain.errors import DependencyUnavailable
from core.domain.ports.audit_seals import CheckpointStore, SealLog

_BATCH: Final = 500

_BACKOFF = BackoffPolicy(initial_seconds=0.25, max_seconds=5.0)

_log = structlog.get_logger(__name__)


class CheckpointsContradict(Exception):
    """The newest checkpoint outside is not that of a seal: seals were deleted or made anew."""


class CheckpointCarrier:
    """Looks up what the place has last and writes what follows; no failure of it stops sealing."""

    def __init__(
        self,
        *,
        log: SealLog,
        store: CheckpointStore,
        metrics: SealerMetrics,
        monotonic: Callable[[], float],
        random: Callable[[], float],
        backoff: BackoffPolicy = _BACKOFF,
    ) -> None:
        """Take what it works on; `monotonic` is in seconds, `random` answers from 0 to 1."""
        self._seals = log
        self._store = store
        self._metrics = metrics
        self._monotonic = monotonic
        self._backoff = Backoff(backoff, random)
        self._not_before = monotonic()

    async def carry(self) -> None:
        """Write the checkpoints that are missing, unless it is too early after a failure."""
        if self._monotonic() < self._not_before:
            return
        try:
            while await self.carry_batch():
                pass
        except DependencyUnavailable as error:
            self._failed(error.dependency, detail=error.detail)
        except CheckpointsContradict as error:
            self._failed("checkpoints_contradict", detail=str(error))
        except Exception:  # noqa: BLE001 - it is logged and counted, and sealing goes on
            _log.exception("checkpoints failed for an unknown reason")
            self._failed("internal", detail=None)
        else:
            self._backoff.reset()

    async def carry_batch(self) -> bool:
        """Write the next missing checkpoints; tell whether there may be more.

        Raises:
            DependencyUnavailable: seals or place are out of reach.
            CheckpointsContradict: what the place has is not of these seals.
        """
        newest = await self._store.newest()
        number = 0 if newest is None else newest.number
        # The seal of the newest checkpoint as well, to see whether it is still what it was.
        heads = await self._seals.heads_from(max(number, 1), limit=_BATCH)
        if newest is not None:
            if not heads or not _is_of(newest.note, heads[0]):
                raise CheckpointsContradict(f"seal {number} is not what its checkpoint says")
            heads = heads[1:]
        self._metrics.checkpoints(len(heads))
        if not heads:
            return False
        await self._store.append(heads)
        self._metrics.checkpoints(0)
        return True

    def _failed(self, cause: str, *, detail: str | None) -> None:
        pause_seconds = self._backoff.next_delay_seconds()
        self._not_before = self._monotonic() + pause_seconds
        self._metrics.failed(cause)
        _log.error(
            "checkpoints wait for their place",
            cause=cause,
            detail=detail,
            retry_in_seconds=pause_seconds,
        )


def _is_of(note: str, signed: SignedHead) -> bool:
    return note == checkpoint_note(signed)
