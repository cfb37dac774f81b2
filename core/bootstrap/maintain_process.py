"""The scheduled job that keeps the database in order: `python -m core maintain`."""

import json
import sys
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import structlog

from core.audit.checkpoint_file import CheckpointFile
from core.bootstrap.foundation import Foundation, postgres_options
from core.bootstrap.maintainer import maintainer_login, open_maintainer_database
from core.bootstrap.operations import operator
from core.bootstrap.refusals import OperationRefused
from core.bootstrap.sealer_process import seal_key
from core.bootstrap.startup import Startup, in_one_line
from core.config.settings import Settings
from core.domain.errors import Conflict, DependencyUnavailable
from core.domain.maintenance import PartitionReport, RetirementReport, Served
from core.postgres.database import PostgresDatabase
from core.postgres.served_rows import PostgresMaintenanceTurn
from core.service.audit_retiring import LAWFUL, AuditRetiring
from core.service.cleaning import Cleaning
from core.service.partition_making import PartitionMaking
from core.service.recording import Recorder
from core.vault.errors import BootstrapFileRefused

T = TypeVar("T")

_log = structlog.get_logger(__name__)


async def maintain(foundation: Foundation) -> None:
    """Make partitions, drop months whose time is over, remove what has served; print a summary.

    One part that fails does not keep the others from their work. Where somebody else maintains at
    this moment, nothing is done.

    Raises:
        OperationRefused: a part failed, or found what needs a person; the summary tells.
        StartFailed: Vault or PostgreSQL is out of reach.
    """
    async with Startup() as startup:
        login = await startup.step(
            "read the maintainer's login from Vault", maintainer_login(startup, foundation)
        )
        database = await open_maintainer_database(startup, foundation, login=login)
        options = postgres_options(foundation.settings.postgres, process="maintain-turn")
        async with PostgresMaintenanceTurn(options, login).take() as is_ours:
            run = _Run(startup=startup, foundation=foundation, database=database)
            if is_ours:
                await run.all()
    sys.stdout.write(json.dumps({"turn": is_ours, **run.summary}) + "\n")
    if run.problems:
        raise OperationRefused("; ".join(run.problems))


@dataclass(kw_only=True)
class _Run:
    """One run: its parts, what they did, and what a person has to look at."""

    startup: Startup
    foundation: Foundation
    database: PostgresDatabase
    summary: dict[str, object] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    async def all(self) -> None:
        """Do every part."""
        settings = self.foundation.settings
        making = PartitionMaking(
            partitions=self.database.audit_partitions(), clock=self.foundation.clock
        )
        made = await self._part("partitions", making.run(months_ahead=settings.audit.months_ahead))
        if made is not None:
            self._tell_partitions(made)
        retired = await self._part("retirement", self._retire(settings))
        if retired is not None:
            self._tell_retirement(retired)
        cleaning = Cleaning(rows=self.database.served_rows(), clock=self.foundation.clock)
        removed = await self._part(
            "removal",
            cleaning.run(_seconds_after(settings), batch_size=settings.maintenance.batch_size),
        )
        if removed is not None:
            self.summary["removed"] = {kind.value: count for kind, count in removed.items()}

    async def _part(self, name: str, work: Awaitable[T]) -> T | None:
        try:
            return await work
        except (DependencyUnavailable, BootstrapFileRefused) as failure:
            problem = in_one_line(failure)
        except Conflict:
            problem = "the audit log was in use at every try"
        self.problems.append(f"{name}: {problem}")
        return None

    async def _retire(self, settings: Settings) -> RetirementReport:
        """Drop what may be dropped; without a place for checkpoints nothing may."""
        file = settings.audit.checkpoint_file
        if file is None:
            raise DependencyUnavailable("checkpoints", detail="audit.checkpoint_file is not set")
        return await self._retiring(settings, file).run(
            keep_months=settings.audit.retention_months, caller=operator(self.foundation)
        )

    def _retiring(self, settings: Settings, file: Path) -> AuditRetiring:
        return AuditRetiring(
            database=self.database,
            partitions=self.database.audit_partitions(),
            signer=seal_key(self.startup, settings.vault, self.foundation.logins.for_sealer()),
            notes=CheckpointFile(file),
            recorder=Recorder(clock=self.foundation.clock, ids=self.foundation.ids),
            origin=settings.audit.origin,
        )

    def _tell_partitions(self, report: PartitionReport) -> None:
        rows = report.default_rows
        self.summary["partitions"] = {
            "made": report.made,
            "adopted": report.adopted,
            "blocked": report.blocked,
            "default_oldest": _text(rows.oldest),
            "default_newest": _text(rows.newest),
        }
        if rows.oldest is not None:
            _log.warning(
                "audit_rows_without_a_month",
                oldest=_text(rows.oldest),
                newest=_text(rows.newest),
            )
        if report.blocked:
            self.problems.append(f"partitions: {', '.join(report.blocked)} cannot be made")

    def _tell_retirement(self, report: RetirementReport) -> None:
        self.summary["retired"] = {
            "months": report.retired,
            "rows": report.rows,
            "kept": dict(report.kept),
        }
        self.problems += [
            f"retirement: {month} is kept: {why}"
            for month, why in report.kept.items()
            if why not in LAWFUL
        ]


def _seconds_after(settings: Settings) -> Mapping[Served, int]:
    keeping = settings.maintenance
    return {
        Served.PUBLISHED_EVENTS: settings.relay.retention_seconds,
        Served.MAIL: keeping.mail_seconds,
        Served.ONE_TIME_TOKENS: keeping.one_time_token_seconds,
        Served.REFRESH_TOKENS: keeping.refresh_token_seconds,
        Served.MFA_CHALLENGES: keeping.mfa_challenge_seconds,
        Served.CONSUMED_EVENTS: keeping.consumed_event_seconds,
        Served.KEYED_ANSWERS: keeping.keyed_answer_seconds,
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
