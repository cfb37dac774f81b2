"""The audit log on a real database as its maintainer sees it, with months long gone by."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from core.audit.checkpoint_file import CheckpointFile
from core.domain.audit_retirement import SignedRetirement
from core.domain.audit_row_text import RowText
from core.domain.caller import ActorType, Caller, Origin
from core.domain.legal_hold import LegalHold
from core.domain.maintenance import RetirementReport
from core.domain.signed_note import VerifierKey
from core.postgres.database import PostgresDatabase
from core.service.audit_retiring import AuditRetiring
from core.service.legal_holds import LegalHoldKeeping
from core.service.partition_making import PartitionMaking
from core.service.recording import Recorder
from tests.fakes.ids import FakeIds
from tests.integration.seal_scene import ORIGIN, SealScene, hash_of
from tests.postgres_client import open_database
from tests.servers import Database

OPERATOR = Caller(origin=Origin(request_id="r", trace_id="0" * 32), actor_type=ActorType.SYSTEM)
KEEP_MONTHS = 84
OLD = date(2015, 6, 1)
"""A month whose time is over."""

_INSERT = """
INSERT INTO audit_events (id, occurred_at, version, actor_type, actor_id, action, resource_type,
                          user_id, outcome, request_id, trace_id, details, hash)
VALUES (%(id)s, %(occurred_at)s, %(version)s, %(actor_type)s, %(actor_id)s, %(action)s,
        %(resource_type)s, %(user_id)s, %(outcome)s, %(request_id)s, %(trace_id)s,
        %(details)s::text::jsonb, %(hash)s)
RETURNING sequence
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepingScene:
    """One database; `maintainer` and `service` work on it with the rights of their roles."""

    seals: SealScene
    database: Database
    maintainer: PostgresDatabase
    service: PostgresDatabase
    ids: FakeIds

    @property
    def file(self) -> Path:
        """Where checkpoints and records go."""
        return self.seals.file

    @property
    def key(self) -> VerifierKey:
        """The public half of what signs."""
        return self.seals.signer.verifier_key()

    @property
    def recorder(self) -> Recorder:
        return Recorder(clock=self.seals.clock, ids=self.ids)

    def making(self) -> PartitionMaking:
        return PartitionMaking(
            partitions=self.maintainer.audit_partitions(), clock=self.seals.clock
        )

    def retiring(self) -> AuditRetiring:
        return AuditRetiring(
            database=self.maintainer,
            partitions=self.maintainer.audit_partitions(),
            signer=self.seals.signer,
            notes=CheckpointFile(self.file),
            recorder=self.recorder,
            origin=ORIGIN,
        )

    async def retire(self, *, keep_months: int = KEEP_MONTHS) -> RetirementReport:
        return await self.retiring().run(keep_months=keep_months, caller=OPERATOR)

    def holds(self) -> LegalHoldKeeping:
        return LegalHoldKeeping(database=self.service, recorder=self.recorder)

    async def hold(
        self, *, user_id: uuid.UUID | None = None, span: tuple[datetime, datetime] | None = None
    ) -> LegalHold:
        start, end = span or (None, None)
        return await self.holds().place(
            reason="case 17", user_id=user_id, from_time=start, to_time=end, caller=OPERATOR
        )

    async def records(self) -> list[SignedRetirement]:
        async with self.maintainer.transaction() as unit:
            return list(await unit.retirements.all())

    def add_month(self, month: date) -> str:
        """Make a partition of the past, as the years have left it."""
        with psycopg.connect(self.database.owner_dsn, autocommit=True) as owner:
            found = owner.execute("SELECT add_audit_month(%s)", [month]).fetchone()
        assert found is not None
        return str(found[0])

    async def sealed_month(
        self,
        month: date = OLD,
        *,
        rows: int = 3,
        user_id: uuid.UUID | None = None,
        actor_id: uuid.UUID | None = None,
    ) -> tuple[str, list[int]]:
        """Make a month of the past with rows, and seal it; return its name and its numbers."""
        name = self.add_month(month)
        moment = datetime(month.year, month.month, 2, tzinfo=UTC)
        moments = (moment + timedelta(hours=n) for n in range(rows))
        numbers = self.write(*moments, user_id=user_id, actor_id=actor_id)
        await self.seals.seal_all()
        return name, numbers

    def write(
        self,
        *moments: datetime,
        user_id: uuid.UUID | None = None,
        actor_id: uuid.UUID | None = None,
    ) -> list[int]:
        """Write a row of each moment, as the service does."""
        with psycopg.connect(self.database.service_dsn, autocommit=True) as service:
            return [
                add_row_at(service, moment, user_id=user_id, actor_id=actor_id)
                for moment in moments
            ]

    def read(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Look into the database as a superuser."""
        with psycopg.connect(self.database.admin_dsn) as admin:
            return admin.execute(query.encode(), parameters).fetchall()

    def tables(self) -> set[str]:
        """Return the names of all partitions."""
        found = self.read(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'audit_events'::regclass"
        )
        return {name for (name,) in found}


def add_row_at(
    connection: psycopg.Connection[Any],
    moment: datetime,
    *,
    user_id: uuid.UUID | None = None,
    actor_id: uuid.UUID | None = None,
) -> int:
    """Write a row with the right hash; return its number."""
    row = RowText(
        sequence=0,
        transaction_id="0",
        version=2,
        id=str(uuid.uuid4()),
        occurred_at=f"{moment:%Y-%m-%d %H:%M:%S}+00",
        actor_type="user",
        actor_id=None if actor_id is None else str(actor_id),
        action="auth.login",
        resource_type="session",
        resource_id=None,
        user_id=None if user_id is None else str(user_id),
        outcome="success",
        reason=None,
        origin_owner=None,
        ip_address=None,
        user_agent=None,
        request_id="r-1",
        trace_id="0af7651916cd43dd8448eb211c80319c",
        details="{}",
        hash="",
    )
    found = connection.execute(_INSERT, row._replace(hash=hash_of(row))._asdict()).fetchone()
    assert found is not None
    return int(found[0])


@asynccontextmanager
async def open_scene(database: Database, folder: Path) -> AsyncIterator[KeepingScene]:
    """Connect both roles."""
    async with (
        SealScene(database, folder) as seals,
        open_database(database.maintainer_dsn) as maintainer,
        open_database(database.service_dsn) as service,
    ):
        yield KeepingScene(
            seals=seals,
            database=database,
            maintainer=maintainer,
            service=service,
            ids=FakeIds(seals.clock),
        )
