"""`python -m core data anonymize`: a clone of another database in which no person is left.

Every part shows one state of the source. A clone that was interrupted goes on with a newer state:
the audit log, where rows are only added, keeps the parts that are there and gets what was committed
since; everything else is copied again. What is complete therefore shows the newest state alone.
"""

import json
import secrets
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from core.bootstrap.audit_access import refusals_in_one_line
from core.bootstrap.data_clone_access import CloneAccess, clone_access
from core.bootstrap.data_clone_parts import LAST, in_turn, missing_parts
from core.bootstrap.data_clone_workers import (
    Copier,
    begin_copying,
    copy_part,
)
from core.bootstrap.data_progress import Progress
from core.bootstrap.data_scan import scan
from core.bootstrap.data_sealing import seal_everything
from core.bootstrap.data_workers import each, worker_pool
from core.bootstrap.foundation import Foundation
from core.bootstrap.refusals import OperationRefused
from core.config.settings import Environment, Settings
from core.crypto.argon2_hasher import Argon2Parameters
from core.crypto.shared_hash import shared_hash
from core.data.anonymization.rules import AUDIT_EVENTS, Unclassified, require_rules
from core.postgres.blocking import BlockingConnection
from core.postgres.cloning import CloneSource, CloneTarget, Span
from core.postgres.database_origin import ANONYMIZED, OriginDesk
from core.vault.blocking import run_blocking

_HOURS: Final = 12 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Where Vault keeps both ends, and how many processes copy."""

    from_path: str
    to_path: str
    workers: int


@dataclass(slots=True, kw_only=True)
class Figures:
    """What a run copied."""

    rows: Counter[str] = field(default_factory=Counter)
    tables: set[str] = field(default_factory=set)
    """Those that are there as a whole, and the audit log once a part of it is."""
    kept_audit_rows: int = 0
    seconds: float = 0.0
    snapshot_at: datetime | None = None


async def anonymize(foundation: Foundation, *, paths: Paths) -> None:
    """Clone, seal and scan; print the figures as JSON.

    Raises:
        OperationRefused: not here, not into this database, or an original value is left.
    """
    settings = foundation.settings
    refuse_elsewhere(settings)
    async with refusals_in_one_line():
        access = await access_of(foundation, paths)
        began = time.monotonic()
        figures = await run_blocking(
            lambda: _clone(access, paths.workers, foundation), timeout_seconds=_HOURS
        )
        sealed = await seal_everything(
            foundation,
            access.target.options,
            access.target.login,
            rows=figures.rows[AUDIT_EVENTS] + figures.kept_audit_rows,
        )
        report = await run_blocking(lambda: scan(access, paths.workers), timeout_seconds=_HOURS)
    total = sum(figures.rows.values())
    answer = {
        "snapshot_at": figures.snapshot_at and figures.snapshot_at.isoformat(),
        "rows": dict(figures.rows),
        "kept_audit_rows": figures.kept_audit_rows,
        "copy_seconds": round(figures.seconds, 1),
        "rows_per_second": round(total / max(figures.seconds, 1e-9)),
        "sealed_rows": sealed,
        "scan": report.told(),
        "seconds": round(time.monotonic() - began, 1),
    }
    sys.stdout.write(json.dumps(answer) + "\n")
    report.require_clean()


async def scan_clone(foundation: Foundation, *, paths: Paths) -> None:
    """Look for values of one database in another; print what was looked through as JSON.

    Raises:
        OperationRefused: one is there; the line names table and column.
    """
    refuse_elsewhere(foundation.settings)
    async with refusals_in_one_line():
        access = await access_of(foundation, paths)
        report = await run_blocking(lambda: scan(access, paths.workers), timeout_seconds=_HOURS)
    sys.stdout.write(json.dumps(report.told()) + "\n")
    report.require_clean()


def refuse_elsewhere(settings: Settings) -> None:
    """Return where clones are made: their keys are those of this environment.

    Raises:
        OperationRefused: this is another one.
    """
    if settings.environment not in {Environment.AUDIT, Environment.DEV}:
        raise OperationRefused("a clone is made with APP_ENV=audit (or dev, to try it out)")


async def access_of(foundation: Foundation, paths: Paths) -> CloneAccess:
    """Read both ends and the keys from Vault."""
    settings = foundation.settings.passwords
    cost = Argon2Parameters(
        memory_kib=settings.memory_kib,
        time_cost=settings.time_cost,
        parallelism=settings.parallelism,
    )
    # Of a password that is forgotten at once: nobody logs in to a clone with a password.
    nobodys = shared_hash(secrets.token_urlsafe(32), cost, seed=secrets.randbits(64))
    return await clone_access(
        foundation, from_path=paths.from_path, to_path=paths.to_path, password_hash=nobodys
    )


def _clone(access: CloneAccess, workers: int, foundation: Foundation) -> Figures:
    holder = BlockingConnection.open_snapshot(access.source.options, access.source.login, None)
    owner = BlockingConnection.open(access.target.options, access.target.login)
    try:
        source, desk, target = CloneSource(holder), OriginDesk(owner), CloneTarget(owner)
        state = source.snapshot()
        try:
            require_rules(source.columns())
        except Unclassified as refusal:
            raise OperationRefused(str(refusal)) from refusal
        extent = source.audit_extent()
        done = _begin(access, desk, target, state.name or "", foundation)
        if extent.oldest is not None and extent.newest is not None:
            desk.make_months(extent.oldest, extent.newest)
        parts = missing_parts(source, (extent.first or 1, extent.last or 0), done)
        figures = Figures(snapshot_at=state.snapshot_at, kept_audit_rows=sum(done.values()))
        progress = Progress("rows", source.count_others() + (extent.row_count or 0))
        progress.skip(figures.kept_audit_rows)
        with worker_pool(workers, begin_copying, access, state.snapshot or "") as pool:
            tasks = in_turn(parts, figures.tables)
            for copied in each(pool, workers, copy_part, tasks):
                figures.tables.add(copied.table)
                figures.rows[copied.table] += copied.rows
                progress.advance(copied.rows)
        last = Copier(access, state.snapshot or "")
        last.complete(LAST, at=foundation.clock.now(), snapshot_at=state.snapshot_at)
        figures.seconds = progress.end()
    finally:
        owner.close()
        holder.close()
    return figures


def _begin(
    access: CloneAccess,
    desk: OriginDesk,
    target: CloneTarget,
    name: str,
    foundation: Foundation,
) -> dict[Span, int]:
    """Let the target say what it becomes; return the parts of the audit log that it has.

    Raises:
        OperationRefused: it holds something else, or another key was used before.
    """
    mark, origin = access.pseudonyms().mark, desk.origin()
    if origin is None and not desk.is_empty():
        raise OperationRefused("the target is not empty, and no clone")
    if origin is not None and origin.kind != ANONYMIZED:
        raise OperationRefused("the target holds made-up data")
    if origin is not None and origin.completed_at is not None:
        raise OperationRefused("the target is a complete clone already; take an empty database")
    if origin is not None and (origin.mark, origin.source) != (mark, name):
        raise OperationRefused("the target is a part of a clone with another key or source")
    desk.begin(ANONYMIZED, name, mark, at=foundation.clock.now())
    target.empty()
    return dict(target.done())
