"""Sealing many new audit rows at once, by the sealer's own code and with its own key."""

import random
import time
from dataclasses import replace
from typing import Final

from core.audit.checkpoint_carrier import CheckpointCarrier
from core.audit.checkpoint_file import CheckpointFile
from core.audit.sealer import Sealer, SealerPolicy
from core.bootstrap.data_progress import Progress
from core.bootstrap.foundation import Foundation
from core.bootstrap.refusals import OperationRefused
from core.bootstrap.sealer_process import seal_key
from core.bootstrap.startup import Startup
from core.domain.errors import Conflict
from core.domain.ports.audit_seals import SnapshotsForeign
from core.postgres.audit_seals import PostgresSealLog
from core.postgres.connection import PostgresLogin, PostgresOptions
from core.postgres.pool import Pool

_STATEMENT_SECONDS: Final = 600.0


async def seal_everything(
    foundation: Foundation, options: PostgresOptions, login: PostgresLogin, *, rows: int
) -> int:
    """Seal what is not sealed yet, and carry the checkpoints out; return how many rows it were.

    Where a sealer runs beside this, it may do a part of the work, or all of it.

    Raises:
        OperationRefused: there is no place for checkpoints, or nothing can be sealed here.
        DependencyUnavailable: Vault or PostgreSQL is out of reach; what is sealed stays sealed.
    """
    settings = foundation.settings
    if settings.audit.checkpoint_file is None:
        raise OperationRefused("audit.checkpoint_file is not set; seals need a place outside")
    async with Startup() as startup:
        patient = replace(
            options,
            pool_min_size=1,
            pool_max_size=2,
            statement_timeout_seconds=_STATEMENT_SECONDS,
            idle_in_transaction_timeout_seconds=_STATEMENT_SECONDS,
        )

        async def known() -> PostgresLogin:
            return login

        pool = Pool(patient, known)
        startup.on_end(pool.close)
        await pool.open()
        counter = _Counter(Progress("audit rows sealed", rows))
        seals = PostgresSealLog(pool)
        carrier = CheckpointCarrier(
            log=seals,
            store=CheckpointFile(settings.audit.checkpoint_file),
            metrics=counter,
            monotonic=time.monotonic,
            random=random.random,
        )
        sealer = Sealer(
            log=seals,
            signer=seal_key(startup, settings.vault, foundation.logins.for_sealer()),
            carrier=carrier,
            policy=SealerPolicy(
                origin=settings.audit.origin,
                interval_seconds=settings.audit.seal_interval_seconds,
                most_rows=settings.audit.seal_max_rows,
            ),
            metrics=counter,
            clock=foundation.clock,
            random=random.random,
        )
        try:
            await _until_sealed(sealer)
        except SnapshotsForeign as refusal:
            raise OperationRefused(str(refusal)) from refusal
        await carrier.carry()
        counter.progress.end()
    return counter.rows


async def _until_sealed(sealer: Sealer) -> None:
    while True:
        try:
            if not await sealer.seal_next():
                return
        except Conflict:
            # A sealer that runs beside this has made the same seal.
            continue


class _Counter:
    """Implements SealerMetrics: how far it has come is shown, and nothing else is measured."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.rows = 0

    def sealed(self, row_count: int) -> None:
        """Count, and show."""
        self.rows += row_count
        self.progress.advance(row_count)

    def failed(self, cause: str) -> None:
        """Leave it to the log."""

    def altered(self, row_count: int) -> None:
        """Leave it to the log."""

    def unsealed(self, oldest_age_seconds: float) -> None:
        """Leave it: every row is new."""

    def checkpoints(self, missing: int) -> None:
        """Leave it: none waits for long."""
